import CScrimX11
import ScrimImage
package import ScrimRedact
import ScrimSystem

/// Which part of an X screen is recorded.
package enum X11Target: Hashable, Sendable {
  case screen
  /// The window with that id: its area of the screen, including other windows that cover it.
  case window(UInt32)
  /// The window that has the focus when recording starts.
  case activeWindow
}

/// The screen of an X server, or the area of one of its windows: MIT-SHM for pixels, XDamage for damage.
final class X11Screen: LiveScreen {
  let name: String
  private let connection: X11Connection
  private let input: X11Input?
  /// The last frame, for captures that found nothing new.
  private var hasPicture = false

  /// - Parameter display: as in DISPLAY.
  init(display: String, target: X11Target) throws(CaptureError) {
    connection = try X11Connection(display: display)
    switch target {
    case .screen: name = "display \(display)"
    case .window(let id): name = "window 0x\(String(id, radix: 16)) of display \(display)"
    case .activeWindow: name = "the active window of display \(display)"
    }
    let window: UInt32 =
      switch target {
      case .screen: 0
      case .window(let id): id
      case .activeWindow: connection.activeWindow
      }
    guard window != 0 || target == .screen else {
      throw .unavailable(
        CaptureIssue(
          place: "display \(display)",
          message: "no window manager reports an active window; give the window's id"))
    }
    try connection.watch(window, of: name)
    input = X11Input(display: display)
  }

  var tornReads: Int { 0 }

  func takeInput() -> [Event] { input?.take() ?? [] }

  var observes: [String] {
    guard let input else { return ["move"] }
    return input.hearsHands
      ? ["key", "move", "navigation", "press", "touch", "wheel"] : ["move", "navigation"]
  }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    // The connection isn't readable for events that were already read from it.
    if try hasChanged() { return true }
    MonotonicClock.wait(for: connection.descriptor, until: moment)
    return try hasChanged()
  }

  func isUnchanged() throws(CaptureError) -> Bool {
    // Compared first: then all damage drawn until now has been reported.
    let isSame = try connection.isSame(name)
    return try !hasChanged() && isSame
  }

  private func hasChanged() throws(CaptureError) -> Bool { try connection.pump(name) }

  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture {
    let capture = try connection.capture(isThorough: isThorough, name)
    switch capture {
    case .ended where !hasPicture: throw X11Connection.noWindow(name)
    case .picture: hasPicture = true
    default: break
    }
    return capture
  }
}

/// Owns a handle of the C side. Used by one thread at a time.
@safe final class X11Connection {
  private let handle: OpaquePointer
  private let display: String

  init(display: String) throws(CaptureError) {
    var opened: OpaquePointer?
    var detail = [CChar](repeating: 0, count: 64)
    // The string and the buffer live until the call returns, which keeps no pointer.
    let status = unsafe scrim_x11_open(display, &opened, &detail, detail.count)
    guard let opened = unsafe opened else {
      throw X11Connection.fault(status, place: "display \(display)", detail: X11Connection.text(detail))
    }
    unsafe handle = opened
    self.display = display
  }

  deinit { unsafe scrim_x11_close(handle) }

  // In all of these the handle is open as long as `self` lives, and the call keeps no pointer.

  var descriptor: Int32 { unsafe scrim_x11_descriptor(handle) }
  var activeWindow: UInt32 { unsafe scrim_x11_active_window(handle) }

  var reportsProcesses: Bool { unsafe scrim_x11_reports_processes(handle) }

  func watch(_ window: UInt32, of name: String) throws(CaptureError) {
    var detail = [CChar](repeating: 0, count: 64)
    let status = unsafe scrim_x11_watch(handle, window, &detail, detail.count)
    guard status == SCRIM_X11_OK else {
      throw X11Connection.fault(status, place: name, detail: X11Connection.text(detail))
    }
  }

  func isSame(_ name: String) throws(CaptureError) -> Bool {
    var isSame = false
    try check(unsafe scrim_x11_compare(handle, &isSame), name)
    return isSame
  }

  func pump(_ name: String) throws(CaptureError) -> Bool {
    var isDamaged = false
    let status = unsafe scrim_x11_pump(handle, &isDamaged)
    // The capture detects a closed window, and ends the source.
    if status == SCRIM_X11_NO_WINDOW { return true }
    try check(status, name)
    return isDamaged
  }

  func capture(isThorough: Bool, _ name: String) throws(CaptureError) -> LiveCapture {
    var picture = unsafe scrim_x11_picture()
    let status = unsafe scrim_x11_capture(handle, isThorough, &picture)
    if status == SCRIM_X11_NO_WINDOW { return .ended }
    try check(status, name)
    guard unsafe picture.is_visible else { return .unchanged(pointer: nil) }
    let pointer =
      unsafe picture.has_pointer
      ? LivePoint(x: Int(unsafe picture.pointer_x), y: Int(unsafe picture.pointer_y)) : nil
    guard unsafe picture.is_whole || picture.damage_count > 0 else { return .unchanged(pointer: pointer) }
    let frame = try unsafe X11Connection.frame(of: picture, name)
    return .picture(
      LivePicture(
        frame: frame, damage: unsafe X11Connection.damage(of: picture),
        origin: LivePoint(x: Int(unsafe picture.x), y: Int(unsafe picture.y)), pointer: pointer))
  }

