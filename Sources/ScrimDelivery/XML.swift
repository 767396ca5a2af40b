/// Reads the flat XML of S3's and STS's answers: elements by name, in order, without attributes or namespaces.
enum XML {
  /// The content of the first element with a name; nil if there is none.
  static func first(_ name: String, in text: some StringProtocol) -> String? {
    elements(name, in: Substring(text), limit: 1).first.map { decoded($0) }
  }

  /// The content of each element with a name, not decoded; elements of the same name must not be nested.
  static func elements(_ name: String, in text: Substring, limit: Int = .max) -> [Substring] {
    let bytes = text.utf8
    let open = Array("<\(name)>".utf8)
    let close = Array("</\(name)>".utf8)
    var found: [Substring] = []
    var place = bytes.startIndex
    while found.count < limit, let start = end(of: open, in: bytes, from: place),
      let stop = end(of: close, in: bytes, from: start)
    {
      found.append(text[start..<bytes.index(stop, offsetBy: -close.count)])
      place = stop
    }
    return found
  }

  /// The position after the next occurrence.
  private static func end(
    of word: [UInt8], in bytes: Substring.UTF8View, from start: Substring.Index
  ) -> Substring.Index? {
    var place = start
    while let next = bytes[place...].firstIndex(of: word[0]) {
      let rest = bytes[next...]
      if rest.starts(with: word) { return bytes.index(next, offsetBy: word.count) }
      place = bytes.index(after: next)
    }
    return nil
  }

  /// Replaces the five named entities and numbered ones; anything else stays.
  static func decoded(_ text: some StringProtocol) -> String {
    guard text.contains("&") else { return String(text) }
    var out = ""
    var rest = Substring(text)
    while let ampersand = rest.firstIndex(of: "&") {
      out += rest[..<ampersand]
      rest = rest[ampersand...]
      guard let semicolon = rest.prefix(12).firstIndex(of: ";") else {
        out.append("&")
        rest = rest.dropFirst()
        continue
      }
      let name = rest[rest.index(after: ampersand)..<semicolon]
      out += character(name) ?? String(rest[...semicolon])
      rest = rest[rest.index(after: semicolon)...]
    }
    return out + rest
  }

  private static func character(_ name: Substring) -> String? {
    switch name {
    case "amp": return "&"
    case "lt": return "<"
    case "gt": return ">"
    case "quot": return "\""
    case "apos": return "'"
    default:
      guard name.hasPrefix("#") else { return nil }
      let digits = name.dropFirst()
      let code =
        digits.hasPrefix("x") || digits.hasPrefix("X")
        ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
      return code.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
    }
  }

  /// Text for the content of an element.
  static func encoded(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
