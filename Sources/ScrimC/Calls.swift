// Functions have the names of scrim.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CScrim
import ScrimDelivery
import ScrimFormat
import ScrimImage
import ScrimRecorder
import ScrimRedact
import ScrimStore

@c @implementation public func scrim_version() -> Int32 {
  Int32(SCRIM_VERSION_MAJOR) * 1000 + Int32(SCRIM_VERSION_MINOR)
}

@c @implementation public func scrim_create(
  _ config: UnsafePointer<scrim_config>?, _ recorder: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  answer { () throws(Refusal) in
    guard let recorder = unsafe recorder else {
      throw .argument("recorder is NULL; pass a pointer for the handle")
    }
    unsafe recorder.pointee = nil
    let config = try unsafe read(config)
    let held = try unsafe Held(config)
    unsafe recorder.pointee = Handles.add(held)
    return SCRIM_OK
  }
}

@c @implementation public func scrim_start(_ recorder: OpaquePointer?) -> Int32 {
  unsafe call(recorder) { held throws(RecorderError) in try held.recorder.start() }
}

@c @implementation public func scrim_capture(
  _ recorder: OpaquePointer?, _ frame: UnsafePointer<scrim_frame>?, _ boxes: UnsafePointer<scrim_boxes>?,
  _ damage: UnsafePointer<scrim_rect>?, _ damage_count: Int
) -> Int32 {
  unsafe take(recorder, frame, boxes, damage, damage_count, isSnapshot: false)
}

@c @implementation public func scrim_snapshot(
  _ recorder: OpaquePointer?, _ frame: UnsafePointer<scrim_frame>?, _ boxes: UnsafePointer<scrim_boxes>?,
  _ damage: UnsafePointer<scrim_rect>?, _ damage_count: Int
) -> Int32 {
  unsafe take(recorder, frame, boxes, damage, damage_count, isSnapshot: true)
}

@c @implementation public func scrim_record(_ recorder: OpaquePointer?, _ event: UnsafePointer<scrim_event>?)
  -> Int32
{
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    let event = try unsafe Event(read(event))
    do throws(RecorderError) { try held.recorder.record(event) } catch { throw Refusal(error) }
    return SCRIM_OK
  }
}

@c @implementation public func scrim_capture_error(
  _ recorder: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ message: UnsafePointer<CChar>?
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    let message = try unsafe text(message, named: "the message")
    do throws(RecorderError) { try held.recorder.captureError(message, name: unsafe text(name)) } catch {
      throw Refusal(error)
    }
    return SCRIM_OK
  }
}

@c @implementation public func scrim_report_error(
  _ recorder: OpaquePointer?, _ error: UnsafePointer<scrim_error>?, _ session_id: UnsafeMutablePointer<CChar>?
) -> Int32 {
  answer { () throws(Refusal) in
    unsafe session_id?.pointee = 0
    let held = try unsafe Handles.find(recorder)
    let event = try unsafe Event(read(error))
    let report: ErrorReport
    do throws(RecorderError) { report = try held.recorder.reportError(event) } catch { throw Refusal(error) }
    guard let session_id = unsafe session_id, let session = report.session else { return SCRIM_OK }
    // The program guarantees 37 writable bytes: 36 of the id, and the NUL.
    for (place, byte) in "\(session)".utf8.prefix(36).enumerated() {
      unsafe session_id[place] = CChar(bitPattern: byte)
    }
    unsafe session_id[36] = 0
    return SCRIM_OK
  }
}

@c @implementation public func scrim_get_replay(
  _ recorder: OpaquePointer?, _ session_id: UnsafePointer<CChar>?,
  _ replay: UnsafeMutablePointer<scrim_replay>?
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    guard let session = SessionID(try unsafe text(session_id, named: "the session's id")) else {
      throw .argument("the session's id is no UUID; pass one of scrim_report_error")
    }
    guard let replay = unsafe replay else { throw .argument("scrim_replay is NULL; pass one") }
    let state: ReplayState?
    do throws(StoreError) { state = try held.recorder.replayState(of: session) } catch {
      throw Refusal(SCRIM_ERROR_DELIVERY, error.description)
    }
    var filled = unsafe scrim_replay()
    switch state {
    case .waiting: unsafe filled.state = Int32(SCRIM_REPLAY_WAITING)
    case .absent: unsafe filled.state = Int32(SCRIM_REPLAY_ABSENT)
    case .dropped(let loss):
      unsafe filled.state = Int32(SCRIM_REPLAY_DROPPED)
      unsafe filled.reason = loss.reason.constantText
      unsafe filled.dropped_segments = UInt64(loss.segments)
    case nil:
      throw Refusal(SCRIM_ERROR_STATE, "the recorder has no delivery; set it in scrim_config")
    }
    try unsafe write(filled, to: replay)
    return SCRIM_OK
  }
}

