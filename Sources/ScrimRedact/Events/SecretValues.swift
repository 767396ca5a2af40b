extension Scrubber {
  /// Values of secret names: `password=…`, `"token": "…"`, `credentials: {…}`, `--pin …`, `<pin>…</pin>`.
  static func namedValues(_ text: EscapedText) -> [Find] {
    let bytes = text.bytes
    let values = SecretValues(text)
    var finds: [Find] = []
    var at = 0
    while at < bytes.count {
      var end = at
      while end < bytes.count, bytes[end].isWord || bytes[end] == UInt8(ascii: "-") { end += 1 }
      defer { at = max(end, at + 1) }
      guard end > at, let value = values.value(of: at..<end), !value.isEmpty,
        !values.isReplaced(value)
      else { continue }
      finds.append(Find(range: value, word: secret))
      end = value.upperBound
    }
    return finds
  }
}

/// The values that a text assigns to names of secrets, in any of the notations of logs.
///
/// Where a notation leaves open how far a value goes, as after a quote that nothing closes, it goes on: rather a
/// harmless word is removed than the rest of a secret kept. Takes linear time.
struct SecretValues {
  private let text: EscapedText
  private let bytes: [UInt8]

  init(_ text: EscapedText) {
    self.text = text
    bytes = text.bytes
  }

  private enum Notation {
    /// An equals sign, or something like `:=` and `=>`.
    case assigned
    /// A colon, with white space behind it.
    case colon
    /// White space after an option's name.
    case option
    /// The end of an element's start tag.
    case element
    /// An empty line, behind the name of a part of a form.
    case part
  }

  /// The value of a name; nil if it has none, or is no secret.
  func value(of name: Range<Int>) -> Range<Int>? {
    guard let (start, notation, isDoubled) = assignment(behind: name), isSecret(name) else { return nil }
    switch notation {
    case .element: return elementContent(from: start, named: name)
    case .option: return value(at: start, isDoubled: false)
    case .part: return start..<skip(start) { !$0.isNewline }
    case .assigned, .colon: break
    }
    let indentation = indentation(of: name)
    if let indentation, isBlockMark(start) { return block(from: start, deeperThan: indentation) }
    if start == bytes.count || bytes[start].isNewline {
      let next = skip(start, \.isSpace)
      if next < bytes.count, bytes[next].isQuote || bytes[next].isOpening {
        return value(at: next, isDoubled: isDoubled)
      }
      return indentation.map { block(from: start, deeperThan: $0) }
    }
    guard var found = value(at: start, isDoubled: isDoubled) else { return nil }
    let key = plain(name)
    if key.contains("cookie") { found = found.lowerBound..<cookiesEnd(found.upperBound) }
    // Everything on the line, as in YAML and in the headers of a request.
    if notation == .colon, indentation != nil, found.lowerBound == start, !bytes[start].isOpening,
      Scrubber.isStrong(name: key)
    {
      found = start..<skip(found.upperBound) { !$0.isNewline }
    }
    return found
  }

  private static let words: Set<String> = [
    "[secret]", "[card]", "[account]", "[mail]", "[token]", "[key]", "[value]", "[hidden]",
  ]

  /// Whether a value is one of the scrubber's words.
  func isReplaced(_ value: Range<Int>) -> Bool {
    value.count <= 9 && SecretValues.words.contains(String(decoding: bytes[value], as: UTF8.self))
  }

  private func plain(_ name: Range<Int>) -> String {
    String(decoding: bytes[name].filter(\.isLetterOrDigit).map(\.lowered), as: UTF8.self)
  }

  private func isSecret(_ name: Range<Int>) -> Bool {
    if Scrubber.isSecret(key: String(decoding: bytes[name], as: UTF8.self)) { return true }
    // The first letter may belong to an escape, as in "\npin=1".
    guard name.lowerBound > 0, bytes[name.lowerBound - 1] == UInt8(ascii: "\\"),
      "nrtbf".utf8.contains(bytes[name.lowerBound])
    else { return false }
    return Scrubber.isSecret(key: String(decoding: bytes[name.dropFirst()], as: UTF8.self))
  }

  private func skip(_ start: Int, _ isSkipped: (UInt8) -> Bool) -> Int {
    var at = start
    while at < bytes.count, isSkipped(bytes[at]) { at += 1 }
    return at
  }

  /// Whether there is white space that ends a bare value: an escaped one, such as `%20`, is a part of it.
  private func isSpace(_ at: Int) -> Bool { bytes[at].isSpace && !text.isEscaped(at) }

