import ScrimJSON

/// Whether text contains coordinates. Attributes of annotation tools are text, so numbers may be too.
enum RegionText {
  /// Keys of what somebody reads, writes or chooses about a region: a line of a table may look like coordinates.
  private static let transcripts: Set<String> = [
    "text", "transcription", "transcript", "caption", "description", "ocr", "comment", "note", "title",
    "content", "choices", "taxonomy",
  ]

  /// Words in texts of coordinates, without the digits and underscores at their end; those of WKT, of the
  /// paths of SVG and of JSON too.
  private static let words: Set<String> = [
    "x", "y", "w", "h", "l", "t", "r", "b", "width", "height", "left", "top", "right", "bottom", "cx", "cy",
    "rx",
    "ry", "xmin", "ymin", "xmax", "ymax", "xtl", "ytl", "xbr", "ybr", "tl", "tr", "bl", "br", "min", "max",
    "center",
    "radius", "angle", "rotation", "theta", "size", "counts", "area", "px", "origin", "start", "end", "box",
    "bbox",
    "rect", "rectangle", "circle", "ellipse", "polygon", "multipolygon", "polyline", "linestring", "point",
    "points",
    "all_points_x", "all_points_y", "coordinates", "vertices", "corners", "segmentation", "m", "z", "v", "c",
    "s", "q", "a",
  ]

  static func isTranscript(_ key: String) -> Bool { transcripts.contains(key) }

  /// Whether a list, or lists in it, have nothing but texts.
  static func areTexts(_ items: [JSON]) -> Bool {
    items.allSatisfy { item in
      switch item {
      case .string: true
      case .array(let inner): areTexts(inner)
      default: false
      }
    }
  }

  /// Whether a text is a word that answers a question, as a mask on a face may be.
  static func isAnswer(_ text: String) -> Bool {
    ["yes", "no", "none", "true", "false", "0", "1", "on", "off"].contains(text.lowercased())
  }

  /// Whether text is long data without spaces (a mask in base64) or the name of a file.
  static func isFileOrData(_ text: String) -> Bool {
    guard !text.contains(where: \.isWhitespace) else { return false }
    let endings = [
      ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".npy", ".npz", ".webp", ".json",
    ]
    let lower = text.lowercased()
    return text.utf8.count > 40 || endings.contains { lower.hasSuffix($0) }
  }

  /// Whether a value is a number, or text that is one.
  static func isNumber(_ value: JSON) -> Bool {
    switch value {
    case .number, .digits: true
    case .string(let text): numberCount(text) == 1
    default: false
    }
  }

  /// The count of numbers in a text that has nothing else but separators; nil for other text.
  static func numberCount(_ text: String) -> Int? {
    guard !text.isEmpty, let scan = scan(text), scan.words == 0 else {
      return nil
    }
    return scan.numbers
  }

