/// A text in which secrets may be escaped: `%40`, `\u0022`, `&quot;`, `\n`.
struct EscapedText {
  let bytes: [UInt8]
  /// For each byte, and for the end, its place in the original text; nil if they are the same.
  private let origins: [Int]?

  init(_ bytes: [UInt8]) { self.init(bytes, nil) }

  private init(_ bytes: [UInt8], _ origins: [Int]?) {
    self.bytes = bytes
    self.origins = origins
  }

  /// The bytes of the original text from which a range was made.
  func origin(of range: Range<Int>) -> Range<Int> {
    guard let origins else { return range }
    return origins[range.lowerBound]..<origins[range.upperBound]
  }

  /// Whether a byte was escaped.
  func isEscaped(_ at: Int) -> Bool {
    guard let origins else { return false }
    return origins[at + 1] - origins[at] != 1
  }

  /// The text with one layer of escapes removed; nil if it has none.
  func unescaped() -> EscapedText? {
    guard bytes.contains(where: { "%&\\".utf8.contains($0) }) else { return nil }
    var out: [UInt8] = []
    var places: [Int] = []
    out.reserveCapacity(bytes.count)
    places.reserveCapacity(bytes.count + 1)
    var at = 0
    while at < bytes.count {
      let (decoded, length) = escape(at) ?? ([bytes[at]], 1)
      out += decoded
      for _ in decoded { places.append(origins?[at] ?? at) }
      at += length
    }
    guard out.count < bytes.count else { return nil }
    places.append(origins?[bytes.count] ?? bytes.count)
    return EscapedText(out, places)
  }

  /// The character of the escape that begins at a place, and the length of the escape.
  private func escape(_ at: Int) -> ([UInt8], Int)? {
    switch bytes[at] {
    case UInt8(ascii: "%"): return number(at + 1, digits: 2).map { ([UInt8($0)], 3) }
    case UInt8(ascii: "\\"):
      guard at + 1 < bytes.count else { return nil }
      // Not the other escapes of JSON: quotes with backslashes say which string ends where.
      switch bytes[at + 1] {
      case UInt8(ascii: "u"): return number(at + 2, digits: 4).flatMap(EscapedText.character).map { ($0, 6) }
      case UInt8(ascii: "n"): return ([0x0A], 2)
      case UInt8(ascii: "r"): return ([0x0D], 2)
      case UInt8(ascii: "t"): return ([0x09], 2)
      default: return nil
      }
    case UInt8(ascii: "&"): return entity(at)
    default: return nil
    }
  }

  private func number(_ at: Int, digits: Int) -> Int? {
    guard at + digits <= bytes.count else { return nil }
    var value = 0
    for byte in bytes[at..<(at + digits)] {
      guard let digit = byte.hexValue else { return nil }
      value = value * 16 + digit
    }
    return value
  }

  private static func character(_ value: Int) -> [UInt8]? {
    Unicode.Scalar(UInt32(clamping: value)).map { Array(String(Character($0)).utf8) }
  }

  private static let entities: [String: UInt8] = [
    "quot": 0x22, "apos": 0x27, "amp": 0x26, "lt": 0x3C, "gt": 0x3E, "equals": 0x3D, "colon": 0x3A,
    "commat": 0x40, "nbsp": 0x20,
  ]

  private func entity(_ at: Int) -> ([UInt8], Int)? {
    let limit = min(bytes.count, at + 10)
    guard let end = bytes[at..<limit].firstIndex(of: UInt8(ascii: ";")) else { return nil }
    let name = String(decoding: bytes[(at + 1)..<end].map(\.lowered), as: UTF8.self)
    let length = end + 1 - at
    if let known = EscapedText.entities[name] { return ([known], length) }
    guard name.first == "#" else { return nil }
    let digits = name.dropFirst()
    let value = digits.first == "x" ? Int(digits.dropFirst(), radix: 16) : Int(digits)
    return value.flatMap { $0 > 0 ? EscapedText.character($0) : nil }.map { ($0, length) }
  }
}

extension UInt8 {
  fileprivate var hexValue: Int? {
    if isDigit { return Int(self) - 48 }
    let low = lowered
    return (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(low) ? Int(low) - 87 : nil
  }
}
