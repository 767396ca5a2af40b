import ScrimFormat
import ScrimImage
import ScrimRedact
package import ScrimStore

extension Insight {
  /// Plays a session and evaluates its changes.
  package init(_ reader: SessionReader) throws(PlaybackError) {
    var player = SessionPlayer(reader)
    var moments: [Moment] = []
    var events: [Event] = []
    var segment = -1
    var before: (pixels: [Pixel], width: Int, masks: Set<ListedMask>?)?
    while let frame = try player.next() {
      if frame.segment != segment {
        segment = frame.segment
        events += player.events.compactMap { try? Event(recorded: $0.json, time: $0.time) }
      }
      guard let picture = player.picture else { continue }
      let masks = player.masks.map { Set($0) }
      var moment = Moment(time: frame.time)
      moment.hidesAnswers =
        masks.map { $0.contains { $0.kind != .uncovered } } ?? true || frame.withheldTiles > 0
        || !frame.status.isEmpty
      let pixels = picture.pixels
      if let before, before.width == picture.width, before.pixels.count == pixels.count {
        moment.masksChanged = before.masks != masks
        if !moment.masksChanged { moment.changes = Insight.changes(before.pixels, pixels, picture.width) }
      } else {
        moment.masksChanged = before != nil
      }
      moments.append(moment)
      before = (pixels, picture.width, masks)
    }
    self.init(moments: moments, events: events)
  }

  /// Bounds of the differing pixels in each 16-pixel tile.
  static func changes(_ before: [Pixel], _ after: [Pixel], _ width: Int) -> [Rect] {
    precondition(before.count == after.count && before.count % width == 0, "both pictures have one size")
    if before == after { return [] }
    let height = before.count / width
    var changes: [Rect] = []
    for top in stride(from: 0, to: height, by: 16) {
      let rows = top..<min(top + 16, height)
      guard
        before[(rows.lowerBound * width)..<(rows.upperBound * width)]
          != after[(rows.lowerBound * width)..<(rows.upperBound * width)]
      else { continue }
      for left in stride(from: 0, to: width, by: 16) {
        var bounds: (left: Int, top: Int, right: Int, bottom: Int)?
        for y in rows {
          for x in left..<min(left + 16, width) where before[y * width + x] != after[y * width + x] {
            let old = bounds ?? (x, y, x + 1, y + 1)
            bounds = (min(old.left, x), min(old.top, y), max(old.right, x + 1), max(old.bottom, y + 1))
          }
        }
        guard let bounds else { continue }
        changes.append(
          Rect(
            x: bounds.left, y: bounds.top, width: bounds.right - bounds.left,
            height: bounds.bottom - bounds.top))
      }
    }
    return changes
  }
}
