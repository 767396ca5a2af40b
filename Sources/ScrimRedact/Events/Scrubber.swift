import ScrimJSON

/// Removes secrets and personal data from log lines, messages and bodies: mail addresses, card numbers,
/// IBANs, tokens, credentials in URLs, and values under names such as `password`. Each is replaced by a
/// constant word, so that nothing of it is left.
///
/// It makes one pass per kind and takes linear time for any input.
package struct Scrubber: Sendable {
  private let patterns: [NamePattern]

  /// Replacements for a secret, and for a card number.
  static let secret = "[secret]"
  static let card = "[card]"

  /// A range of bytes to be replaced.
  struct Find {
    var range: Range<Int>
    var word: String
  }

  /// - Parameter patterns: additional ones; a word (up to the next white space) that contains a match is
  ///   replaced.
  package init(patterns: [NamePattern] = []) { self.patterns = patterns }

  /// The text with everything found replaced.
  package func scrubbed(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var finds = finds(in: EscapedText(bytes))
    // The same secrets in escapes, such as %22password%22%3A%22…%22, and those in escapes of escapes.
    var layer = EscapedText(bytes)
    for _ in 0..<Scrubber.escapeLayers {
      guard let next = layer.unescaped() else { break }
      layer = next
      finds += self.finds(in: layer).map { Find(range: layer.origin(of: $0.range), word: $0.word) }
    }
    if finds.isEmpty { return text }
    return String(decoding: Scrubber.replace(finds, in: bytes), as: UTF8.self)
  }

  /// How often escapes are removed.
  private static let escapeLayers = 3

  private func finds(in text: EscapedText) -> [Find] {
    let bytes = text.bytes
    var finds = Scrubber.pemBlocks(bytes)
    let addresses = Scrubber.addresses(bytes)
    finds += addresses
    finds += Scrubber.credentials(bytes)
    finds += Scrubber.tokens(bytes)
    finds += Scrubber.namedValues(text)
    finds += Scrubber.mailAddresses(bytes, except: Set(addresses.map(\.range.upperBound)))
    finds += Scrubber.cards(bytes)
    finds += Scrubber.accounts(bytes)
    finds += ownFinds(bytes)
    return finds
  }

  /// A request's body, cut at 150,000 bytes: in JSON, values under secret names are replaced, and every
  /// text is scrubbed.
  package func scrubbed(body: String) -> String {
    let limit = Scrubber.bodyLimit
    guard body.utf8.count <= limit else {
      return scrubbed(String(decoding: Array(body.utf8.prefix(limit)), as: UTF8.self))
    }
    guard let json = try? JSON(Array(body.utf8)), !json.holdsNonFinite else { return scrubbed(body) }
    switch json {
    case .object, .array: return String(decoding: scrubbed(json).canonicalBytes, as: UTF8.self)
    default: return scrubbed(body)
    }
  }

  static let bodyLimit = 150_000

  private func scrubbed(_ json: JSON) -> JSON {
    switch json {
    case .object(let members):
      .object(
        members.map { member in
          let isSecret =
            Scrubber.isSecret(key: member.key) || member.key == "value" && json.namesSecret
          return JSON.Member(
            scrubbed(member.key), isSecret ? .string(Scrubber.secret) : scrubbed(member.value))
        })
    case .array(let items): .array(items.map(scrubbed))
    case .string(let text): .string(scrubbed(text))
    case .number(let number):
      if let whole = Int(exactly: number), scrubbed(String(whole)) != String(whole) {
        .string(Scrubber.card)
      } else {
        json
      }
    case .null, .bool, .digits: json
    }
  }

  private func ownFinds(_ bytes: [UInt8]) -> [Find] {
    if patterns.isEmpty { return [] }
    return bytes.split(whereSeparator: \.isSpace).compactMap { word in
      let text = String(decoding: word, as: UTF8.self)
      // A word too long to be searched may contain a secret.
      guard patterns.contains(where: { $0.matches(text) ?? true }) else { return nil }
      return Find(range: word.startIndex..<word.endIndex, word: "[hidden]")
    }
  }

  /// Overlapping finds are merged, with the replacement of the first.
  private static func replace(_ finds: [Find], in bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    var place = 0
    let sorted = finds.enumerated().sorted {
      ($0.element.range.lowerBound, $0.offset) < ($1.element.range.lowerBound, $1.offset)
    }.map(\.element)
    for find in sorted {
      if find.range.lowerBound >= place {
        out += bytes[place..<find.range.lowerBound]
        out += find.word.utf8
      }
      place = max(place, find.range.upperBound)
    }
    return out + bytes[place...]
  }
}

extension JSON {
  /// Whether it is an entry of a list of fields, `{"name":"pin","value":"…"}`, for a secret.
  fileprivate var namesSecret: Bool {
    ["name", "key"].contains { key in
      if case .string(let name)? = self[key] { Scrubber.isSecret(key: name) } else { false }
    }
  }
}

extension UInt8 {
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isUpper: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
  var isLower: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
  var isLetterOrDigit: Bool { isDigit || isUpper || isLower }
  var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
  /// A character of a word in any language, for word boundaries.
  var isWord: Bool { isLetterOrDigit || self == UInt8(ascii: "_") || self >= 0x80 }
  var lowered: UInt8 { isUpper ? self | 0x20 : self }
}
