/// A strict XML parser for window dumps and hOCR: elements and attributes; of character data only whether
/// there is any.
///
/// Foundation's parser is not used, because on Linux it brings libxml2 with its entities, expansion and
/// network options. This parser reads no DTD, knows only the five predefined entities and character
/// references, and has limits everywhere.
enum Markup {
  /// Maximum nesting of elements; accessibility trees have some dozens of levels.
  static let depthLimit = 512
  static let elementLimit = 1 << 20
  static let attributeLimit = 256
  /// A no-break space in UTF-8 and as references: it shows nothing.
  /// Elements whose text is kept: the free attributes of CVAT.
  static let textElements: Set<String> = ["attribute"]
  static let blanks = ["\u{A0}", "&nbsp;", "&#160;", "&#xa0;", "&#xA0;"]

  struct Element: Sendable {
    var name: String
    var attributes: [(name: String, value: String)]
    var children: [Element] = []
    /// Whether it contains text of its own, apart from white space.
    var hasText = false
    /// That text, for the elements of ``Markup/textElements``.
    var text = ""
    /// The number of the element in the file, from 1, and its line.
    var number: Int
    var line: Int

    subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

    /// For messages.
    var place: String { "element \(number) (\(printable(name))) on line \(line)" }

    /// Reads a document with one root.
    ///
    /// - Parameters:
    ///   - foreword: possible beginnings of a document after output of a shell; if empty, nothing may come
    ///     before the document.
    ///   - afterword: possible beginnings of a line of text after the root; anything else is refused.
    init(
      _ bytes: [UInt8], format: BoxFormat?, behindText foreword: [String] = [],
      accepting afterword: [String] = []
    ) throws(BoxesError) {
      guard String(validating: bytes, as: UTF8.self) != nil else {
        throw BoxesError(format, "the file", .malformed("it is not UTF-8; convert it"))
      }
      var reader = MarkupReader(bytes: bytes, format: format)
      reader.skipForeword(foreword)
      self = try reader.readDocument(accepting: afterword)
    }

    init(name: String, attributes: [(name: String, value: String)], number: Int, line: Int) {
      self.name = name
      self.attributes = attributes
      self.number = number
      self.line = line
    }
  }
}

private struct MarkupReader {
  let bytes: [UInt8]
  let format: BoxFormat?
  var at = 0
  var line = 1
  var count = 0

  init(bytes: [UInt8], format: BoxFormat?) {
    self.bytes = bytes
    self.format = format
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
  }

  private func fault(_ reason: String) -> BoxesError {
    BoxesError(format, "line \(line)", .malformed("not XML: \(reason)"))
  }

