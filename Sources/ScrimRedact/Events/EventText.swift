/// Reduces texts of events to the parts that may be kept.
enum EventText {
  /// A short name: up to 64 ASCII letters, digits, dots, hyphens and underscores; nil for anything else.
  static func word(_ value: String) -> String? {
    guard !value.isEmpty, value.utf8.count <= 64,
      value.utf8.allSatisfy({ isLetterOrDigit($0) || ".-_".utf8.contains($0) })
    else { return nil }
    return value
  }

  /// Exactly `count` hexadecimal digits, in lower case; nil for anything else.
  static func digits(_ value: String, _ count: Int) -> String? {
    guard value.utf8.count == count, value.utf8.allSatisfy({ isLetterOrDigit($0) }),
      value.allSatisfy(\.isHexDigit)
    else { return nil }
    return value.lowercased()
  }

  /// A message, cut between characters if it is too long.
  static func message(_ value: String) -> String {
    let limit = EventFilter.messageLimit
    guard value.utf8.count > limit else { return value }
    var cut = String.UnicodeScalarView()
    var bytes = 0
    for scalar in value.unicodeScalars {
      bytes += UTF8.width(scalar)
      guard bytes <= limit else { break }
      cut.append(scalar)
    }
    return String(cut)
  }

  static func address(_ value: String) -> String? {
    address(Array(value.utf8)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Scheme, host and path of a URL, without path parameters; only the scheme if there is no host, as in
  /// `data:`; nil otherwise. Works on bytes, so that a combining mark after an `@` can't hide it.
  private static func address(_ url: [UInt8]) -> [UInt8]? {
    let colon = UInt8(ascii: ":")
    let slash = UInt8(ascii: "/")
    let at = UInt8(ascii: "@")
    guard url.count <= EventFilter.messageLimit,
      url.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") })
    else { return nil }
    var rest = url.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    var result: [UInt8] = []
    let scheme = rest.prefix { isLetterOrDigit($0) || "+-.".utf8.contains($0) }
    if !scheme.isEmpty, scheme.endIndex < rest.endIndex, rest[scheme.endIndex] == colon {
      result = scheme + [colon]
      rest = rest[(scheme.endIndex + 1)...]
      guard rest.starts(with: [slash, slash]) else { return result }
    } else {
      guard rest.first == slash || !rest.contains(where: { $0 == colon || $0 == at }) else { return nil }
    }
    if rest.starts(with: [slash, slash]) {
      rest = rest.dropFirst(2)
      let authority = rest.prefix { $0 != slash }
      rest = rest[authority.endIndex...]
      result += [slash, slash]
      result += authority.lastIndex(of: at).map { authority[($0 + 1)...] } ?? authority
    }
    let segments = rest.split(separator: slash, omittingEmptySubsequences: false)
    return result + segments.map { $0.prefix { $0 != UInt8(ascii: ";") } }.joined(separator: [slash])
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