  private static func frame(of picture: scrim_x11_picture, _ name: String) throws(CaptureError) -> Frame {
    let format: PixelFormat
    do {
      format = try unsafe PixelFormat(
        bitsPerPixel: Int(picture.bits_per_pixel), isBigEndian: picture.is_big_endian,
        isGray: picture.visual_class == 0,
        masks: (Int(picture.red_mask), Int(picture.green_mask), Int(picture.blue_mask)))
    } catch { throw .badInput(CaptureIssue(place: name, message: "\(error)")) }
    // The C code holds `count` bytes there until the next call with its handle.
    let bytes = unsafe Span(_unsafeStart: picture.bytes, count: picture.count)
    do {
      return try unsafe Frame(
        width: Int(picture.width), height: Int(picture.height), stride: Int(picture.stride), format: format,
        bytes: bytes)
    } catch { throw .badInput(CaptureIssue(place: name, message: "\(error)")) }
  }

  private static func damage(of picture: scrim_x11_picture) -> Region {
    if unsafe picture.is_whole {
      return Region(Rect(x: 0, y: 0, width: Int(unsafe picture.width), height: Int(unsafe picture.height)))
    }
    // The C code holds `damage_count` rectangles there until the next call with its handle.
    let rects = unsafe UnsafeBufferPointer(start: picture.damage, count: picture.damage_count)
    return unsafe Region(
      union: rects.map { Rect(x: Int($0.x), y: Int($0.y), width: Int($0.width), height: Int($0.height)) })
  }

  /// The C code's list of windows.
  func windows() throws(CaptureError) -> [scrim_x11_window] {
    var list = [scrim_x11_window](repeating: scrim_x11_window(), count: 256)
    var total = 0
    let status = unsafe scrim_x11_list(handle, &list, list.count, &total)
    try check(status, "display \(display)")
    if total > list.count {
      list = [scrim_x11_window](repeating: scrim_x11_window(), count: total)
      try check(unsafe scrim_x11_list(handle, &list, list.count, &total), "display \(display)")
    }
    return Array(list.prefix(total))
  }

  private func check(_ status: scrim_x11_status, _ name: String) throws(CaptureError) {
    guard status == SCRIM_X11_OK else { throw X11Connection.fault(status, place: name, detail: "") }
  }

  static func noWindow(_ name: String) -> CaptureError { fault(SCRIM_X11_NO_WINDOW, place: name, detail: "") }

  private static func text(_ buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func fault(_ status: scrim_x11_status, place: String, detail: String) -> CaptureError {
    let message =
      switch status {
      case SCRIM_X11_NOT_BUILT:
        "this program was built without X11: apt-get install libxcb1-dev libxcb-shm0-dev libxcb-damage0-dev libxcb-xfixes0-dev libxcb-res0-dev libxcb-shape0-dev libxcb-xinput-dev, and build it again"
      case SCRIM_X11_NO_LIBRARY:
        "the X library \(detail) can't be opened: apt-get install libxcb1 libxcb-shm0 libxcb-damage0 libxcb-xfixes0 libxcb-res0 libxcb-shape0"
      case SCRIM_X11_NO_DISPLAY:
        "no X server answers there, or it refuses: is it running, and does XAUTHORITY name a file that lets you in?"
      case SCRIM_X11_NO_EXTENSION: "the X server lacks the extension \(detail); recording needs it"
      case SCRIM_X11_NO_WINDOW: "there is no such window; xwininfo or xdotool show the ids of windows"
      case SCRIM_X11_TOO_MANY: "there are more than 8192 windows, which is the limit"
      case SCRIM_X11_LOST: "the connection to the X server broke"
      default: "there is no picture: it is empty, too large, or memory is short"
      }
    return .unavailable(CaptureIssue(place: place, message: message))
  }
}

extension LiveSource {
  /// Records an X display.
  ///
  /// - Parameters:
  ///   - display: as in DISPLAY, such as `:0`.
  ///   - trees: reads boxes, and is made once the display is open; nil if no widget is known, so that the policy's
  ///     `uncovered` decides about all pixels.
  /// - Throws: `unavailable` if no server answers, an extension or a library is missing, or the window
  ///   isn't visible.
  package init(
    x11 display: String, target: X11Target = .screen,
    trees: @autoclosure () throws(CaptureError) -> (any TreeReader)? = nil,
    options: LiveOptions = LiveOptions()
  ) throws(CaptureError) {
    try self.init(X11Screen(display: display, target: target), trees: trees(), options: options)
  }
}