extension DropReason {
  /// Its name, which lives as long as the program.
  fileprivate var constantText: UnsafePointer<CChar> {
    let text: StaticString =
      switch self {
      case .budget: "budget"
      case .age: "age"
      case .deleted: "deleted"
      }
    // A literal ends with a NUL.
    return unsafe UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }
}

@c @implementation public func scrim_pause(_ recorder: OpaquePointer?) -> Int32 {
  unsafe call(recorder) { held throws(RecorderError) in try held.recorder.pause() }
}

@c @implementation public func scrim_resume(_ recorder: OpaquePointer?) -> Int32 {
  unsafe call(recorder) { held throws(RecorderError) in try held.recorder.resume() }
}

@c @implementation public func scrim_end_session(_ recorder: OpaquePointer?) -> Int32 {
  unsafe call(recorder) { held throws(RecorderError) in try held.recorder.endSession() }
}

@c @implementation public func scrim_flush(_ recorder: OpaquePointer?) -> Int32 {
  unsafe call(recorder) { held throws(RecorderError) in try held.recorder.flush() }
}

@c @implementation public func scrim_stop(
  _ recorder: OpaquePointer?, _ summary: UnsafeMutablePointer<scrim_summary>?
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    // A summary that can't be filled is refused before the recorder is stopped.
    if let summary = unsafe summary { _ = try unsafe read(UnsafePointer(summary)) }
    let result: RecordingSummary
    do throws(RecorderError) { result = try held.recorder.stop() } catch { throw Refusal(error) }
    guard let summary = unsafe summary else { return SCRIM_OK }
    var filled = scrim_summary()
    filled.frames = UInt64(result.frames)
    filled.failed_closed_frames = UInt64(result.failedClosedFrames)
    filled.events = UInt64(result.events)
    filled.segments = UInt64(result.segments)
    filled.bytes = UInt64(result.bytes)
    filled.undelivered_segments = UInt64(result.undeliveredSegments ?? 0)
    try unsafe write(filled, to: summary)
    return SCRIM_OK
  }
}

@c @implementation public func scrim_get_counts(
  _ recorder: OpaquePointer?, _ counts: UnsafeMutablePointer<scrim_counts>?
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    guard let counts = unsafe counts else { throw .argument("scrim_counts is NULL; pass one") }
    let now = held.recorder.counts
    var filled = scrim_counts()
    filled.captures = UInt64(now.captures)
    filled.merged = UInt64(now.merged)
    filled.unchanged = UInt64(now.unchanged)
    filled.mismatched = UInt64(now.mismatched)
    filled.refused = UInt64(now.refused)
    filled.paused = UInt64(now.paused)
    filled.failed = UInt64(now.failed)
    filled.dropped_events = UInt64(now.droppedEvents)
    try unsafe write(filled, to: counts)
    return SCRIM_OK
  }
}

@c @implementation public func scrim_destroy(_ recorder: OpaquePointer?) -> Int32 {
  answer { () throws(Refusal) in
    try unsafe Handles.remove(recorder)
    return SCRIM_OK
  }
}

private func call(
  _ recorder: OpaquePointer?, _ body: (Held) throws(RecorderError) -> Void
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    do throws(RecorderError) { try body(held) } catch { throw Refusal(error) }
    return SCRIM_OK
  }
}

private func take(
  _ recorder: OpaquePointer?, _ frame: UnsafePointer<scrim_frame>?, _ boxes: UnsafePointer<scrim_boxes>?,
  _ damage: UnsafePointer<scrim_rect>?, _ damageCount: Int, isSnapshot: Bool
) -> Int32 {
  answer { () throws(Refusal) in
    let held = try unsafe Handles.find(recorder)
    let frame = try unsafe read(frame)
    let surface = try unsafe Surface(frame)
    guard let pixels = unsafe frame.pixels else { throw .argument("pixels is NULL; give the framebuffer") }
    let count = try surface.byteCount()
    var list: Boxes?
    if let boxes = unsafe boxes { list = try unsafe Boxes(read(boxes), held.decide) }
    let rects = try unsafe rects(damage, damageCount)
    // The program guarantees that a framebuffer of this shape is readable until the call returns.
    let bytes = unsafe UnsafeBufferPointer(start: pixels.assumingMemoryBound(to: UInt8.self), count: count)
    let outcome: CaptureOutcome
    do throws(RecorderError) {
      outcome =
        isSnapshot
        ? try held.recorder.snapshot(unsafe bytes.span, of: surface, boxes: list, damage: rects)
        : try held.recorder.capture(unsafe bytes.span, of: surface, boxes: list, damage: rects)
    } catch {
      throw Refusal(error)
    }
    switch outcome {
    case .taken: return SCRIM_OK
    case .merged: return SCRIM_MERGED
    case .unchanged: return SCRIM_UNCHANGED
    case .mismatched: return SCRIM_MISMATCHED
    case .paused: return SCRIM_PAUSED
    }
  }
}

