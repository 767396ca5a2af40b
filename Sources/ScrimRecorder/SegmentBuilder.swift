import ScrimCodec
import ScrimFormat
import ScrimStore

/// The second half of coding a recording: plain bytes and events in, sealed segments out.
struct SegmentBuilder: ~Copyable, SegmenterOutput {
  private var header: SegmentHeader
  private var compressor: PayloadCompressor
  private var writer: SessionWriter
  /// The frame that is being told; nil between frames, and where it is given up.
  private var frame: FrameStart?
  private var lastSizes = SegmentSizes()
  /// Events that came before there was a segment.
  private var earlyEvents: [EventRecord] = []

  init(to folder: SessionFolder, _ header: SegmentHeader, _ options: CodingOptions) throws(RecordingError) {
    let compressor = try SegmentBuilder.compressor(options)
    let writer = try SegmentBuilder.writer(to: folder, header)
    self.header = header
    self.compressor = compressor
    self.writer = writer
  }

  private static func compressor(_ options: CodingOptions) throws(RecordingError) -> PayloadCompressor {
    do { return try PayloadCompressor(options) } catch { throw .codec(error) }
  }

  private static func writer(
    to folder: SessionFolder, _ header: SegmentHeader
  ) throws(RecordingError) -> SessionWriter {
    do { return try folder.create(header) } catch { throw .delivery(error) }
  }

  var sizes: SegmentSizes {
    var sizes = lastSizes
    sizes.open = writer.openSegment?.size
    return sizes
  }

  var openSegmentSizeBound: Int? { lastSizes.isBroken ? .max : writer.openSegment?.size }

  func settle() -> SegmentSizes { sizes }

  mutating func append(_ event: EventRecord) throws(RecordingError) {
    if writer.openSegment == nil {
      earlyEvents.append(event)
    } else {
      do { try writer.append(event) } catch { throw .delivery(error) }
    }
  }

  mutating func begin(_ next: FrameStart) throws(RecordingError) {
    frame = nil
    if header.width != next.width || header.height != next.height {
      if writer.openSegment != nil { try seal() }
      header.width = next.width
      header.height = next.height
    }
    // A frame is nothing without the one that it builds on.
    guard next.isKey || (writer.openSegment != nil && !lastSizes.isBroken) else { return }
    compressor.begin(keyframe: next.isKey)
    frame = next
    lastSizes.isBroken = false
  }

  mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) throws(CodecError) {
    guard frame != nil else { return }
    do throws(CodecError) { try compressor.take(&plain, of: part, ends: ends) } catch {
      frame = nil
      lastSizes.isBroken = true
      throw error
    }
  }

  mutating func end() throws(RecordingError) {
    guard let start = frame else { return }
    frame = nil
    let record = FrameRecord(
      time: start.info.time, number: start.info.number, isKey: start.isKey,
      withheldTiles: start.info.withheldTiles, status: start.info.status, coded: compressor.payload)
    let count = record.coded.count
    (lastSizes.keyframe, lastSizes.sinceKeyframe) =
      start.isKey ? (count, 0) : (lastSizes.keyframe, lastSizes.sinceKeyframe + count)
    if writer.openSegment == nil {
      try open(with: record)
    } else {
      do { try writer.append(record) } catch { throw .delivery(error) }
    }
  }

  mutating func seal() throws(RecordingError) {
    guard writer.openSegment != nil else { return }
    do { try writer.seal() } catch { throw .delivery(error) }
  }

  /// Seals what is open and ends the session.
  mutating func finish() throws(RecordingError) -> (segments: Int, bytes: Int) {
    do { try writer.finish() } catch { throw .delivery(error) }
    let segments = writer.manifest.segments
    return (segments.count, segments.reduce(0) { $0 + $1.bytes })
  }

  private mutating func open(with frame: FrameRecord) throws(RecordingError) {
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
}
