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

/// What a record says of a frame besides its picture.
struct FrameInfo: Sendable {
  var time: Int64
  var number: Int
  var status: FrameStatus
  var withheldTiles: Int
}

/// What a ``Segmenter`` says of a frame before its picture.
struct FrameStart {
  var info: FrameInfo
  var isKey: Bool
  /// Pixels.
  var width: Int
  var height: Int
}

/// Takes what a ``Segmenter`` tells, in order.
protocol SegmenterOutput: ~Copyable, SerializedFrameSink {
  /// Bytes that the open segment has at most; nil between segments, and no bound where something went wrong.
  var openSegmentSizeBound: Int? { get }
  /// The sizes after all that was told. May have to wait for them.
  mutating func settle() -> SegmentSizes
  mutating func seal() throws(RecordingError)
  mutating func append(_ event: EventRecord) throws(RecordingError)
  mutating func begin(_ frame: FrameStart) throws(RecordingError)
  mutating func end() throws(RecordingError)
}

/// The first half of coding a recording: masked frames in, plain bytes out. Decides where segments and keyframes begin.
struct Segmenter: ~Copyable {
  private let options: RecorderOptions
  private var width: Int
  private var height: Int
  private var serializer: FrameSerializer
  private var segmentStart: Int64 = 0
  private var lastKeyframe: Int64 = 0
  /// Whether the next frame can't build on the one before.
  private var isBroken = false

  init(width: Int, height: Int, _ options: RecorderOptions) {
    self.options = options
    self.width = width
    self.height = height
    serializer = FrameSerializer(width: width, height: height, quality: options.coding.quality)
  }

  mutating func append<Sink: SegmenterOutput & ~Copyable>(
    _ frame: borrowing MaskedFrame, _ info: FrameInfo, to sink: inout Sink
  ) throws(RecordingError) {
    try resize(toFit: frame, &sink)
    try rest(at: info.time, &sink)
    let isFirst = sink.openSegmentSizeBound == nil
    let age = info.time - lastKeyframe
    let isKey =
      isFirst || isBroken || (age >= options.keyframeInterval && !Segmenter.isQuiet(age, options, &sink))
    if isFirst { segmentStart = info.time }
    if isKey { lastKeyframe = info.time }
    // Unless all goes well.
    isBroken = true
    try sink.begin(FrameStart(info: info, isKey: isKey, width: width, height: height))
    do { try serializer.serialize(frame, keyframe: isKey, to: &sink) } catch { throw .codec(error) }
    isBroken = false
    try sink.end()
  }

  /// Seals what is open where it is full at a moment.
  mutating func rest<Sink: SegmenterOutput & ~Copyable>(
    at time: Int64, _ sink: inout Sink
  ) throws(RecordingError) {
    if isFull(at: time, &sink) { try sink.seal() }
  }

  /// Frames of another size go into a new segment.
  private mutating func resize<Sink: SegmenterOutput & ~Copyable>(
    toFit frame: borrowing MaskedFrame, _ sink: inout Sink
  ) throws(RecordingError) {
    guard frame.width != width || frame.height != height else { return }
    if sink.openSegmentSizeBound != nil, sink.settle().open != nil { try sink.seal() }
    width = frame.width
    height = frame.height
    serializer = FrameSerializer(width: width, height: height, quality: options.coding.quality)
  }

  private mutating func isFull<Sink: SegmenterOutput & ~Copyable>(at time: Int64, _ sink: inout Sink) -> Bool
  {
    guard let most = sink.openSegmentSizeBound else { return false }
    if most >= options.segmentBytes {
      let sizes = sink.settle()
      isBroken = isBroken || sizes.isBroken
      guard let size = sizes.open else { return false }
      if size >= options.segmentBytes { return true }
    }
    let age = time - segmentStart
    return age >= options.segmentDuration && !Segmenter.isQuiet(age, options, &sink)
  }

  /// Whether so little changed since the last keyframe that another one can wait: it would be more than all since.
  private static func isQuiet<Sink: SegmenterOutput & ~Copyable>(
    _ age: Int64, _ options: RecorderOptions, _ sink: inout Sink
  ) -> Bool {
    guard age < options.quietDuration else { return false }
    let sizes = sink.settle()
    return sizes.sinceKeyframe < sizes.keyframe
  }
}
