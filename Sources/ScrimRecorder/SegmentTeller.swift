import ScrimFormat
import ScrimRedact
import ScrimStore

/// Bytes that what was recorded takes.
struct SegmentSizes {
  /// Of the open segment; nil between segments.
  var open: Int?
  /// Of the last keyframe, and of all frames since.
  var keyframe = 0
  var sinceKeyframe = 0
  /// Whether a frame was lost, so that the next one can't build on it.
  var isBroken = false
}

/// What a ``SegmentTeller`` says of a frame before its picture.
struct FrameStart {
  var moment: SegmentTeller.Moment
  var isKey: Bool
  /// Pixels.
  var width: Int
  var height: Int
}

/// Takes what a ``SegmentTeller`` tells, in order.
protocol SegmentSink: ~Copyable, PlainSink {
  /// Bytes that the open segment has at most; nil between segments, and no bound where something went wrong.
  var openBytesAtMost: Int? { get }
  /// The sizes after all that was told. May have to wait for them.
  mutating func settle() -> SegmentSizes
  mutating func seal() throws(RecordingError)
  mutating func append(_ event: EventRecord) throws(RecordingError)
  mutating func begin(_ frame: FrameStart) throws(RecordingError)
  mutating func end() throws(RecordingError)
}

/// The first half of coding a recording: masked frames in, plain bytes out. Decides where segments and keyframes begin.
struct SegmentTeller: ~Copyable {
  private let options: RecorderOptions
  private var width: Int
  private var height: Int
  private var teller: FrameTeller
  private var segmentStart: Int64 = 0
  private var lastKeyframe: Int64 = 0
  /// Whether the next frame can't build on the one before.
  private var isBroken = false

  /// What a record says of a frame besides its picture.
  struct Moment: Sendable {
    var time: Int64
    var number: Int
    var status: FrameStatus
    var withheldTiles: Int
  }

  init(width: Int, height: Int, _ options: RecorderOptions) {
    self.options = options
    self.width = width
    self.height = height
    teller = FrameTeller(width: width, height: height, quality: options.coding.quality)
  }

  mutating func append<Sink: SegmentSink & ~Copyable>(
    _ frame: borrowing MaskedFrame, _ moment: Moment, to sink: inout Sink
  ) throws(RecordingError) {
    try resize(toFit: frame, &sink)
    try rest(at: moment.time, &sink)
    let isFirst = sink.openBytesAtMost == nil
    let age = moment.time - lastKeyframe
    let isKey =
      isFirst || isBroken || (age >= options.keyframeInterval && !SegmentTeller.isQuiet(age, options, &sink))
    if isFirst { segmentStart = moment.time }
    if isKey { lastKeyframe = moment.time }
    // Unless all goes well.
    isBroken = true
    try sink.begin(FrameStart(moment: moment, isKey: isKey, width: width, height: height))
    do { try teller.tell(frame, keyframe: isKey, to: &sink) } catch { throw .codec(error) }
    isBroken = false
    try sink.end()
  }

  /// Seals what is open where it is full at a moment.
  mutating func rest<Sink: SegmentSink & ~Copyable>(
    at time: Int64, _ sink: inout Sink
  ) throws(RecordingError) {
    if isFull(at: time, &sink) { try sink.seal() }
  }

  /// Frames of another size go into a new segment.
  private mutating func resize<Sink: SegmentSink & ~Copyable>(
    toFit frame: borrowing MaskedFrame, _ sink: inout Sink
  ) throws(RecordingError) {
    guard frame.width != width || frame.height != height else { return }
    if sink.openBytesAtMost != nil, sink.settle().open != nil { try sink.seal() }
    width = frame.width
    height = frame.height
    teller = FrameTeller(width: width, height: height, quality: options.coding.quality)
  }

  private mutating func isFull<Sink: SegmentSink & ~Copyable>(at time: Int64, _ sink: inout Sink) -> Bool {
    guard let most = sink.openBytesAtMost else { return false }
    if most >= options.segmentBytes {
      let sizes = sink.settle()
      isBroken = isBroken || sizes.isBroken
      guard let size = sizes.open else { return false }
      if size >= options.segmentBytes { return true }
    }
    let age = time - segmentStart
    return age >= options.segmentDuration && !SegmentTeller.isQuiet(age, options, &sink)
  }

  /// Whether so little changed since the last keyframe that another one can wait: it would be more than all since.
  private static func isQuiet<Sink: SegmentSink & ~Copyable>(
    _ age: Int64, _ options: RecorderOptions, _ sink: inout Sink
  ) -> Bool {
    guard age < options.quietDuration else { return false }
    let sizes = sink.settle()
    return sizes.sinceKeyframe < sizes.keyframe
  }
}