  // MARK: Between name and value

  /// The place of the value of a name, and how it is assigned.
  ///
  /// `isDoubled`: quotes are written twice, as in a text in CSV.
  private func assignment(
    behind name: Range<Int>
  ) -> (start: Int, notation: Notation, isDoubled: Bool)? {
    if let start = startTagEnd(name) { return (start, .element, false) }
    if let start = partStart(name) { return (start, .part, false) }
    if let start = pairedValue(name) { return (start, .assigned, false) }
    var at = skip(name.upperBound) { $0 == UInt8(ascii: "\\") }
    let quotes = at
    at = skip(at, \.isQuote)
    let isDoubled = bytes[quotes..<at].elementsEqual("\"\"".utf8)
    // The end of a subscript, and the mark of an optional.
    at = skip(at) { "])?".utf8.contains($0) }
    let blanks = at
    at = skip(at, \.isBlank)
    let sign = at
    at = skip(at) { "=:>".utf8.contains($0) }
    guard at > sign, bytes[sign] != UInt8(ascii: ">") else {
      // "--password hunter2"
      let isOption = bytes[name.lowerBound] == UInt8(ascii: "-") && blanks == name.upperBound
      return isOption && sign > blanks && sign < bytes.count && bytes[sign] != UInt8(ascii: "-")
        ? (sign, .option, false) : nil
    }
    let isColon = at == sign + 1 && bytes[sign] == UInt8(ascii: ":")
    let start = skip(at, \.isBlank)
    return (start, isColon && start > at ? .colon : .assigned, isDoubled)
  }

  /// The end of the start tag of an element with that name.
  private func startTagEnd(_ name: Range<Int>) -> Int? {
    guard name.lowerBound > 0, name.upperBound < bytes.count else { return nil }
    var before = name.lowerBound - 1
    if bytes[before] == UInt8(ascii: ":") {
      // A prefix for its name space.
      let least = max(0, before - 64)
      while before > least, bytes[before - 1].isWord { before -= 1 }
      before = max(0, before - 1)
    }
    guard bytes[before] == UInt8(ascii: "<") else { return nil }
    if bytes[name.upperBound] == UInt8(ascii: ">") { return name.upperBound + 1 }
    guard bytes[name.upperBound].isSpace else { return nil }
    let limit = min(bytes.count, name.upperBound + 512)
    let end = bytes[name.upperBound..<limit].firstIndex { "<>".utf8.contains($0) }
    guard let end, bytes[end] == UInt8(ascii: ">"), bytes[end - 1] != UInt8(ascii: "/") else { return nil }
    return end + 1
  }

  /// The first line of a form's part: `name="pin"`, an empty line, the value.
  private func partStart(_ name: Range<Int>) -> Int? {
    guard bytes[..<name.lowerBound].suffix(6).elementsEqual("name=\"".utf8), name.upperBound < bytes.count,
      bytes[name.upperBound].isQuote
    else { return nil }
    let start = skip(name.upperBound + 1, \.isNewline)
    let lines = bytes[(name.upperBound + 1)..<start].count { $0 == 0x0A }
    return lines == 2 ? start : nil
  }

  /// The value beside a name that is a value too: `{"name":"pin","value":"…"}`, `name="pin" value="…"`.
  private func pairedValue(_ name: Range<Int>) -> Int? {
    func isMark(_ byte: UInt8) -> Bool { byte.isQuote || byte == UInt8(ascii: "\\") }
    var at = skip(name.upperBound, isMark)
    guard at > name.upperBound, at < bytes.count, bytes[at].isSpace || bytes[at] == UInt8(ascii: ",") else {
      return nil
    }
    at = skip(at + 1) { $0.isSpace || isMark($0) }
    let word = "value".utf8
    guard bytes[at...].starts(with: word) else { return nil }
    at = skip(skip(at + word.count, isMark), \.isSpace)
    guard at < bytes.count, "=:".utf8.contains(bytes[at]) else { return nil }
    return skip(at + 1, \.isSpace)
  }

  private func elementContent(from start: Int, named name: Range<Int>) -> Range<Int> {
    let tag = Array(bytes[name])
    var at = start
    while let mark = Scrubber.first(Array("</".utf8), in: bytes, from: at) {
      var word = mark + 2
      while word < bytes.count, bytes[word].isWord { word += 1 }
      let begin = word < bytes.count && bytes[word] == UInt8(ascii: ":") ? word + 1 : mark + 2
      if bytes[begin...].starts(with: tag) { return start..<mark }
      at = mark + 2
    }
    return start..<bytes.count
  }

