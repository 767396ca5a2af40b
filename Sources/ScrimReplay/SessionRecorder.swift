public import ScrimCapture
public import ScrimDelivery
public import ScrimFormat
import ScrimImage
public import ScrimRedact

/// How a session is recorded.
public struct RecorderOptions: Sendable {
  public var policy: MaskPolicy
  public var coding: CodingOptions
  /// Nanoseconds from one keyframe to the next at least; a segment starts with one in any case.
  public var keyframeInterval: Int64 = 5_000_000_000
  /// Nanoseconds of frames in a segment.
  public var segmentDuration: Int64 = 5_000_000_000
  /// Bytes after which a segment is sealed before its time.
  public var segmentBytes = 8 << 20

  public init(policy: MaskPolicy, coding: CodingOptions = CodingOptions()) {
    self.policy = policy
    self.coding = coding
  }
}

/// Records one session: frames and events in, sealed segments out.
///
/// Works on the caller's thread and takes no clock and no randomness of its own: equal calls give equal bytes.
public struct SessionRecorder: ~Copyable {
  private let options: RecorderOptions
  private var header: SegmentHeader
  private var pipeline: FramePipeline
  private var coder: FrameCoder
  private var writer: SessionWriter
  private let filter: InteractionFilter
  private var segmentStart: Int64 = 0
  private var lastKeyframe: Int64 = 0
  private var lastTime: Int64?
  /// Events that came before there was a segment.
  private var earlyEvents: [EventRecord] = []
  /// The boxes of the last frame; nil where there are none to go by.
  private var tree: WidgetTree?
  public private(set) var summary = RecordingSummary()

  /// - Parameters:
  ///   - folder: new or empty.
  ///   - session: its name; `start`, when it began, in nanoseconds since 1970.
  ///   - producer: name and version of the program that records.
  public init(
    to folder: SessionFolder, width: Int, height: Int, session: SessionID, start: Int64, producer: String,
    options: RecorderOptions
  ) throws(RecordingError) {
    let header = SegmentHeader(
      session: session, start: start, width: width, height: height,
      entropyCoding: options.coding.entropyCoding,
      policy: SHA256.digest(options.policy.canonicalJSON.span), producer: producer)
    let coder = try SessionRecorder.coder(for: header, options.coding)
    let writer = try SessionRecorder.writer(to: folder, header)
    self.options = options
    self.header = header
    self.coder = coder
    self.writer = writer
    pipeline = FramePipeline(width: width, height: height, policy: options.policy)
    filter = InteractionFilter(policy: options.policy)
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

  /// Records the next frame. A frame whose boxes or pixels could not be had is recorded as fill.
  ///
  /// - Returns: what was wrong with the frame, for the log; nil where nothing was.
  @discardableResult
  public mutating func record(_ frame: SourceFrame) throws(RecordingError) -> CaptureFault? {
    if let lastTime, frame.time < lastTime {
      return lose(
        CaptureFault(place: "frame \(frame.number)", message: "its time lies before the last frame's"))
    }
    lastTime = frame.time
    if case .success(let pixels) = frame.pixels { try resize(toFit: pixels) }
    let outcome = pipeline.take(frame)
    tree = try? frame.tree.get()
    if writer.openSegment.map({ isFull($0.size, at: frame.time) }) ?? false { try seal() }
    let isFirst = writer.openSegment == nil
    let isKey = isFirst || frame.time - lastKeyframe >= options.keyframeInterval
    if isFirst { segmentStart = frame.time }
    if isKey { lastKeyframe = frame.time }
    let record = FrameRecord(
      time: frame.time, number: frame.number, isKey: isKey, withheldTiles: outcome.withheldTiles,
      status: outcome.status, coded: try coded(keyframe: isKey))
    if isFirst { try begin(with: record) } else { try append(record) }
    summary.note(outcome)
    if !frame.isTreeComplete { summary.partialTrees += 1 }
    return outcome.fault
  }

  /// Notes a frame that could not be read so far as to be shown.
  @discardableResult
  public mutating func lose(_ fault: CaptureFault) -> CaptureFault {
    summary.lostFrames += 1
    return fault
  }

  /// Records what the policy keeps of an event, given as one line of `events.jsonl`.
  ///
  /// - Returns: what was wrong with the line, for the log; nil where nothing was.
  @discardableResult
  public mutating func record(_ event: EventLines.Line) throws(RecordingError) -> CaptureFault? {
    let kept: SanitizedEvent?
    do {
      kept = try filter.sanitize(json: event.json, line: event.number, tree: tree)
    } catch {
      summary.lostEvents += 1
      return CaptureFault(place: "events.jsonl", message: "\(error)")
    }
    guard let kept, let time = event.time else {
      summary.droppedEvents += 1
      return nil
    }
    summary.events += 1
    let record = EventRecord(time: time, json: kept.json)
    if writer.openSegment == nil {
      earlyEvents.append(record)
    } else {
      try append(record)
    }
    return nil
  }

  /// Seals what is open and ends the session.
  public mutating func finish() throws(RecordingError) -> RecordingSummary {
    do { try writer.finish() } catch { throw .delivery(error) }
    summary.usage = pipeline.usage
    summary.segments = writer.manifest.segments.count
    summary.bytes = writer.manifest.segments.reduce(0) { $0 + $1.bytes }
    return summary
  }

  /// Frames of another size go into a new segment.
  private mutating func resize(toFit pixels: Frame) throws(RecordingError) {
    guard pixels.width != header.width || pixels.height != header.height else { return }
    if writer.openSegment != nil { try seal() }
    header.width = pixels.width
    header.height = pixels.height
    coder = try SessionRecorder.coder(for: header, options.coding)
    pipeline.resize(width: pixels.width, height: pixels.height)
  }

  private func isFull(_ size: Int, at time: Int64) -> Bool {
    time - segmentStart >= options.segmentDuration || size >= options.segmentBytes
  }

  private mutating func coded(keyframe: Bool) throws(RecordingError) -> [UInt8] {
    do {
      return try coder.encode(pipeline.frame, keyframe: keyframe)
    } catch {
      throw .codec(error)
    }
  }

  private mutating func begin(with frame: FrameRecord) throws(RecordingError) {
    let segment: SegmentWriter
    do { segment = try newSegment(with: frame) } catch { throw .format(error) }
    do { try writer.begin(segment) } catch { throw .delivery(error) }
  }

  private mutating func newSegment(with frame: FrameRecord) throws(FormatError) -> SegmentWriter {
    var segment = try SegmentWriter(header: header)
    for event in earlyEvents { try segment.append(event) }
    earlyEvents.removeAll()
    try segment.append(frame)
    return segment
  }

  private mutating func append(_ frame: FrameRecord) throws(RecordingError) {
    do { try writer.append(frame) } catch { throw .delivery(error) }
  }

  private mutating func append(_ event: EventRecord) throws(RecordingError) {
    do { try writer.append(event) } catch { throw .delivery(error) }
  }

  private mutating func seal() throws(RecordingError) {
    do { try writer.seal() } catch { throw .delivery(error) }
  }
}