  /// Skips the output of a shell before the document: goes to the first place where a document can begin.
  mutating func skipForeword(_ starts: [String]) {
    let (begin, first) = (at, line)
    skipSpace()
    guard !starts.isEmpty, at < bytes.count, bytes[at] != UInt8(ascii: "<") else { return }
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "<"), starts.contains(where: { bytes[at...].starts(with: $0.utf8) }) {
        return
      }
      if bytes[at] == 0x0A { line += 1 }
      at += 1
    }
    (at, line) = (begin, first)
  }

  mutating func readDocument(accepting afterword: [String]) throws(BoxesError) -> Markup.Element {
    var open: [Markup.Element] = []
    while true {
      let from = at
      let hasText = try skipText(insideRoot: !open.isEmpty)
      if hasText, let inner = open.indices.last {
        open[inner].hasText = true
        if Markup.textElements.contains(open[inner].name) { open[inner].text += try text(from..<at) }
      }
      guard at < bytes.count else { throw fault("the document ends before its root does") }
      if skip("<!--") {
        try skipPast("-->")
      } else if skip("<![CDATA[") {
        guard let inner = open.indices.last else { throw fault("character data outside the root") }
        open[inner].hasText = true
        let from = at
        try skipPast("]]>")
        if Markup.textElements.contains(open[inner].name) {
          open[inner].text += String(decoding: bytes[from..<at - 3], as: UTF8.self)
        }
      } else if skip("<?") {
        try skipPast("?>")
      } else if skip("<!DOCTYPE") {
        guard open.isEmpty, count == 0 else { throw fault("a document type inside the root") }
        try skipDocumentType()
      } else if skip("</") {
        let name = try readName()
        skipSpace()
        guard skip(">"), let done = open.popLast(), done.name == name else {
          throw fault("an end tag that closes another element")
        }
        guard let parent = open.indices.last else { return try end(done, accepting: afterword) }
        open[parent].children.append(done)
      } else {
        let (element, isEmpty) = try readStartTag()
        if !isEmpty {
          guard open.count < Markup.depthLimit else {
            throw BoxesError(format, element.place, .tooMany("nested elements", limit: Markup.depthLimit))
          }
          open.append(element)
        } else if let parent = open.indices.last {
          open[parent].children.append(element)
        } else {
          return try end(element, accepting: afterword)
        }
      }
    }
  }

  private mutating func end(
    _ root: Markup.Element, accepting afterword: [String]
  ) throws(BoxesError) -> Markup.Element {
    while true {
      skipSpace()
      if at == bytes.count { return root }
      if skip("<!--") {
        try skipPast("-->")
      } else if afterword.contains(where: { bytes[at...].starts(with: $0.utf8) }) {
        guard !bytes[at...].dropLast().contains(UInt8(ascii: "\n")) else {
          throw fault("more than one document")
        }
        return root
      } else {
        throw fault("something follows the root")
      }
    }
  }

  private mutating func readStartTag() throws(BoxesError) -> (Markup.Element, isEmpty: Bool) {
    let start = line
    guard skip("<") else { throw fault("a tag is missing") }
    count += 1
    guard count <= Markup.elementLimit else {
      throw BoxesError(format, "line \(line)", .tooMany("elements", limit: Markup.elementLimit))
    }
    let name = try readName()
    var attributes: [(name: String, value: String)] = []
    while true {
      let hadSpace = skipSpace()
      let isEmpty = skip("/>")
      if isEmpty || skip(">") {
        return (Markup.Element(name: name, attributes: attributes, number: count, line: start), isEmpty)
      }
      guard hadSpace else { throw fault("attributes need white space between them") }
      let key = try readName()
      skipSpace()
      guard skip("=") else { throw fault("an attribute without a value") }
      skipSpace()
      guard !attributes.contains(where: { $0.name == key }) else {
        throw BoxesError(format, "element \(count) on line \(line)", .repeated(printable(key)))
      }
      guard attributes.count < Markup.attributeLimit else {
        throw BoxesError(
          format, "element \(count) on line \(line)", .tooMany("attributes", limit: Markup.attributeLimit))
      }
      attributes.append((key, try readValue()))
    }
  }

  private mutating func readName() throws(BoxesError) -> String {
    let start = at
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
        UInt8(ascii: ":"), 0x80...:
        at += 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "$"):
        // Appium names elements by Java classes, inner ones with a dollar sign.
        guard at > start else { throw fault("a name is missing") }
        at += 1
      default:
        guard at > start else { throw fault("a name is missing") }
        return String(decoding: bytes[start..<at], as: UTF8.self)
      }
    }
    throw fault("the document ends inside a tag")
  }

  private mutating func readValue() throws(BoxesError) -> String {
    guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") else {
      throw fault("an attribute's value without quotes")
    }
    let quote = bytes[at]
    at += 1
    var value: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      switch byte {
      case quote: return String(decoding: value, as: UTF8.self)
      case UInt8(ascii: "&"): value += String(try readReference()).utf8
      case UInt8(ascii: "<"): throw fault("a < inside an attribute")
      case UInt8(ascii: "\n"):
        line += 1
        value.append(0x20)
      case 0x09, 0x0D: value.append(0x20)
      case ..<0x20: throw fault("a control character inside an attribute")
      default: value.append(byte)
      }
    }
    throw fault("the document ends inside an attribute")
  }

  private mutating func readReference() throws(BoxesError) -> Unicode.Scalar {
    for (name, scalar) in [("amp;", "&"), ("lt;", "<"), ("gt;", ">"), ("quot;", "\""), ("apos;", "'")]
      as [(String, Unicode.Scalar)]
    {
      if skip(name) { return scalar }
    }
    guard skip("#") else { throw fault("an entity that XML does not define") }
    let radix: UInt32 = skip("x") ? 16 : 10
    var value: UInt32 = 0
    let start = at
    while at < bytes.count, at - start < 8, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue,
      digit < radix
    {
      value = value * radix + UInt32(digit)
      at += 1
    }
    guard at > start, value <= 0x10FFFF, skip(";") else { throw fault("a bad character reference") }
    // Android writes an emoji as two references to surrogates.
    return Unicode.Scalar(value).map { $0.value < 0x20 ? " " : $0 } ?? "\u{FFFD}"
  }

  private mutating func skip(_ text: String) -> Bool {
    guard bytes[at...].starts(with: text.utf8) else { return false }
    at += text.utf8.count
    return true
  }

  @discardableResult
  private mutating func skipSpace() -> Bool {
    let start = at
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) {
      if bytes[at] == 0x0A { line += 1 }
      at += 1
    }
    return at > start
  }

  /// - Returns: whether it skipped anything except white space.
  private mutating func skipText(insideRoot: Bool) throws(BoxesError) -> Bool {
    skipSpace()
    let start = at
    guard insideRoot else {
      guard at == bytes.count || bytes[at] == UInt8(ascii: "<") else { throw fault("text outside the root") }
      return false
    }
    while at < bytes.count, bytes[at] != UInt8(ascii: "<") {
      if bytes[at] == 0x0A { line += 1 }
      at += 1
    }
    return !isBlank(start..<at)
  }

  /// A text with its references replaced.
  private func text(_ range: Range<Int>) throws(BoxesError) -> String {
    var reader = self
    reader.at = range.lowerBound
    var text: [UInt8] = []
    while reader.at < range.upperBound {
      if bytes[reader.at] == UInt8(ascii: "&") {
        reader.at += 1
        text += String(try reader.readReference()).utf8
      } else {
        text.append(bytes[reader.at])
        reader.at += 1
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Whether a text shows nothing: white space, and no-break spaces, which stand where an engine read no word.
  private func isBlank(_ text: Range<Int>) -> Bool {
    var index = text.lowerBound
    while index < text.upperBound {
      if bytes[index] <= 0x20 {
        index += 1
      } else if let blank = Markup.blanks.first(where: { bytes[index...].starts(with: $0.utf8) }) {
        index += blank.utf8.count
      } else {
        return false
      }
    }
    return true
  }

  private mutating func skipPast(_ end: String) throws(BoxesError) {
    while at < bytes.count {
      if skip(end) { return }
      if bytes[at] == 0x0A { line += 1 }
      at += 1
    }
    throw fault("the document ends inside a comment, an instruction or character data")
  }

  private mutating func skipDocumentType() throws(BoxesError) {
    while at < bytes.count, bytes[at] != UInt8(ascii: ">") {
      guard bytes[at] != UInt8(ascii: "["), bytes[at] != UInt8(ascii: "<") else {
        throw fault("a document type with declarations of its own; they are not read")
      }
      if bytes[at] == 0x0A { line += 1 }
      at += 1
    }
    guard skip(">") else { throw fault("the document ends inside its document type") }
  }
}

extension String {
  /// The number that the whole text is in plain decimal: no exponent, no white space, at most 40 digits.
  ///
  /// Nil for digits that a `Double` loses at a whole number (`100.00000000000000001`): rounded outward, it would be
  /// another pixel. No program prints them for a number that it holds as a `Double`.
  var plainNumber: Double? {
    var digits = 0
    var points = 0
    var hasFraction = false
    for (index, byte) in utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
        if points > 0, byte != UInt8(ascii: "0") { hasFraction = true }
      case UInt8(ascii: "."):
        guard digits > 0, points == 0 else { return nil }
        points = 1
      case UInt8(ascii: "-"):
        guard index == 0 else { return nil }
      default: return nil
      }
    }
    guard (1...40).contains(digits), utf8.last != UInt8(ascii: "."), let value = Double(self),
      !hasFraction || value != value.rounded()
    else { return nil }
    return value
  }
}
