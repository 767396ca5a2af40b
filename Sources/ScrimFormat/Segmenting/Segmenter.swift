package import ScrimRedact

/// Decides where segments and keyframes begin, and serialises masked frames: the half of coding that reads
/// pixels.
package struct Segmenter: ~Copyable {
  private let options: SegmentingOptions
  private var width: Int
  private var height: Int
  private var serializer: FrameSerializer
  private var segmentStart: Int64 = 0
  private var lastKeyframe: Int64 = 0
  /// Whether the next frame can't build on the previous one.
  private var isBroken = false

  package init(width: Int, height: Int, _ options: SegmentingOptions) {
    self.options = options
    self.width = width
    self.height = height
    serializer = FrameSerializer(width: width, height: height, quality: options.coding.quality)
  }

  package mutating func append<Sink: SegmenterOutput & ~Copyable>(
    _ frame: borrowing MaskedFrame, _ info: FrameInfo, to sink: inout Sink
  ) throws(SegmentingError<Sink.Failure>) {
    try resize(toFit: frame, &sink)
    try sealIfFull(at: info.time, &sink)
    lastKeyframe = min(lastKeyframe, info.time)
    let isFirst = sink.openSegmentSizeBound == nil
    let age = info.time - lastKeyframe
    let isKey =
      isFirst || isBroken || (age >= options.keyframeInterval && !Segmenter.isQuiet(age, options, &sink))
    if isFirst { segmentStart = info.time }
    if isKey { lastKeyframe = info.time }
    // Stays true unless everything below succeeds.
    isBroken = true
    try sink.begin(FrameStart(info: info, isKey: isKey, width: width, height: height))
    do { try serializer.serialize(frame, keyframe: isKey, to: &sink) } catch { throw .codec(error) }
    isBroken = false
    try sink.end()
  }

  /// Begins a segment with the last frame again, unless one is open.
  ///
  /// - Parameter time: from which the segment is counted, which may be long after the frame.
  package mutating func repeatFrame<Sink: SegmenterOutput & ~Copyable>(
    _ frame: borrowing MaskedFrame, _ info: FrameInfo, at time: Int64, to sink: inout Sink
  ) throws(SegmentingError<Sink.Failure>) {
    // It is open if an earlier attempt to seal it failed.
    if sink.openSegmentSizeBound != nil, sink.settle().open != nil { return }
    try append(frame, info, to: &sink)
    segmentStart = max(info.time, time)
    lastKeyframe = segmentStart
  }

  /// Seals the open segment if it is full at `time`.
  package mutating func sealIfFull<Sink: SegmenterOutput & ~Copyable>(
    at time: Int64, _ sink: inout Sink
  ) throws(SegmentingError<Sink.Failure>) {
    if isFull(at: time, &sink) { try sink.seal() }
  }

  /// Starts a new segment for frames of another size.
  private mutating func resize<Sink: SegmenterOutput & ~Copyable>(
    toFit frame: borrowing MaskedFrame, _ sink: inout Sink
  ) throws(SegmentingError<Sink.Failure>) {
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
    // The time of an event may be wrong, and far ahead.
    segmentStart = min(segmentStart, time)
    let age = time - segmentStart
    return age >= options.segmentDuration && !Segmenter.isQuiet(age, options, &sink)
  }

  /// Whether the keyframe can be postponed because it would take more bytes than all frames since the last
  /// one.
  private static func isQuiet<Sink: SegmenterOutput & ~Copyable>(
    _ age: Int64, _ options: SegmentingOptions, _ sink: inout Sink
  ) -> Bool {
    guard age < options.quietDuration else { return false }
    let sizes = sink.settle()
    return sizes.sinceKeyframe < sizes.keyframe
  }
}
