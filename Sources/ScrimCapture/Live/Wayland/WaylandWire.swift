/// A message of Wayland's wire protocol: https://wayland.freedesktop.org/docs/html/ch04.html#sect-Protocol-Wire-Format.
///
/// 32-bit words in the machine's byte order: the object, then the message's length in the high half and the
/// opcode in the low half, then the arguments.
struct WaylandMessage: Hashable {
  var object: UInt32
  var opcode: UInt16
  var arguments: [UInt32]

  enum Argument {
    /// Also of objects and new ids.
    case number(UInt32)
    case text(String)
  }

  /// The bytes of a message as words.
  static func words(to object: UInt32, _ opcode: UInt16, _ arguments: [Argument]) -> [UInt32] {
    var words: [UInt32] = [object, 0]
    for argument in arguments {
      switch argument {
      case .number(let number): words.append(number)
      case .text(let text):
        let bytes = Array(text.utf8) + [0]
        words.append(UInt32(bytes.count))
        words += packed(bytes)
      }
    }
    words[1] = UInt32(words.count * 4) << 16 | UInt32(opcode)
    return words
  }

  private static func packed(_ bytes: [UInt8]) -> [UInt32] {
    stride(from: 0, to: bytes.count, by: 4).map { start in
      (0..<4).reduce(UInt32(0)) { word, index in
        start + index < bytes.count ? word | UInt32(bytes[start + index]) << (8 * UInt32(index)) : word
      }
    }
  }

  /// The next message at the front of `words`, and its length in words; nil while it is incomplete.
  ///
  /// - Throws: ``WaylandWireError`` for an impossible length.
  static func first(of words: ArraySlice<UInt32>) throws(WaylandWireError) -> (WaylandMessage, Int)? {
    guard words.count >= 2 else { return nil }
    let head = words[words.startIndex + 1]
    let bytes = Int(head >> 16)
    guard bytes >= 8, bytes % 4 == 0 else { throw WaylandWireError() }
    guard words.count >= bytes / 4 else { return nil }
    let message = WaylandMessage(
      object: words[words.startIndex], opcode: UInt16(truncatingIfNeeded: head),
      arguments: Array(words[words.startIndex + 2..<words.startIndex + bytes / 4]))
    return (message, bytes / 4)
  }

  /// Argument `index`; 0 if the message is shorter.
  subscript(_ index: Int) -> UInt32 { index < arguments.count ? arguments[index] : 0 }

  /// The text whose length is argument `index`; empty if it is incomplete.
  func text(at index: Int) -> String {
    let count = Int(self[index])
    guard count > 0, index + 1 + (count + 3) / 4 <= arguments.count else { return "" }
    let bytes = (0..<count - 1).map { place in
      UInt8(truncatingIfNeeded: arguments[index + 1 + place / 4] >> (8 * UInt32(place % 4)))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The other side doesn't speak Wayland.
struct WaylandWireError: Error {}
