import CScrimDBus
import ScrimSystem

/// A connection to a bus with many concurrent calls. Not thread-safe: one thread only.
@safe final class BusConnection {
  private let bus: OpaquePointer
  let descriptor: Int32
  /// Messages that arrived while another was awaited.
  private var backlog: [BusMessage] = []
  private var isBacklogOpen = true

  /// Connects to the session bus (nil) or to the bus at an address.
  init(address: String?) throws(AccessibilityError) {
    var opened: OpaquePointer?
    let capacity = 300
    var words = [CChar](repeating: 0, count: capacity)
    // Fact: `words` has room for `capacity` bytes, and the address is a C string for the duration of the
    // call.
    let status =
      if let address {
        unsafe scrim_dbus_open(address, &opened, &words, capacity)
      } else {
        unsafe scrim_dbus_open(nil, &opened, &words, capacity)
      }
    guard status != CInt(SCRIM_DBUS_NO_LIBRARY) else { throw .noLibrary }
    guard status == CInt(SCRIM_DBUS_OK), let opened = unsafe opened else {
      let text = words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      throw .noBus(String(decoding: text, as: UTF8.self))
    }
    unsafe bus = opened
    descriptor = unsafe scrim_dbus_descriptor(opened)
  }

  deinit { unsafe scrim_dbus_close(bus) }

  /// Arguments of a call.
  enum Arguments {
    case none
    case strings(String, String?)
    case unsigned(UInt32)
    case signed(Int32, Int32)
  }

  /// Queues a call.
  ///
  /// - Returns: the serial of the reply; nil if the bus is gone.
  func call(
    _ object: BusObject, _ interface: String, _ member: String, _ arguments: Arguments = .none
  ) -> UInt32? {
    // Fact: owners are checked names, and paths came from a bus or are constants, so libdbus accepts them;
    // every string outlives the call.
    let serial =
      switch arguments {
      case .none: unsafe scrim_dbus_call(bus, object.owner, object.path, interface, member, nil, nil)
      case .strings(let first, let second?):
        unsafe scrim_dbus_call(bus, object.owner, object.path, interface, member, first, second)
      case .strings(let first, nil):
        unsafe scrim_dbus_call(bus, object.owner, object.path, interface, member, first, nil)
      case .unsigned(let value):
        unsafe scrim_dbus_call_uint(bus, object.owner, object.path, interface, member, value)
      case .signed(let first, let second):
        unsafe scrim_dbus_call_ints(bus, object.owner, object.path, interface, member, first, second)
      }
    return serial == 0 ? nil : serial
  }

  /// Writes the queued calls and reads incoming messages; false if the bus is gone.
  func exchange() -> Bool { unsafe scrim_dbus_exchange(bus) != 0 }

  /// The next message that was read.
  func next() -> BusMessage? {
    if isBacklogOpen, !backlog.isEmpty { return backlog.removeFirst() }
    return unsafe scrim_dbus_next(bus).map { unsafe BusMessage(taking: $0) }
  }

  /// Puts back a message that another caller awaits; ``endAsking()`` makes it readable again.
  func keep(_ message: BusMessage) {
    isBacklogOpen = false
    backlog.append(message)
  }

  func endAsking() { isBacklogOpen = true }

  /// One call and its answer, for single requests; nil for an error or after `timeout` milliseconds.
  func ask(
    _ object: BusObject, _ interface: String, _ member: String, _ arguments: Arguments = .none,
    timeout: Int = 2000
  ) -> BusMessage? {
    guard let serial = call(object, interface, member, arguments) else { return nil }
    let end = MonotonicClock.now + Int64(timeout) * 1_000_000
    defer { endAsking() }
    while exchange() {
      while let message = next() {
        guard message.replySerial == serial else {
          keep(message)
          continue
        }
        return message.kind == .reply ? message : nil
      }
      guard MonotonicClock.now < end else { return nil }
      MonotonicClock.wait(for: descriptor, until: end)
    }
    return nil
  }
}
