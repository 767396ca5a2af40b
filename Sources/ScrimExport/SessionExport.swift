import ScrimImage
import ScrimPlayer
public import ScrimStore

/// Plays a part of a session into an export format.
public struct SessionExport: Sendable {
  let reader: SessionReader
  let range: ExportRange
  let options: PictureOptions

  /// - Throws: ``ExportError/noFrames(path:isRange:)`` if the manifest lists nothing to export.
  public init(
    _ reader: SessionReader, _ range: ExportRange, _ options: PictureOptions = PictureOptions()
  ) throws(ExportError) {
    precondition(PictureOptions.scales.contains(options.scale), "pictures are scaled within limits")
    self.reader = reader
    self.range = range
    self.options = options
    guard reader.frameCount > 0 else {
      throw .noFrames(path: reader.folder.path, isRange: false)
    }
    // Before a file is made for it.
    guard let first = reader.spans.first?.times.lowerBound, let last = reader.spans.last?.times.upperBound,
      range.from ?? .min <= last, range.until ?? .max > first
    else { throw .noFrames(path: reader.folder.path, isRange: true) }
  }

  /// The number of frames in the segments that are read: at least the number that is written.
  public var expectedFrames: Int {
    range.segments(of: reader, needsPicture: true).reduce(0) {
      $0 + reader.spans[$1].frames
    }
  }

  /// The width and height that contain every picture of the part, as formats receive them.
  public var size: (width: Int, height: Int) {
    let segments = reader.spans[range.segments(of: reader, needsPicture: true)]
    return (
      options.scaled(segments.map(\.width).max() ?? 1), options.scaled(segments.map(\.height).max() ?? 1)
    )
  }

  /// The highest frame rate of a segment in the part; at least 1, and 25 if the pointer is drawn.
  public var framesPerSecond: Double {
    max(options.showsPointer ? 25 : 1, recordedFramesPerSecond)
  }

  private var recordedFramesPerSecond: Double {
    reader.spans[range.segments(of: reader, needsPicture: true)].map { segment in
      let seconds = Double(segment.times.upperBound - segment.times.lowerBound) / 1e9
      return segment.frames > 1 && seconds > 0 ? Double(segment.frames - 1) / seconds : 1
    }.max().map { max(1, $0) } ?? 1
  }

  /// Plays the part.
  ///
  /// - Parameter goOn: called with the number of frames played so far; false ends the export early, with the
  ///   pictures so far.
  /// - Returns: the number of pictures that `form` received.
  public func run<Form: PictureForm & ~Copyable>(
    into form: inout Form, while goOn: (Int) -> Bool
  ) throws(ExportError) -> Int {
    let segments = range.segments(of: reader, needsPicture: Form.isMoving || range.every != nil)
    var player = SessionPlayer(reader, segments: segments)
    // The last picture remains visible in a gap before later segments, and during later events.
    let shownUntil =
      segments.upperBound < reader.segmentCount
      ? Int64.max : reader.spans.last.map { $0.times.upperBound + 1 } ?? .min
    let pointer = options.showsPointer ? PointerTrack(try SessionEvents(reader, range)) : nil
    var renderer = PictureRenderer(options, pointer: pointer)
    var pending: ShownFrame?
    var played = 0
    var written = 0
    var tick = range.from
    var end = Int64.min
    while true {
      let next = try time(ofNextIn: &player)
      // The picture shown until then belongs to the part if their times overlap.
      if var frame = pending {
        let limit = min(next ?? max(end + 1, shownUntil), range.until ?? .max)
        if let every = range.every {
          var moment = max(tick ?? frame.time, frame.time)
          if let start = range.from { moment = start + (moment - start + every - 1) / every * every }
          while moment < limit {
            frame.time = moment
            try add(frame, of: player, &renderer, to: &form)
            frame.isChanged = false
            written += 1
            moment += every
          }
          tick = moment
        } else if Form.isMoving, limit > range.from ?? .min {
          frame.time = max(frame.time, range.from ?? frame.time)
          try add(frame, of: player, &renderer, to: &form)
          frame.isChanged = false
          written += 1
          for moment in renderer.moments(after: frame.time, before: limit) {
            frame.time = moment
            try add(frame, of: player, &renderer, to: &form)
          }
        }
        pending = frame
      }
      guard let next, next < range.until ?? .max, goOn(played) else { break }
      guard let frame = try play(&player) else { break }
      played += 1
      end = max(end, frame.time)
      let isChanged = frame.isChanged || pending?.isChanged ?? true
      let shown = ShownFrame(number: frame.number, time: frame.time, isChanged: isChanged)
      pending = shown
      if !Form.isMoving, range.every == nil, range.contains(frame.time) {
        try add(shown, of: player, &renderer, to: &form)
        pending?.isChanged = false
        written += 1
      }
    }
    guard written > 0 else { throw .noFrames(path: reader.folder.path, isRange: !range.isAll) }
    try form.finish(at: max(end, min(range.until ?? .max, shownUntil - 1)))
    return written
  }

  private func add<Form: PictureForm & ~Copyable>(
    _ frame: ShownFrame, of player: borrowing SessionPlayer, _ renderer: inout PictureRenderer,
    to form: inout Form
  ) throws(ExportError) {
    guard let picture = player.picture else { return }
    var frame = frame
    let rendered = renderer.render(picture, player.masks, &frame)
    try form.add(rendered, frame)
  }

  private func time(ofNextIn player: inout SessionPlayer) throws(ExportError) -> Int64? {
    do {
      try player.passRepeats()
      return try player.nextTime()
    } catch { throw .playback(error) }
  }

  private func play(_ player: inout SessionPlayer) throws(ExportError) -> SessionPlayer.PlayedFrame? {
    do { return try player.next() } catch { throw .playback(error) }
  }
}