  /// The number of bytes before a name on its line, if they are blanks, quotes and the dashes of a list.
  private func indentation(of name: Range<Int>) -> Int? {
    var at = name.lowerBound
    while at > 0, bytes[at - 1].isBlank || bytes[at - 1].isQuote || bytes[at - 1] == UInt8(ascii: "-") {
      at -= 1
    }
    guard at == 0 || bytes[at - 1].isNewline else { return nil }
    let dashes = bytes[name].prefix { $0 == UInt8(ascii: "-") }.count
    return name.lowerBound - at + dashes
  }

  /// Whether the value is the block of the lines that follow: `|`, `>-`.
  private func isBlockMark(_ start: Int) -> Bool {
    guard start < bytes.count, "|>".utf8.contains(bytes[start]) else { return false }
    let end = skip(skip(start + 1) { "+-123456789".utf8.contains($0) }, \.isBlank)
    return end < bytes.count && bytes[end].isNewline
  }

  /// From a place to the end of the lines that are indented more than a name, or are items of its list.
  private func block(from start: Int, deeperThan indentation: Int) -> Range<Int> {
    var end = start
    var at = skip(start) { !$0.isNewline }
    while at < bytes.count {
      let line = at + 1
      let text = skip(line) { $0.isBlank }
      let isDeeper = text - line > indentation
      let isItem =
        text - line == indentation && text + 1 < bytes.count && bytes[text] == UInt8(ascii: "-")
        && bytes[text + 1].isBlank
      let isEmpty = text == bytes.count || bytes[text].isNewline
      guard isDeeper || isItem || isEmpty else { break }
      at = skip(text) { !$0.isNewline }
      if !isEmpty { end = at }
    }
    return end > start ? skip(start, \.isSpace)..<end : start..<start
  }

  // MARK: Values

  /// The value that begins at a place: quoted, in brackets, or bare.
  ///
  /// - Parameter mayBeType: whether it may be a type, which another value follows.
  private func value(at start: Int, isDoubled: Bool, mayBeType: Bool = true) -> Range<Int>? {
    guard start < bytes.count else { return nil }
    let quote = skip(start) { $0 == UInt8(ascii: "\\") }
    if quote < bytes.count, bytes[quote].isQuote {
      if isDoubled, quote + 1 < bytes.count, bytes[quote + 1] == bytes[quote] {
        return doubledContent(quote + 2)
      }
      let (inner, after) = stringEnd(quote, escapes: quote - start)
      if isBoundary(after, afterEnd: true).holds { return (quote + 1)..<inner }
      let end = bareEnd(after)
      return (quote + 1)..<(end > after && bytes[end - 1] == bytes[quote] ? end - 1 : end)
    }
    if bytes[start].isOpening {
      let after = bracketEnd(start)
      if isReplaced(start..<after) { return start..<after }
      return start..<(isBoundary(after, afterEnd: true).holds ? after : bareEnd(after))
    }
    var end = bareEnd(start)
    // A type between a name and its value: "password: String = …".
    let sign = skip(end, \.isBlank)
    if mayBeType, end > start, sign + 1 < bytes.count, bytes[sign] == UInt8(ascii: "="),
      bytes[sign + 1] != UInt8(ascii: "=")
    {
      let more = value(at: skip(sign + 1, \.isBlank), isDoubled: false, mayBeType: false)
      if let more { end = more.upperBound }
    }
    while end > start, end < bytes.count, bytes[end - 1] == UInt8(ascii: "\\") { end -= 1 }
    return start..<end
  }

