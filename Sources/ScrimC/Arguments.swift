import CScrim
import ScrimDelivery
import ScrimImage
import ScrimRecorder
import ScrimRedact
import ScrimStore

/// A struct that begins with its size.
protocol Sized {
  static var cName: String { get }
  /// The size of the struct in the header of the version that introduced it.
  static var leastSize: Int { get }
  init()
  var size: Int { get set }
}

extension Sized {
  static var leastSize: Int { MemoryLayout<Self>.size }
}

extension scrim_config: Sized {
  static let cName = "scrim_config"
  static var leastSize: Int { unsafe MemoryLayout<Self>.offset(of: \.sessions) ?? MemoryLayout<Self>.size }
}
extension scrim_session_options: Sized {
  static let cName = "scrim_session_options"
  static var leastSize: Int { MemoryLayout<Self>.size }
}
extension scrim_frame: Sized {
  static let cName = "scrim_frame"
  static var leastSize: Int { unsafe MemoryLayout<Self>.size }
}
extension scrim_boxes: Sized {
  static let cName = "scrim_boxes"
  static var leastSize: Int { unsafe MemoryLayout<Self>.size }
}
extension scrim_event: Sized {
  static let cName = "scrim_event"
  static var leastSize: Int { unsafe MemoryLayout<Self>.offset(of: \.touch_id) ?? MemoryLayout<Self>.size }
}
extension scrim_error: Sized {
  static let cName = "scrim_error"
  static var leastSize: Int { unsafe MemoryLayout<Self>.offset(of: \.data) ?? MemoryLayout<Self>.size }
}
extension scrim_delivery: Sized {
  static let cName = "scrim_delivery"
  static var leastSize: Int { unsafe MemoryLayout<Self>.size }
}
extension scrim_replay: Sized {
  static let cName = "scrim_replay"
  static var leastSize: Int { unsafe MemoryLayout<Self>.size }
}
extension scrim_summary: Sized {
  static let cName = "scrim_summary"
  static var leastSize: Int {
    MemoryLayout<Self>.offset(of: \.undelivered_segments) ?? MemoryLayout<Self>.size
  }
}
extension scrim_counts: Sized { static let cName = "scrim_counts" }

/// Copies a struct of the program: the fields that both versions know, and zero for the fields that only this one
/// knows.
func read<Value: Sized & BitwiseCopyable>(_ pointer: UnsafePointer<Value>?) throws(Refusal) -> Value {
  guard let pointer = unsafe pointer else { throw .argument("\(Value.cName) is NULL; pass one") }
  // Only the size may be read before the size is known.
  let size = unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
  try checkSize(size, Value.self)
  var value = Value()
  // The program guarantees that `size` bytes are readable there.
  let given = unsafe UnsafeRawBufferPointer(start: pointer, count: min(size, MemoryLayout<Value>.size))
  unsafe withUnsafeMutableBytes(of: &value) { unsafe $0.copyMemory(from: given) }
  value.size = MemoryLayout<Value>.size
  return value
}

/// Fills a struct of the program, up to the size that its version has.
func write<Value: Sized & BitwiseCopyable>(_ value: Value, to pointer: UnsafeMutablePointer<Value>)
  throws(Refusal)
{
  let size = unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
  try checkSize(size, Value.self)
  var value = value
  value.size = size
  // The program guarantees that `size` bytes are writable there.
  let space = unsafe UnsafeMutableRawBufferPointer(start: pointer, count: min(size, MemoryLayout<Value>.size))
  unsafe withUnsafeBytes(of: &value) { bytes in
    unsafe space.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<space.count]))
  }
}

private func checkSize<Value: Sized>(_ size: Int, _: Value.Type) throws(Refusal) {
  guard size >= Value.leastSize, size <= 1 << 16 else {
    throw .argument(
      "the size of \(Value.cName) is \(size), not \(MemoryLayout<Value>.size); set it to sizeof (\(Value.cName))"
    )
  }
}

func text(_ pointer: UnsafePointer<CChar>?) -> String? {
  guard let pointer = unsafe pointer else { return nil }
  return unsafe String(cString: pointer)
}

func text(_ pointer: UnsafePointer<CChar>?, named name: String) throws(Refusal) -> String {
  guard let pointer = unsafe pointer else { throw .argument("\(name) is NULL; give it") }
  guard let text = unsafe String(validatingCString: pointer) else {
    throw .argument("\(name) is not UTF-8; give text in UTF-8")
  }
  return text
}

