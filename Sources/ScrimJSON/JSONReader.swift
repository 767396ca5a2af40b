/// Reads JSON from untrusted bytes. Strict RFC 8259, plus a byte order mark at the start and, if the caller
/// allows them, numbers that are not finite.
struct JSONReader {
  let bytes: [UInt8]
  let acceptingNonFinite: Bool
  let keepingDigits: Bool
  private var at = 0

  init(bytes: [UInt8], acceptingNonFinite: Bool, keepingDigits: Bool) {
    self.bytes = bytes
    self.acceptingNonFinite = acceptingNonFinite
    self.keepingDigits = keepingDigits
  }

  mutating func readDocument() throws(JSONError) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
    let value = try readValue(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw fault("nothing may follow the value") }
    return value
  }

  private func fault(_ expected: String) -> JSONError { JSONError(offset: at, expected: expected) }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x0A, 0x0D, 0x09: at += 1
      default: return
      }
    }
  }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func readValue(depth: Int) throws(JSONError) -> JSON {
    skipSpace()
    guard at < bytes.count else { throw fault("a value is missing") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try readObject(depth: depth)
    case UInt8(ascii: "["): return try readArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try readString())
    case UInt8(ascii: "t"): return try readWord("true", .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    case UInt8(ascii: "N"): return try readWord("NaN", .number(.nan))
    case UInt8(ascii: "I"): return try readWord("Infinity", .number(.infinity))
    default:
      let start = at
      let value = try readNumber()
      return keepingDigits
        ? .digits(String(decoding: bytes[start..<at], as: UTF8.self)) : .number(value)
    }
  }

  private mutating func readWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let word = String(describing: word)
    guard bytes[at...].starts(with: word.utf8) else { throw fault("a value is missing") }
    if case .number = value, !acceptingNonFinite { throw fault("\(word) is not a number of JSON") }
    at += word.utf8.count
    return value
  }

  private mutating func readArray(depth: Int) throws(JSONError) -> JSON {
    guard depth < JSON.depthLimit else { throw fault("nested deeper than \(JSON.depthLimit) values") }
    at += 1
    var items: [JSON] = []
    skipSpace()
    if skip(UInt8(ascii: "]")) { return .array(items) }
    while true {
      items.append(try readValue(depth: depth + 1))
      skipSpace()
      if skip(UInt8(ascii: "]")) { return .array(items) }
      guard skip(UInt8(ascii: ",")) else { throw fault("a list needs a comma or ]") }
    }
  }

  private mutating func readObject(depth: Int) throws(JSONError) -> JSON {
    guard depth < JSON.depthLimit else { throw fault("nested deeper than \(JSON.depthLimit) values") }
    at += 1
    var members: [JSON.Member] = []
    skipSpace()
    if skip(UInt8(ascii: "}")) { return .object(members) }
    members.reserveCapacity(12)
    while true {
      skipSpace()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fault("a key is missing") }
      let key = try readString()
      skipSpace()
      guard skip(UInt8(ascii: ":")) else { throw fault("a colon is missing after a key") }
      members.append(JSON.Member(key, try readValue(depth: depth + 1)))
      skipSpace()
      if skip(UInt8(ascii: "}")) { return .object(members) }
      guard skip(UInt8(ascii: ",")) else { throw fault("an object needs a comma or }") }
    }
  }

  private mutating func readNumber() throws(JSONError) -> Double {
    let start = at
    let negative = skip(UInt8(ascii: "-"))
    if negative, at < bytes.count, bytes[at] == UInt8(ascii: "I") {
      _ = try readWord("Infinity", .number(.infinity))
      return -.infinity
    }
    var mantissa: UInt64 = 0
    var digits = 0
    var fraction = 0
    func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index] &- 48 < 10 }
    guard isDigit(at) else {
      at = start
      throw fault("a value is missing")
    }
    if bytes[at] == 48, isDigit(at + 1) { throw fault("a number has a leading zero") }
    while isDigit(at) {
      if digits < 16 { mantissa = mantissa * 10 + UInt64(bytes[at] - 48) }
      digits += 1
      at += 1
    }
    if skip(UInt8(ascii: ".")) {
      guard isDigit(at) else { throw fault("digits are missing after the point") }
      while isDigit(at) {
        if digits < 16 { mantissa = mantissa * 10 + UInt64(bytes[at] - 48) }
        digits += 1
        fraction += 1
        at += 1
      }
    }
    var hasExponent = false
    if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      at += 1
      if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
      guard isDigit(at) else { throw fault("digits are missing in the exponent") }
      while isDigit(at) { at += 1 }
    }
    // Up to 15 digits and a power of ten up to 10^15 are exact, so their quotient is rounded only once.
    if digits <= 15, !hasExponent {
      let value = Double(mantissa) / JSONReader.powers[fraction]
      return negative ? -value : value
    }
    guard let value = Double(String(decoding: bytes[start..<at], as: UTF8.self)) else {
      throw fault("not a number")
    }
    guard value.isFinite || acceptingNonFinite else { throw fault("a number is too large") }
    // A size that is too small for a Double is not none.
    if value == 0, holdsDigit(bytes[start..<at]) {
      return negative ? -.leastNonzeroMagnitude : .leastNonzeroMagnitude
    }
    return value
  }

  /// Whether a number has a digit other than 0 before its exponent.
  private func holdsDigit(_ number: ArraySlice<UInt8>) -> Bool {
    number.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { (49...57).contains($0) }
  }

  private static let powers: [Double] = (0...15).map { (0..<$0).reduce(1) { product, _ in product * 10 } }

  private mutating func readString() throws(JSONError) -> String {
    at += 1
    let start = at
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        guard let text = String(validating: bytes[start..<at], as: UTF8.self) else {
          throw fault("a string is not UTF-8")
        }
        at += 1
        return text
      }
      if byte == UInt8(ascii: "\\") { return try readEscapedString(from: start) }
      guard byte >= 0x20 else { throw fault("a control character in a string must be escaped") }
      at += 1
    }
    throw fault("a string has no end")
  }

  private mutating func readEscapedString(from start: Int) throws(JSONError) -> String {
    var text = Array(bytes[start..<at])
    while at < bytes.count {
      let byte = bytes[at]
      guard byte >= 0x20 else { throw fault("a control character in a string must be escaped") }
      at += 1
      if byte == UInt8(ascii: "\"") {
        guard let text = String(validating: text, as: UTF8.self) else { throw fault("a string is not UTF-8") }
        return text
      }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard at < bytes.count else { break }
      let escape = bytes[at]
      at += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "u"): text += String(try readUnicodeEscape()).utf8
      default: throw fault("an unknown escape in a string")
      }
    }
    throw fault("a string has no end")
  }

  private mutating func readUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
    let first = try readHex()
    if first & 0xFC00 == 0xD800, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u")
    {
      let mark = at
      at += 2
      let second = try readHex()
      if second & 0xFC00 == 0xDC00 {
        return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF) ?? "\u{FFFD}"
      }
      at = mark
    }
    return Unicode.Scalar(first) ?? "\u{FFFD}"
  }

  private mutating func readHex() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard at < bytes.count, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue else {
        throw fault("\\u needs four hex digits")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}