  /// The end of a string's content, and the place behind its closing quote; both the end of the text if it has none.
  ///
  /// In a string within strings, a quote has one backslash, in one within that three, and so on.
  ///
  /// - Parameter escapes: the backslashes before its opening quote.
  private func stringEnd(_ quote: Int, escapes: Int) -> (inner: Int, after: Int) {
    var slashes = 0
    var at = quote + 1
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\\") {
        slashes += 1
      } else {
        // With fewer backslashes, a string around this one ends.
        if bytes[at] == bytes[quote],
          slashes < escapes || slashes % (2 * (escapes + 1)) == escapes
        {
          return (at - min(slashes, escapes), at + 1)
        }
        slashes = 0
      }
      at += 1
    }
    return (bytes.count, bytes.count)
  }

  /// The content of a string whose quotes are doubled, in a text whose own quotes end it at the latest.
  private func doubledContent(_ start: Int) -> Range<Int> {
    var at = start
    while at < bytes.count {
      let end = skip(at) { $0 == UInt8(ascii: "\"") }
      let surplus = (end - at) % 4
      if surplus > 0 { return start..<(end - surplus) }
      at = max(end, at + 1)
    }
    return start..<bytes.count
  }

  /// The place behind the bracket that closes the one at a place, or the end of the text.
  private func bracketEnd(_ start: Int) -> Int {
    var closings: [UInt8] = []
    var slashes = 0
    var at = start
    while at < bytes.count {
      let byte = bytes[at]
      // An apostrophe within a word begins no string.
      if byte.isQuote, byte != UInt8(ascii: "'") || !bytes[at - 1].isWord {
        at = stringEnd(at, escapes: slashes).after
        slashes = 0
        continue
      }
      if let closing = byte.closing { closings.append(closing) }
      if byte == closings.last { closings.removeLast() }
      at += 1
      if closings.isEmpty { return at }
      slashes = byte == UInt8(ascii: "\\") ? slashes + 1 : 0
    }
    return bytes.count
  }

  /// The end of a bare value: white space, or a separator or closing mark behind which something else begins.
  private func bareEnd(_ start: Int) -> Int {
    var at = start
    var unbounded = start
    while at < bytes.count, !isSpace(at) {
      let byte = bytes[at]
      if at >= unbounded, byte.mayEndValue {
        let (holds, next) = isBoundary(at, afterEnd: false)
        if holds { return at }
        unbounded = next
      }
      if byte.isOpening {
        at = bracketEnd(at)
      } else if byte.isQuote {
        at = stringEnd(at, escapes: 0).after
      } else {
        at += 1
      }
    }
    return at
  }

  /// Whether a value ends at a place; and the place up to which none of its marks ends it.
  private func isBoundary(_ start: Int, afterEnd: Bool) -> (holds: Bool, next: Int) {
    var at = start
    var isClosed = afterEnd
    while at < bytes.count {
      let byte = bytes[at]
      if byte.isSpace { return (true, at) }
      if byte.isSeparator { return (isClosed || beginsOther(at + 1), at + 1) }
      if byte == UInt8(ascii: "<") {
        let next = at + 1 < bytes.count ? bytes[at + 1] : 0
        return (next == UInt8(ascii: "/") || next.isLetterOrDigit, at + 1)
      }
      if byte.isClosing || byte.isQuote || byte == UInt8(ascii: "\\") {
        isClosed = true
      } else if !isClosed || !".:!?/".utf8.contains(byte) {
        return (false, max(at, start + 1))
      }
      at += 1
    }
    return (true, at)
  }

  /// Whether something else than the rest of a value begins behind a separator: white space, a quote, a bracket,
  /// another name with its value.
  private func beginsOther(_ start: Int) -> Bool {
    guard start < bytes.count else { return true }
    let byte = bytes[start]
    if isSpace(start) || byte.isQuote || byte.isOpening || byte.isClosing || byte == UInt8(ascii: "\\") {
      return true
    }
    var at = start
    let limit = min(bytes.count, start + 64)
    while at < limit, bytes[at].isWord || "-.[]\"'%".utf8.contains(bytes[at]) { at += 1 }
    return at > start && at < bytes.count && "=:".utf8.contains(bytes[at])
  }

  /// The end of the cookies of a request, or of the attributes of one.
  private func cookiesEnd(_ start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] == UInt8(ascii: ";") {
      let next = skip(end + 1, \.isBlank)
      let after = bareEnd(next)
      guard after > next else { break }
      end = after
    }
    return end
  }
}

extension UInt8 {
  fileprivate var isNewline: Bool { self == 0x0A || self == 0x0D }
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 }
  fileprivate var isQuote: Bool { "\"'`".utf8.contains(self) }
  fileprivate var isOpening: Bool { closing != nil }
  fileprivate var isClosing: Bool { "}])>".utf8.contains(self) }
  fileprivate var isSeparator: Bool { ",;&|".utf8.contains(self) }
  fileprivate var mayEndValue: Bool {
    isSeparator || isClosing || isQuote || self == UInt8(ascii: "\\") || self == UInt8(ascii: "<")
  }

  fileprivate var closing: UInt8? {
    switch self {
    case UInt8(ascii: "{"): UInt8(ascii: "}")
    case UInt8(ascii: "["): UInt8(ascii: "]")
    case UInt8(ascii: "("): UInt8(ascii: ")")
    default: nil
    }
  }
}
