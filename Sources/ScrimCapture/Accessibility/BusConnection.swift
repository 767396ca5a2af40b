import CScrimDBus
import ScrimSystem

/// Why the accessibility bus can't be read.
package enum AccessibilityError: Error, Hashable, Sendable, CustomStringConvertible {
  /// libdbus could not be opened.
  case noLibrary
  /// The session has no bus, or no accessibility bus; the text is libdbus's.
  case noBus(String)
  /// The system could not create a pipe or thread.
  case system(errno: Int32)

  package var description: String {
    switch self {
    case .noLibrary:
      "libdbus-1.so.3 is missing: install libdbus-1-3 (Debian, Ubuntu) or dbus-libs (Fedora)"
    case .noBus(let reason):
      "no accessibility bus: \(reason). Set DBUS_SESSION_BUS_ADDRESS to the session's bus and install "
        + "at-spi2-core"
    case .system(let errno): "the accessibility reader can't start: \(SystemCall.message(for: errno))"
    }
  }
}

/// An object on a bus: its owner's bus name and its path.
struct BusObject: Hashable, Sendable {
  var owner: String
  var path: String

  /// Whether a name has the form that the bus itself gives to its clients. libdbus terminates the process
  /// on an invalid name, and applications may send any name.
  static func isUniqueName(_ name: String) -> Bool {
    guard name.utf8.first == UInt8(ascii: ":"), name.utf8.count <= 255 else { return false }
    let elements = name.dropFirst().utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return elements.count > 1
      && elements.allSatisfy { element in
        !element.isEmpty
          && element.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
              UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
              true
            default: false
            }
          }
      }
  }
}

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

/// An incoming message and its body.
@safe final class BusMessage {
  enum Kind { case reply, fault, signal, other }

  private let message: OpaquePointer

  fileprivate init(taking message: OpaquePointer) { unsafe self.message = message }

  deinit { unsafe scrim_dbus_release(message) }

  var kind: Kind {
    switch unsafe scrim_dbus_kind(message) {
    case CInt(SCRIM_DBUS_RETURN): .reply
    case CInt(SCRIM_DBUS_ERROR): .fault
    case CInt(SCRIM_DBUS_SIGNAL): .signal
    default: .other
    }
  }

  var replySerial: UInt32 { unsafe scrim_dbus_reply_serial(message) }
  var member: String { unsafe scrim_dbus_member(message).map { unsafe String(cString: $0) } ?? "" }

  /// Reads the body from its start; nil if `read` finds a type that it doesn't expect.
  func read<Value>(_ read: (inout BusReader) -> Value?) -> Value? {
    var cursor = scrim_dbus_cursor()
    guard unsafe scrim_dbus_begin(message, &cursor) != 0 else { return nil }
    // Fact: the message is retained while the reader is used.
    var reader = BusReader(cursor)
    let value = read(&reader)
    return withExtendedLifetime(self) { value }
  }
}

/// Reads values one after the other; nil for a value of another type than requested.
struct BusReader {
  private var cursor: scrim_dbus_cursor

  fileprivate init(_ cursor: scrim_dbus_cursor) { self.cursor = cursor }

  private mutating func has(_ types: [UInt8]) -> Bool {
    let type = unsafe scrim_dbus_type(&cursor)
    return types.contains { CInt($0) == type }
  }

  mutating func word() -> UInt32? {
    guard has([UInt8(ascii: "u"), UInt8(ascii: "i")]) else { return nil }
    defer { unsafe scrim_dbus_advance(&cursor) }
    // Fact: the value is a number of 32 bits.
    return unsafe scrim_dbus_word(&cursor)
  }

  mutating func signed() -> Int32? { word().map { Int32(bitPattern: $0) } }

  mutating func double() -> Double? {
    guard has([UInt8(ascii: "d")]) else { return nil }
    defer { unsafe scrim_dbus_advance(&cursor) }
    // Fact: the value is a number of 64 bits.
    return unsafe scrim_dbus_double(&cursor)
  }

  mutating func string() -> String? {
    guard has([UInt8(ascii: "s"), UInt8(ascii: "o")]) else { return nil }
    defer { unsafe scrim_dbus_advance(&cursor) }
    // Fact: the value is a string, which is stored in the message.
    return unsafe scrim_dbus_string(&cursor).map { unsafe String(cString: $0) }
  }

  /// Enters an array, a structure or a variant.
  mutating func within<Value>(_ read: (inout BusReader) -> Value?) -> Value? {
    guard has([UInt8(ascii: "a"), UInt8(ascii: "r"), UInt8(ascii: "v")]) else { return nil }
    defer { unsafe scrim_dbus_advance(&cursor) }
    var inner = scrim_dbus_cursor()
    unsafe scrim_dbus_enter(&cursor, &inner)
    var reader = BusReader(inner)
    return read(&reader)
  }

  /// Every element of an array; nil if one is of another type.
  mutating func elements<Value>(_ read: (inout BusReader) -> Value?) -> [Value]? {
    within { inner in
      var values: [Value] = []
      while !inner.isAtEnd {
        guard let value = read(&inner) else { return nil }
        values.append(value)
      }
      return values
    }
  }

  var isAtEnd: Bool {
    mutating get { unsafe scrim_dbus_type(&cursor) == 0 }
  }

  /// An object as `(so)`; nil for the null object and for a name that no bus client can have.
  mutating func object() -> BusObject?? {
    within { inner -> BusObject?? in
      guard let owner = inner.string(), let path = inner.string() else { return nil }
      guard BusObject.isUniqueName(owner), path != "/org/a11y/atspi/null" else { return .some(nil) }
      return .some(BusObject(owner: owner, path: path))
    }
  }
}