  /// Whether a text is nothing but coordinates (`100,100,300,140`, `x=1 y=2 w=3 h=4`, WKT, the path of an
  /// SVG), or JSON that may be a region.
  ///
  /// - Parameter isInText: whether it is of JSON in a text; JSON in it may then be a region, unread.
  static func isCoordinates(_ text: String, isInText: Bool) -> Bool {
    guard let first = text.utf8.first(where: { $0 > 0x20 }) else { return false }
    if let scan = scan(text) {
      if scan.numbers > 3, scan.words > 1 || scan.isSeparated { return true }
      // x=100 y=100 r=20
      if scan.numbers == 3, scan.words > 2 { return true }
    }
    guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{"),
      let json = try? JSON(Array(text.utf8), acceptingNonFinite: true)
    else { return false }
    if isInText { return true }
    if case .array(let items) = json, RegionMember.holdsPlaces(items, isInText: true) { return true }
    return RegionMember.holdsRegion(json, isInText: true)
  }

  /// Whether a text is four or more whole numbers with spaces that may be coordinates, as `100 100 200 40`. Not if they
  /// look like groups of digits: with zeros in front, a plus, or all of four digits but the last.
  static func isSpacedPlace(_ text: String) -> Bool {
    let groups = ascii(text).split { $0 <= 0x20 }
    guard groups.count > 3 else { return false }
    let areNumbers = groups.allSatisfy { group in
      let digits = group.first == UInt8(ascii: "-") ? group.dropFirst() : group
      return (1...5).contains(digits.count) && digits.allSatisfy { $0 &- 48 < 10 }
        && (digits.count == 1 || digits.first != UInt8(ascii: "0"))
    }
    return areNumbers && !groups.dropLast().allSatisfy { $0.count == 4 }
  }

  private struct Scan {
    var numbers = 0
    /// Words of coordinates; one of several letters counts twice.
    var words = 0
    /// Whether anything but spaces separates the numbers.
    var isSeparated = false
  }

  /// Nil if the text has anything but numbers, separators, and words of coordinates. `2024-01-02`, `10:30`, `1.2.3` and
  /// `A4` are no numbers.
  private static func scan(_ text: String) -> Scan? {
    var scan = Scan()
    let bytes = ascii(text)
    let start = bytes.firstIndex { $0 > 0x20 } ?? 0
    // What follows a name.
    let marks = [UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "'")]
    var at = 0
    var isOpen = false
    var fractions = 0
    func isDigit(_ index: Int) -> Bool { index < bytes.count && bytes[index] &- 48 < 10 }
    func isLetter(_ index: Int) -> Bool { index < bytes.count && (bytes[index] | 0x20) &- 97 < 26 }
    while at < bytes.count {
      switch bytes[at] {
      case ...0x20: at += 1
      case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"):
        scan.isSeparated = true
        at += 1
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        if at == start { isOpen = true }
        at += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        // Brackets around all of it: (030) 123 is a number of a telephone.
        if isOpen, at == bytes.count - 1 { scan.isSeparated = true }
        at += 1
      case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "%"): at += 1
      case UInt8(ascii: ":"), UInt8(ascii: "="):
        // After a name only: 10:30 is a time.
        guard at > 0, !isDigit(at - 1) || endsName(bytes[..<at]) else { return nil }
        at += 1
      case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "0")...UInt8(ascii: "9"):
        if !isDigit(at), bytes[at] != UInt8(ascii: ".") {
          // 200x40+100+100 is a place.
          if at > 0, isDigit(at - 1) { scan.isSeparated = true }
          at += 1
        }
        var digits = 0
        var points = 0
        while isDigit(at) || at < bytes.count && bytes[at] == UInt8(ascii: ".") {
          if isDigit(at) { digits += 1 } else { points += 1 }
          at += 1
        }
        guard digits > 0, points < 2 else { return nil }
        fractions += points
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
          var end = at + 1
          if end < bytes.count, bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: "+") {
            end += 1
          }
          guard isDigit(end) else { return nil }
          while isDigit(end) { end += 1 }
          at = end
        }
        scan.numbers += 1
        if bytes[at...].starts(with: "px".utf8), !isLetter(at + 2) { at += 2 }
        if at < bytes.count, [UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ".")].contains(bytes[at]) {
          return nil
        }
      case _ where isLetter(at):
        let start = at
        while isLetter(at) || at < bytes.count && bytes[at] == UInt8(ascii: "_") { at += 1 }
        let end = bytes[..<at].lastIndex { $0 != UInt8(ascii: "_") }.map { $0 + 1 } ?? at
        let word = String(decoding: bytes[start..<end], as: UTF8.self).lowercased()
        if words.contains(word) || words.contains(word.replacing("_", with: "")) {
          scan.words += word == "circle" ? 3 : end - start > 1 ? 2 : 1
        } else {
          return nil
        }
        // The 1 of x1=100 belongs to the name; that of M1 100 doesn't.
        var next = at
        while isDigit(next) || next < bytes.count && bytes[next] == UInt8(ascii: "_") { next += 1 }
        if next > at, next < bytes.count, marks.contains(bytes[next]) { at = next }
      default: return nil
      }
    }
    // 0.5 0.5 0.1 0.2, but not 4111 1111 1111 1111.
    if fractions > 0 { scan.isSeparated = true }
    return scan
  }

  /// The bytes of a text, with the separators, digits and spaces of East Asian keyboards replaced.
  private static func ascii(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8.prefix(1 << 16))
    guard bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
    return text.unicodeScalars.prefix(1 << 16).flatMap { scalar -> [UInt8] in
      switch scalar.value {
      case 0xFF01...0xFF5E: [UInt8(scalar.value - 0xFEE0)]
      case 0x3001: [UInt8(ascii: ",")]
      case 0xA0, 0x2009, 0x202F, 0x3000: [0x20]
      case 0xD7: [UInt8(ascii: "x")]
      case 0x2212: [UInt8(ascii: "-")]
      default: Array(String(scalar).utf8)
      }
    }
  }

  /// Whether bytes end with a name that ends with digits, as `x1`.
  private static func endsName(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let last = bytes.lastIndex(where: { $0 &- 48 >= 10 }) else { return false }
    return (bytes[last] | 0x20) &- 97 < 26 || bytes[last] == UInt8(ascii: "_")
  }
}
