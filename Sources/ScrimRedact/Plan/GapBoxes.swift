public import ScrimImage

/// The boxes of the widgets that claim gaps: evidence for shapes that a toolkit draws there.
///
/// They make no pixel visible. If boxes are missing, shifted or too many, more is masked.
public struct GapBoxes: Hashable, Sendable {
  /// Containers, windows and decorations, clipped to the picture, in order.
  public private(set) var containers: [Rect]
  /// Scroll bars, sliders, progress bars, separators and the like.
  public private(set) var decorations: [Rect]

  /// Maximum number of boxes of each kind, the largest ones: each is compared with every shape that is
  /// found.
  static let limit = 1024

  public init(containers: some Sequence<Rect> = [], decorations: some Sequence<Rect> = []) {
    self.containers = GapBoxes.ordered(containers)
    self.decorations = GapBoxes.ordered(decorations)
  }

  public func union(_ other: GapBoxes) -> GapBoxes {
    if self == other { return self }
    return GapBoxes(
      containers: containers + other.containers, decorations: decorations + other.decorations)
  }

  public func map(_ change: (Rect) -> Rect) -> GapBoxes {
    GapBoxes(containers: containers.map(change), decorations: decorations.map(change))
  }

  private static func ordered(_ boxes: some Sequence<Rect>) -> [Rect] {
    let sorted = Set(boxes).filter { !$0.isEmpty }.sorted {
      (-$0.area, $0.y, $0.x, $0.width) < (-$1.area, $1.y, $1.x, $1.width)
    }
    return Array(sorted.prefix(limit))
  }
}
