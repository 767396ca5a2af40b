import ScrimCodec

/// Orientations outside of Exif segments, which some programs apply and others don't: `tiff:Orientation` in
/// XMP, and Exif data as hexadecimal text in a PNG, as ImageMagick writes it.
enum HiddenOrientation {
  /// Stands for a value that can't be read.
  static let unreadable = 0
  private static let textLimit = 1 << 24
  private static let valueLimit = 64

  /// The orientations in XMP anywhere in some bytes, in any encoding of ASCII and UTF-16.
  static func inXMP(_ bytes: some Sequence<UInt8>) -> Set<Int> {
    let text = bytes.filter { $0 != 0 }
    let key = Array(":Orientation".utf8)
    var found: Set<Int> = []
    var start = 0
    while let place = text[start...].firstRange(of: key) {
      start = place.upperBound
      let name = text[..<place.lowerBound].suffix(40).reversed().prefix { isNameByte($0) }
      let before = text[..<place.lowerBound].dropLast(name.count).last
      // An end tag.
      if before == UInt8(ascii: "/") { continue }
      let rest = text[start...].drop { isSpace($0) }
      guard let sign = rest.first, [UInt8(ascii: "="), UInt8(ascii: ">")].contains(sign) else {
        if before == UInt8(ascii: "<") { found.insert(unreadable) }
        continue
      }
      var value = rest.dropFirst()
      var end = UInt8(ascii: "<")
      if sign == UInt8(ascii: "=") {
        value = value.drop { isSpace($0) }
        end = value.popFirst() ?? end
      }
      // Bounded, so that a text of many keys is read once.
      found.insert(number(value.prefix(valueLimit + 1).prefix { $0 != end }))
    }
    return found
  }

  /// The values of Exif in the words of its standard, as libexif and ImageMagick write them, in any case and
  /// with any hyphens.
  private static let names = [
    "topleft", "topright", "bottomright", "bottomleft", "lefttop", "righttop", "rightbottom", "leftbottom",
  ].map { Array($0) }

  /// 1 to 8 from a number or a name.
  private static func number(_ value: some Collection<UInt8>) -> Int {
    guard value.count <= valueLimit, let text = String(validating: value, as: UTF8.self) else {
      return unreadable
    }
    let isBlank = { (character: Character) in character.isWhitespace || character == "\0" }
    let word = text.lowercased().drop(while: isBlank).reversed().drop(while: isBlank).reversed()
    if word.allSatisfy({ ("0"..."9").contains($0) }) {
      let number = Int(String(word)) ?? unreadable
      return (1...8).contains(number) ? number : unreadable
    }
    return names.firstIndex(of: Array(word).filter { !" -_".contains($0) }).map { $0 + 1 } ?? unreadable
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (48..<58).contains(byte) || (65..<91).contains(byte) || (97..<123).contains(byte)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  /// The orientations in a text chunk of a PNG: `tEXt`, `zTXt` or `iTXt`.
  static func inText(_ name: String, _ content: ArraySlice<UInt8>) -> Set<Int> {
    let parts = content.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return [] }
    let keyword = String(decoding: parts[0], as: UTF8.self).lowercased()
    var text = Array(parts[1])
    let isPacked = name == "zTXt" || name == "iTXt" && text.first == 1
    if name == "iTXt" {
      // Two bytes about compression, then a language and a translated keyword.
      let fields = text.dropFirst(2).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
      text = Array(fields.last ?? [])
    } else if name == "zTXt" {
      text.removeFirst(min(1, text.count))
    }
    // "Page orientation" and the like say nothing about the picture's rows.
    let isOrientation = keyword == "orientation" || keyword.hasSuffix(":orientation")
    let isRaw = keyword.hasPrefix("raw profile type")
    if isPacked {
      guard let unpacked = unpacked(text) else {
        return isRaw || keyword.contains("xmp") || isOrientation ? [unreadable] : []
      }
      text = unpacked
    }
    if isOrientation {
      return [number(text)]
    }
    var found = inXMP(text)
    if isRaw, let profile = profile(text) {
      found.formUnion(inXMP(profile))
      let tiff = profile.starts(with: "Exif\0\0".utf8) ? Array(profile.dropFirst(6)) : profile
      do throws(CodecError) {
        if let turn = try JPEG.orientation(ofTIFF: tiff.span) { found.insert(turn) }
      } catch { found.insert(unreadable) }
    }
    return found
  }

  private static func unpacked(_ bytes: [UInt8]) -> [UInt8]? {
    var text: [UInt8] = []
    do throws(CodecError) {
      var inflater = try Inflater(wrapper: .zlib)
      try inflater.append(bytes.span, to: &text, limit: textLimit)
      try inflater.finish()
    } catch { return nil }
    return text
  }

  /// The bytes of a raw profile: a line with its kind, one with its length, then hexadecimal digits.
  private static func profile(_ text: [UInt8]) -> [UInt8]? {
    let lines = text.split(separator: 0x0A).dropFirst(2)
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in lines.joined() where !isSpace(digit) {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue.map(UInt8.init) else { return nil }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }
}
