import ScrimFormat
import ScrimImage
import ScrimRedact
package import ScrimStore

extension Insight {
  /// Plays a session and evaluates its changes.
  package init(_ reader: SessionReader) throws(PlaybackError) {
    try self.init(SessionPlayer(reader))
  }

  /// Plays a session from its first frame and evaluates its changes. Memory: a picture, and some 100 bytes a frame.
  init(_ played: consuming SessionPlayer) throws(PlaybackError) {
    var player = played
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
        if !moment.masksChanged, frame.isChanged {
          moment.change = Insight.change(before.pixels, pixels, picture.width)
        }
      } else {
        moment.masksChanged = before != nil
      }
      moments.append(moment)
      before = (pixels, picture.width, masks)
    }
    self.init(moments: moments, events: events)
  }

  /// Bounds of the differing pixels; nil if there are none.
  static func change(_ before: [Pixel], _ after: [Pixel], _ width: Int) -> Rect? {
    precondition(before.count == after.count && before.count % width == 0, "both pictures have one size")
    let (before, after) = (before.span, after.span)
    var bounds: (left: Int, top: Int, right: Int, bottom: Int)?
    for y in 0..<(before.count / width) {
      let row = y * width
      var difference: Pixel = 0
      for i in row..<(row + width) { difference |= before[i] ^ after[i] }
      if difference == 0 { continue }
      var old = bounds ?? (width, y, 0, y)
      var left = 0
      while before[row + left] == after[row + left] { left += 1 }
      var right = width
      while before[row + right - 1] == after[row + right - 1] { right -= 1 }
      old = (min(old.left, left), old.top, max(old.right, right), y + 1)
      bounds = old
    }
    return bounds.map {
      Rect(x: $0.left, y: $0.top, width: $0.right - $0.left, height: $0.bottom - $0.top)
    }
  }
}