extension PixelFormat {
  init(_ format: Int32) throws(Refusal) {
    switch Int(format) {
    case SCRIM_FORMAT_BGRX: self = .bgrx
    case SCRIM_FORMAT_RGBX: self = .rgbx
    case SCRIM_FORMAT_XRGB: self = .xrgb
    case SCRIM_FORMAT_RGB24: self = .rgb24
    case SCRIM_FORMAT_BGR24: self = .bgr24
    case SCRIM_FORMAT_RGB565: self = .rgb565
    case SCRIM_FORMAT_GRAY8: self = .gray8
    default: throw .argument("\(format) is no pixel format; give one of SCRIM_FORMAT_…")
    }
  }
}

extension Surface {
  init(_ frame: scrim_frame) throws(Refusal) {
    guard let stride = Int(exactly: unsafe frame.stride) else {
      throw .argument("the stride is larger than any framebuffer; check it")
    }
    unsafe self.init(
      width: Int(frame.width), height: Int(frame.height), stride: stride,
      format: try PixelFormat(frame.format),
      generation: frame.generation, time: frame.monotonic_ns == 0 ? nil : frame.monotonic_ns)
  }

  /// The size in bytes of a framebuffer of this shape.
  func byteCount() throws(Refusal) -> Int {
    do {
      return try Frame.byteCount(width: width, height: height, stride: stride, format: format)
    } catch {
      throw .argument("\(error)")
    }
  }
}

extension Boxes {
  init(_ list: scrim_boxes, _ decide: Decide?) throws(Refusal) {
    let (count, size) = unsafe (Int(clamping: list.count), Int(clamping: list.widget_size))
    var widgets: [Widget] = []
    if count > 0 {
      guard count <= WidgetTree.widgetLimit else {
        throw .argument("more than \(WidgetTree.widgetLimit) widgets; describe only visible ones")
      }
      let known = unsafe MemoryLayout<scrim_widget>.size
      guard size >= known, size <= 1 << 16, size % 8 == 0 else {
        throw .argument("widget_size is \(size), not \(known); set it to sizeof (scrim_widget)")
      }
      guard let first = unsafe UnsafeRawPointer(list.widgets) else {
        throw .argument("widgets is NULL with a count of \(count); give them")
      }
      widgets.reserveCapacity(count)
      for index in 0..<count {
        // The program guarantees that `count` structs of this size are readable there.
        let place = unsafe (first + index * size).assumingMemoryBound(to: scrim_widget.self)
        widgets.append(try unsafe Widget(place, index, decide))
      }
    }
    unsafe self.init(
      widgets, scale: list.scale == 0 ? 1 : list.scale, generation: list.generation,
      isComplete: list.is_incomplete == 0)
  }
}

extension Widget {
  init(_ place: UnsafePointer<scrim_widget>, _ index: Int, _ decide: Decide?) throws(Refusal) {
    let widget = unsafe place.pointee
    guard let role = unsafe text(widget.role) else {
      throw .argument("widget number \(index) has no role; give one, \"unknown\" if need be")
    }
    unsafe self.init(
      id: text(widget.id), role: role, name: text(widget.name) ?? "", x: widget.x, y: widget.y,
      width: widget.width, height: widget.height, parent: text(widget.parent).map { .id($0) },
      states: text(widget.states)?.split(separator: ",").map(String.init) ?? [], text: text(widget.text))
    var answer = unsafe widget.mask
    var cause = Mark.Cause.user
    if answer == SCRIM_CONTINUE, let decide {
      answer = unsafe decide.call(decide.context, place)
      cause = .callback
    }
    switch Int(answer) {
    case SCRIM_CONTINUE: break
    case SCRIM_UNMASK: mark = Mark(masks: false, cause: cause)
    default: mark = Mark(masks: true, cause: cause)
    }
  }
}

