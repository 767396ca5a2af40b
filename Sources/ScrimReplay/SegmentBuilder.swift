import ScrimDelivery
import ScrimFormat
import ScrimRedact

/// The second half of a recording: masked frames and events in, sealed segments out.
struct SegmentBuilder: ~Copyable {
  private let options: RecorderOptions
  private var header: SegmentHeader
  private var coder: FrameCoder
  private var writer: SessionWriter
  private var segmentStart: Int64 = 0
  private var lastKeyframe: Int64 = 0
  /// Bytes of the last keyframe, and of all frames since.
  private var keyframeBytes = 0
  private var bytesSince = 0
  /// The payload of the last frame; its memory is used again.
  private var coded: [UInt8] = []
  /// Events that came before there was a segment.
  private var earlyEvents: [EventRecord] = []

  /// What a record says of a frame besides its picture.
  struct Moment: Sendable {
    var time: Int64
    var number: Int
    var status: FrameStatus
    var withheldTiles: Int
  }

  init(to folder: SessionFolder, _ header: SegmentHeader, _ options: RecorderOptions) throws(RecordingError) {
    let coder = try SegmentBuilder.coder(for: header, options.coding)
    let writer = try SegmentBuilder.writer(to: folder, header)
    self.options = options
    self.header = header
    self.coder = coder
    self.writer = writer
  }

  private static func coder(
    for header: SegmentHeader, _ options: CodingOptions
  ) throws(RecordingError) -> FrameCoder {
    do { return try FrameCoder(width: header.width, height: header.height, options: options) } catch {
      throw .codec(error)
    }
  }

  private static func writer(
    to folder: SessionFolder, _ header: SegmentHeader
  ) throws(RecordingError) -> SessionWriter {
    do { return try folder.create(header) } catch { throw .delivery(error) }
  }

  mutating func append(_ frame: borrowing MaskedFrame, _ moment: Moment) throws(RecordingError) {
    try resize(toFit: frame)
    try rest(at: moment.time)
    let isFirst = writer.openSegment == nil
    let age = moment.time - lastKeyframe
    let isKey = isFirst || (age >= options.keyframeInterval && !isQuiet(age))
    if isFirst { segmentStart = moment.time }
    if isKey { lastKeyframe = moment.time }
    do { try coder.encode(frame, keyframe: isKey, into: &coded) } catch { throw .codec(error) }
    (keyframeBytes, bytesSince) = isKey ? (coded.count, 0) : (keyframeBytes, bytesSince + coded.count)
    let record = FrameRecord(
      time: moment.time, number: moment.number, isKey: isKey, withheldTiles: moment.withheldTiles,
      status: moment.status, coded: coded)
    if isFirst { try begin(with: record) } else { try append(record) }
  }

  /// Seals what is open where it is full at a moment.
  mutating func rest(at time: Int64) throws(RecordingError) {
    if writer.openSegment.map({ isFull($0.size, at: time) }) ?? false { try seal() }
  }

  mutating func append(_ event: EventRecord) throws(RecordingError) {
    if writer.openSegment == nil {
      earlyEvents.append(event)
    } else {
      do { try writer.append(event) } catch { throw .delivery(error) }
    }
  }

  /// Seals what is open and ends the session.
  mutating func finish() throws(RecordingError) -> (segments: Int, bytes: Int) {
    do { try writer.finish() } catch { throw .delivery(error) }
    let segments = writer.manifest.segments
    return (segments.count, segments.reduce(0) { $0 + $1.bytes })
  }

  /// Frames of another size go into a new segment.
  private mutating func resize(toFit frame: borrowing MaskedFrame) throws(RecordingError) {
    guard frame.width != header.width || frame.height != header.height else { return }
    if writer.openSegment != nil { try seal() }
    header.width = frame.width
    header.height = frame.height
    coder = try SegmentBuilder.coder(for: header, options.coding)
  }

  private func isFull(_ size: Int, at time: Int64) -> Bool {
    if size >= options.segmentBytes { return true }
    let age = time - segmentStart
    return age >= options.segmentDuration && !isQuiet(age)
  }

  /// Whether so little changed since the last keyframe that another one can wait: it would be more than all since.
  private func isQuiet(_ age: Int64) -> Bool {
    age < options.quietDuration && bytesSince < keyframeBytes
  }

  private mutating func begin(with frame: FrameRecord) throws(RecordingError) {
    let segment: SegmentWriter
    do { segment = try newSegment(with: frame) } catch { throw .format(error) }
    do { try writer.begin(segment) } catch { throw .delivery(error) }
    earlyEvents.removeAll()
  }

  private func newSegment(with frame: FrameRecord) throws(FormatError) -> SegmentWriter {
    var segment = try SegmentWriter(header: header)
    for event in earlyEvents { try segment.append(event) }
    try segment.append(frame)
    return segment
  }

  private mutating func append(_ frame: FrameRecord) throws(RecordingError) {
    do { try writer.append(frame) } catch { throw .delivery(error) }
  }

  private mutating func seal() throws(RecordingError) {
    do { try writer.seal() } catch { throw .delivery(error) }
  }
}
