import CScrim
import ScrimImage
import ScrimRecorder
import ScrimRedact

/// A struct that begins with its size.
protocol Sized {
  static var cName: String { get }
  init()
  var size: Int { get set }
}

extension scrim_config: Sized { static let cName = "scrim_config" }
extension scrim_frame: Sized { static let cName = "scrim_frame" }
extension scrim_boxes: Sized { static let cName = "scrim_boxes" }
extension scrim_event: Sized { static let cName = "scrim_event" }
extension scrim_summary: Sized { static let cName = "scrim_summary" }
extension scrim_counts: Sized { static let cName = "scrim_counts" }

/// The struct a pointer points at. What a later version has behind the fields known here is not read.
func read<Value: Sized & BitwiseCopyable>(_ pointer: UnsafePointer<Value>?) throws(Refusal) -> Value {
  guard let pointer = unsafe pointer else { throw .argument("\(Value.cName) is NULL; pass one") }
  // Only the size is sure to be there before it is known.
  let size = unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
  try checkSize(size, Value.self)
  return unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Value.self)
}

/// Fills a struct that the program gave.
func write<Value: Sized & BitwiseCopyable>(_ value: Value, to pointer: UnsafeMutablePointer<Value>)
  throws(Refusal)
{
  let size = unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
  try checkSize(size, Value.self)
  var value = value
  value.size = size
  unsafe UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Value.self)
}

private func checkSize<Value: Sized>(_ size: Int, _: Value.Type) throws(Refusal) {
  guard size >= MemoryLayout<Value>.size, size <= 1 << 16 else {
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

  /// The bytes that a framebuffer of this shape has.
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
        throw .argument("more than \(WidgetTree.widgetLimit) widgets; describe only what is showing")
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
        // The program says that so many structs of this size lie there.
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
    if answer == SCRIM_CONTINUE, let decide { answer = unsafe decide.call(decide.context, place) }
    switch Int(answer) {
    case SCRIM_CONTINUE: break
    case SCRIM_UNMASK: mask = false
    default: mask = true
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
