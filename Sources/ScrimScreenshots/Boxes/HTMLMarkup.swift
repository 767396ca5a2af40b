/// A parser for the HTML in which OCR engines write hOCR: elements without end tags, attributes without
/// quotes. Masks depend on the elements and their attributes, hardly on their nesting, so wrong nesting is
/// accepted and nothing else.
struct HTMLMarkup {
  private let bytes: [UInt8]
  private var at = 0
  private var line = 1
  private var count = 0

  private static let void: Set<String> = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
  ]
  private static let raw: Set<String> = ["script", "style", "title", "textarea"]

  /// Reads a document with the root `html` and its end tag: without the end tag the file may be cut off.
  static func read(_ bytes: [UInt8]) throws(BoxesError) -> Markup.Element {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw BoxesError(.hocr, "the file", .malformed("it is not UTF-8; convert it"))
    }
    var reader = HTMLMarkup(bytes: bytes)
    return try reader.readDocument()
  }

  /// Whether bytes that are not XML may be HTML.
  static func canRead(_ bytes: [UInt8]) -> Bool {
    let head = bytes.prefix(1024).map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    let text = String(decoding: head, as: UTF8.self)
    return text.contains("<html") || text.contains("<!doctype html")
  }

  private init(bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
  }

  private func fault(_ reason: String) -> BoxesError {
    BoxesError(.hocr, "line \(line)", .malformed("not HTML: \(reason)"))
  }

  private mutating func readDocument() throws(BoxesError) -> Markup.Element {
    var open: [Markup.Element] = []
    while at < bytes.count {
      if skipBlank() {
        continue
      } else if bytes[at] != UInt8(ascii: "<") {
        if bytes[at] > 0x20, let inner = open.indices.last { open[inner].hasText = true }
        advance()
      } else if skip("<!--") {
        try skipPast("-->")
      } else if skip("<!") || skip("<?") {
        try skipPast(">")
      } else if skip("</") {
        let name = readName()
        try skipPast(">")
        guard let match = open.lastIndex(where: { $0.name == name }) else { continue }
        while open.count > match {
          let done = open.removeLast()
          guard let parent = open.indices.last else { return try end(done) }
          open[parent].children.append(done)
        }
      } else {
        let (element, isClosed) = try readStartTag()
        if open.isEmpty, element.name != "html" { throw fault("the root must be html") }
        if let inner = open.indices.last, isClosed || HTMLMarkup.void.contains(element.name) {
          open[inner].children.append(element)
        } else if HTMLMarkup.raw.contains(element.name) {
          try skipPast("</" + element.name)
          try skipPast(">")
        } else {
          guard open.count < Markup.depthLimit else {
            throw BoxesError(.hocr, element.place, .tooMany("nested elements", limit: Markup.depthLimit))
          }
          open.append(element)
        }
      }
    }
    throw fault("the document ends before </html>")
  }

  private mutating func end(_ root: Markup.Element) throws(BoxesError) -> Markup.Element {
    while at < bytes.count {
      if skip("<!--") {
        try skipPast("-->")
      } else if bytes[at] <= 0x20 {
        advance()
      } else {
        throw fault("something follows </html>")
      }
    }
    return root
  }

  private mutating func readStartTag() throws(BoxesError) -> (Markup.Element, isClosed: Bool) {
    let start = line
    advance()
    count += 1
    guard count <= Markup.elementLimit else {
      throw BoxesError(.hocr, "line \(line)", .tooMany("elements", limit: Markup.elementLimit))
    }
    let name = readName()
    guard !name.isEmpty else { throw fault("a < that begins no tag; write &lt;") }
    var attributes: [(name: String, value: String)] = []
    while true {
      skipSpace()
      guard at < bytes.count else { throw fault("the document ends inside a tag") }
      let isClosed = skip("/>")
      if isClosed || skip(">") {
        return (
          Markup.Element(name: name, attributes: attributes, number: count, line: start), isClosed
        )
      }
      if skip("/") { continue }
      let key = readName()
      guard !key.isEmpty else { throw fault("a bad attribute") }
      skipSpace()
      var value = ""
      if skip("=") {
        skipSpace()
        value = try readValue()
      }
      guard !attributes.contains(where: { $0.name == key }) else {
        throw BoxesError(.hocr, "element \(count) on line \(line)", .repeated(printable(key)))
      }
      guard attributes.count < Markup.attributeLimit else {
        throw BoxesError(
          .hocr, "element \(count) on line \(line)", .tooMany("attributes", limit: Markup.attributeLimit))
      }
      attributes.append((key, value))
    }
  }

  /// In lower case, as HTML compares names; empty if there is none.
  private mutating func readName() -> String {
    var name: [UInt8] = []
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): name.append(bytes[at] | 0x20)
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "."), 0x80...:
        name.append(bytes[at])
      default: return String(decoding: name, as: UTF8.self)
      }
      at += 1
    }
    return String(decoding: name, as: UTF8.self)
  }

  /// References are kept as written, because they don't matter in a title's numbers and words.
  private mutating func readValue() throws(BoxesError) -> String {
    guard at < bytes.count else { throw fault("the document ends inside a tag") }
    let quote = bytes[at]
    let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
    if isQuoted { at += 1 }
    let start = at
    while at < bytes.count {
      let isEnd =
        isQuoted ? bytes[at] == quote : bytes[at] <= 0x20 || bytes[at] == UInt8(ascii: ">")
      guard isEnd else {
        advance()
        continue
      }
      let value = String(decoding: bytes[start..<at], as: UTF8.self)
      if isQuoted { at += 1 }
      return value
    }
    throw fault("the document ends inside an attribute")
  }

  private mutating func advance() {
    if bytes[at] == 0x0A { line += 1 }
    at += 1
  }

  private mutating func skipSpace() { while at < bytes.count, bytes[at] <= 0x20 { advance() } }

  /// Skips a no-break space, which shows nothing.
  private mutating func skipBlank() -> Bool {
    guard bytes[at] == 0xC2 || bytes[at] == UInt8(ascii: "&") else { return false }
    return Markup.blanks.contains { skip($0) }
  }

  private mutating func skip(_ text: String) -> Bool {
    guard bytes[at...].starts(with: text.utf8) else { return false }
    at += text.utf8.count
    return true
  }

  private mutating func skipPast(_ end: String) throws(BoxesError) {
    let lower = Array(end.utf8)
    while at < bytes.count {
      if at + lower.count <= bytes.count,
        lower.indices.allSatisfy({
          (bytes[at + $0] | ((65...90).contains(bytes[at + $0]) ? 0x20 : 0)) == lower[$0]
        })
      {
        at += lower.count
        return
      }
      advance()
    }
    throw fault("the document ends inside a comment, a script or a tag")
  }
}