private func rects(_ damage: UnsafePointer<scrim_rect>?, _ count: Int) throws(Refusal) -> [Rect]? {
  guard let damage = unsafe damage else {
    guard count == 0 else { throw .argument("damage is NULL with a count of \(count); give the rectangles") }
    return nil
  }
  guard count >= 0, count <= 1 << 20 else {
    throw .argument("\(count) damage rectangles are too many; unite some, or pass NULL for all of the frame")
  }
  return unsafe UnsafeBufferPointer(start: damage, count: count).map {
    Rect(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height))
  }
}

extension Held {
  /// The delivery, and the seconds that its end may take.
  private static func delivery(
    _ config: scrim_config
  ) throws(Refusal) -> (BackgroundUploader?, stopSeconds: Double) {
    guard let given = unsafe config.delivery else { return (nil, 0) }
    let delivery = try unsafe read(given)
    let url = try unsafe text(delivery.url, named: "the delivery's url")
    let spool = try unsafe text(delivery.spool, named: "the delivery's spool")
    let seconds = unsafe delivery.stop_seconds
    guard seconds < 86_400 else { throw .argument("delivery: stop_seconds must be below a day; 0 is 5") }
    let options = try unsafe DeliveryOptions(delivery)
    do throws(UploadError) {
      let uploader = try BackgroundUploader(to: url, spool: spool, options)
      return (uploader, seconds == 0 ? 5 : max(seconds, 0))
    } catch { throw Refusal(SCRIM_ERROR_DELIVERY, error.description) }
  }

  init(_ config: scrim_config) throws(Refusal) {
    let (delivery, stopSeconds) = try unsafe Held.delivery(config)
    let folder = SessionFolder(
      path: delivery == nil ? try unsafe text(config.folder, named: "the folder") : "")
    let policy = try MaskPolicy(unsafe text(config.policy) ?? MaskPolicy.Preset.default.rawValue)
    let sealTo = try PublicKey(sealTo: unsafe text(config.seal_to))
    let (rate, quality) = unsafe (config.frames_per_second, Int(config.quality))
    guard rate == 0 || rate >= 0.0001 && rate <= 1000 else {
      throw .argument("frames_per_second must lie between 0.0001 and 1000, or be 0 for 10")
    }
    guard (0...100).contains(quality) else {
      throw .argument("quality must be a number from 1 to 100, or 0 to keep every pixel")
    }
    let coding = CodingOptions(quality: quality == 0 ? nil : quality)
    var options = RecorderOptions(policy: policy, coding: coding)
    options.service = unsafe ServiceAttributes(
      name: text(config.service_name), version: text(config.service_version),
      environment: text(config.deployment_environment))
    var configuration = RecorderConfiguration(folder: folder, options: options)
    configuration.delivery = delivery
    configuration.deliverySeconds = stopSeconds
    configuration.copiesStandardError = unsafe config.copy_stderr != 0
    configuration.options.sealTo = sealTo
    if rate != 0 { configuration.framesPerSecond = rate }
    if let producer = unsafe text(config.producer) {
      guard producer.utf8.count <= FormatLimits.producerBytes else {
        throw .argument("producer is longer than \(FormatLimits.producerBytes) bytes; shorten it")
      }
      configuration.producer = producer
    }
    if let call = unsafe config.on_fault {
      let listener = unsafe Listener(call: call, context: config.context)
      configuration.onIssue = { fault in
        let status = if case .delivery = fault { SCRIM_ERROR_DELIVERY } else { SCRIM_ERROR_RECORDING }
        unsafe fault.description.withCString {
          unsafe listener.call(listener.context, Int32(status), $0)
        }
      }
    }
    if let sessions = unsafe config.sessions {
      let options = try unsafe read(sessions)
      configuration.sessions = try SessionOptions(options)
      let listener = unsafe SessionListener(
        ask: options.before_error_sampling, onChange: options.on_change, context: config.context)
      if listener.asks { configuration.beforeErrorSampling = { listener.allows($0) } }
      if listener.hasOnChange { configuration.onSession = { listener.note($0) } }
    }
    recorder = Recorder(configuration)
    decide = unsafe config.decide.map { unsafe Decide(call: $0, context: config.context) }
  }
}

extension PublicKey {
  /// The key of a text or a file; nil for NULL.
  fileprivate init?(sealTo source: String?) throws(Refusal) {
    guard let source else { return nil }
    do throws(StoreError) { self = try PublicKey.read(source) } catch { throw .argument("seal_to: \(error)") }
    do { try check() } catch { throw .argument("seal_to: \(error)") }
  }
}

/// The program's callback for faults. Safe to send for the same reason as ``Decide``.
@safe private struct Listener: @unchecked Sendable {
  let call: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<CChar>?) -> Void
  let context: UnsafeMutableRawPointer?
}
