import CScrimDBus

/// An incoming message and its body.
@safe final class BusMessage {
  enum Kind { case reply, fault, signal, other }

  private let message: OpaquePointer

  init(taking message: OpaquePointer) { unsafe self.message = message }

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