extension Event {
  init(_ event: scrim_event) throws(Refusal) {
    func given(_ value: Double) -> Double? { value == 0 ? nil : value }
    self.init(try unsafe text(event.type, named: "the event's type"))
    unsafe time = event.monotonic_ns == 0 ? nil : event.monotonic_ns
    if unsafe event.has_position != 0 { unsafe (x, y) = (event.x, event.y) }
    unsafe button = event.button == 0 ? nil : Int(event.button)
    unsafe (dx, dy) = (given(event.dx), given(event.dy))
    unsafe level = text(event.level)
    unsafe message = text(event.message)
    unsafe name = text(event.name)
    unsafe method = text(event.method)
    unsafe url = text(event.url)
    unsafe status = event.status == 0 ? nil : Int(event.status)
    unsafe durationMs = given(event.duration_ms)
    if type.hasPrefix("touch-") { unsafe touch = Int(event.touch_id) }
    unsafe id = text(event.id)
    unsafe logger = text(event.logger)
    unsafe requestBytes = event.request_bytes == 0 ? nil : Int(event.request_bytes)
    unsafe responseBytes = event.response_bytes == 0 ? nil : Int(event.response_bytes)
    unsafe (traceID, spanID) = (text(event.trace_id), text(event.span_id))
    unsafe op = text(event.op)
    unsafe startMs = event.start_ns == 0 ? nil : Double(event.start_ns) / 1e6
    unsafe phase = text(event.phase)
    unsafe handled = event.handled == 0 ? nil : event.handled > 0
    data = try unsafe values(event.data, event.data_count)
    requestHeaders = try unsafe headers(event.request_headers, event.request_header_count)
    responseHeaders = try unsafe headers(event.response_headers, event.response_header_count)
    unsafe (requestBody, responseBody) = (text(event.request_body), text(event.response_body))
  }

  init(_ error: scrim_error) throws(Refusal) {
    self.init("error")
    unsafe message = try text(error.message, named: "the error's message")
    unsafe name = text(error.name)
    unsafe id = text(error.id)
    unsafe traceID = text(error.trace_id)
    unsafe handled = error.handled == 0 ? nil : error.handled > 0
    unsafe time = error.monotonic_ns == 0 ? nil : error.monotonic_ns
    data = try unsafe values(error.data, error.data_count)
  }
}

extension SessionOptions {
  init(_ options: scrim_session_options) throws(Refusal) {
    self.init()
    /// A duration: 0 for the default, negative for never.
    func seconds(_ value: Double, _ standard: Double) -> Double {
      value == 0 ? standard : value < 0 ? 0 : value
    }
    (sessionSampleRate, errorSampleRate) = (options.session_sample_rate, options.error_sample_rate)
    errorBufferSeconds =
      options.error_buffer_seconds == 0 ? errorBufferSeconds : options.error_buffer_seconds
    idleSeconds = seconds(options.idle_seconds, idleSeconds)
    maximumSeconds = seconds(options.maximum_seconds, maximumSeconds)
    minimumSeconds = options.minimum_seconds
    crashBuffer = options.crash_buffer != 0
    do { try validate() } catch { throw .argument("sessions: \(error)") }
  }
}

extension DeliveryOptions {
  init(_ delivery: scrim_delivery) throws(Refusal) {
    self.init()
    let most = 1 << 50
    func count(_ value: Int64, _ name: String) throws(Refusal) -> Int? {
      guard (0...Int64(most)).contains(value) else {
        throw .argument("delivery: \(name) must be a number of bytes, 0 for the default")
      }
      return value == 0 ? nil : Int(value)
    }
    unsafe destination.key = text(delivery.key)
    unsafe destination.project = text(delivery.project) ?? destination.project
    unsafe destination.profile = text(delivery.profile)
    unsafe destination.certificates = text(delivery.certificates)
    let (inFlight, days) = unsafe (Int(delivery.in_flight), delivery.spool_days)
    guard (0...64).contains(inFlight) else {
      throw .argument("delivery: in_flight must be a number from 1 to 64, or 0 for 4")
    }
    if inFlight > 0 { destination.inFlight = inFlight }
    guard (0...36_500).contains(days) else {
      throw .argument("delivery: spool_days must be a number from 0 to 36500, 0 for 14")
    }
    if days > 0 { limits.age = Int64(days * 86_400e9) }
    destination.bytesPerSecond = try unsafe count(delivery.bytes_per_second, "bytes_per_second")
    limits.bytesPerDay = try unsafe count(delivery.bytes_per_day, "bytes_per_day")
    limits.bytes = try unsafe count(delivery.spool_bytes, "spool_bytes") ?? limits.bytes
  }
}

extension MaskPolicy {
  /// A preset by name, or a policy as JSON.
  init(_ text: String) throws(Refusal) {
    if let preset = Preset(rawValue: text) {
      self.init(preset: preset)
      return
    }
    do {
      self = try MaskPolicy(json: Array(text.utf8))
    } catch {
      throw Refusal(
        SCRIM_ERROR_POLICY, "the policy is no preset (default, strict, controls, none), and as JSON: \(error)"
      )
    }
  }
}
