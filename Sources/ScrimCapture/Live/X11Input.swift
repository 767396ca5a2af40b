import CScrimX11
import Foundation
import ScrimRedact
import ScrimSystem

/// Input events of an X screen, by XInput 2, and the program with the focus. It has its own connection; use it on one thread at a time.
///
/// Pointer movements come with the pictures. The pressed key and the window's title are never read.
@safe final class X11Input {
  private let handle: OpaquePointer
  /// Whether presses, wheel, touches and keys are reported; this needs XInput 2.1 and its library.
  let hearsHands: Bool

  private static let capacity = 256

  /// Nil if no server answers; the capture of pictures reports the error.
  init?(display: String) {
    var opened: OpaquePointer?
    var detail = [CChar](repeating: 0, count: 64)
    // The string and the buffer live until the call returns, which keeps neither.
    _ = unsafe scrim_x11_open(display, &opened, &detail, detail.count)
    guard let opened = unsafe opened else { return nil }
    unsafe handle = opened
    hearsHands = unsafe scrim_x11_listen(handle)
  }

  deinit { unsafe scrim_x11_close(handle) }

  /// The events since the last call, in pixels of the screen, with their time on CLOCK_MONOTONIC.
  func take() -> [Event] {
    var events: [Event] = []
    var inputs = [scrim_x11_input](repeating: scrim_x11_input(), count: X11Input.capacity)
    var count = X11Input.capacity
    // The handle is open as long as `self` lives, and the array is ours.
    while count == X11Input.capacity,
      unsafe scrim_x11_take_input(handle, &inputs, inputs.count, &count) == SCRIM_X11_OK
    {
      let now = MonotonicClock.now
      events += inputs.prefix(count).compactMap { X11Input.event($0, now: now) }
    }
    return events
  }

  /// A server on this machine counts milliseconds of the same clock; another machine's clock is unrelated.
  static func moment(_ time: UInt32, now: Int64) -> Int64 {
    let ago = UInt32(truncatingIfNeeded: now / 1_000_000) &- time
    return ago < 2000 ? now - Int64(ago) * 1_000_000 : now
  }

  static func event(_ input: scrim_x11_input, now: Int64) -> Event? {
    var event = Event("", time: moment(input.time, now: now))
    if input.has_place { (event.x, event.y) = (Double(input.x), Double(input.y)) }
    switch input.kind {
    case SCRIM_X11_PRESS, SCRIM_X11_RELEASE:
      event.type = input.kind == SCRIM_X11_PRESS ? "button-down" : "button-up"
      event.button = Int(input.button)
    case SCRIM_X11_WHEEL:
      event.type = "wheel"
      event.dx = input.button == 6 ? -1 : input.button == 7 ? 1 : 0
      event.dy = input.button == 4 ? -1 : input.button == 5 ? 1 : 0
    case SCRIM_X11_TOUCH, SCRIM_X11_TOUCH_END:
      event.type = input.kind == SCRIM_X11_TOUCH ? "touch-down" : "touch-up"
      event.touch = 0
    case SCRIM_X11_KEY: event.type = "key"
    case SCRIM_X11_FOCUS:
      guard let program = ProcessInfo.programName(of: Int(input.process)) else { return nil }
      event.type = "navigation"
      event.name = program
    default: return nil
    }
    return event
  }
}
