import ScrimImage

/// Selects pixels to compare although the source reports no damage there: 16 rows per frame, in turn, so
/// that wrong damage is detected within 68 frames of 1080 rows, at a 68th of the cost of ignoring damage.
struct DamageAudit {
  private static let rows = 16
  private let bounds: Rect
  private var next = 0

  init(width: Int, height: Int) { bounds = Rect(x: 0, y: 0, width: width, height: height) }

  /// The next stripe of the picture.
  mutating func stripe() -> Region {
    let top = next
    next = top + DamageAudit.rows < bounds.height ? top + DamageAudit.rows : 0
    return Region(Rect(x: 0, y: top, width: bounds.width, height: DamageAudit.rows).intersection(bounds))
  }
}
