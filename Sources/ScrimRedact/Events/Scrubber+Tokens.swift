import ScrimJSON

extension Scrubber {
  /// PEM blocks, from their first line to their last, or to the end of the text if it is cut off.
  static func pemBlocks(_ bytes: [UInt8]) -> [Find] {
    var finds: [Find] = []
    let begin = Array("-----BEGIN ".utf8)
    let end = Array("-----END ".utf8)
    var at = 0
    while let start = first(begin, in: bytes, from: at) {
      guard let last = first(end, in: bytes, from: start) else {
        finds.append(Find(range: start..<bytes.count, word: "[key]"))
        break
      }
      var stop = last + end.count
      while stop < bytes.count, bytes[stop] != UInt8(ascii: "-"), bytes[stop] != 0x0A { stop += 1 }
      while stop < bytes.count, bytes[stop] == UInt8(ascii: "-") { stop += 1 }
      finds.append(Find(range: start..<stop, word: "[key]"))
      at = stop
    }
    return finds
  }

  /// Values after `Bearer` and `Basic`.
  static func credentials(_ bytes: [UInt8]) -> [Find] {
    words(bytes).compactMap { word in
      let name = String(decoding: bytes[word].map(\.lowered), as: UTF8.self)
      guard name == "bearer" || name == "basic" else { return nil }
      var start = word.upperBound
      while start < bytes.count, bytes[start] == 0x20 { start += 1 }
      guard start > word.upperBound else { return nil }
      var end = start
      while end < bytes.count, bytes[end].isToken || bytes[end] == UInt8(ascii: "=") { end += 1 }
      // Words of a sentence have no digit, no padding and no upper case after a lower case letter.
      let token = bytes[start..<end]
      guard token.count >= 8, token.contains(where: { !$0.isLower }) else { return nil }
      return Find(range: start..<end, word: "[token]")
    }
  }

  /// Tokens: those of known services by their prefixes, and JSON Web Tokens, whose first part decodes to an
  /// object.
  static func tokens(_ bytes: [UInt8]) -> [Find] {
    var finds: [Find] = []
    var at = 0
    var end = 0
    while at < bytes.count {
      guard bytes[at].isToken else {
        at += 1
        continue
      }
      if end <= at {
        end = at
        while end < bytes.count, bytes[end].isToken { end += 1 }
      }
      // A token may follow a dot, a slash or a hyphen.
      if at == 0 || !bytes[at - 1].isWord, isWebToken(bytes[at..<end]) || isKnownToken(bytes[at..<end]) {
        finds.append(Find(range: at..<end, word: "[token]"))
        at = end
        continue
      }
      repeat { at += 1 } while at < end && bytes[at - 1].isWord && bytes[at].isWord
    }
    return finds
  }

  private static func isKnownToken(_ token: ArraySlice<UInt8>) -> Bool {
    let body = token.prefix { $0.isWord || $0 == UInt8(ascii: "-") }
    return prefixes.contains { prefix, least in
      body.count >= prefix.utf8.count + least && body.starts(with: prefix.utf8)
        && body.dropFirst(prefix.utf8.count).contains { $0.isDigit || $0.isUpper }
    }
  }

  /// Token prefixes, and the minimum number of characters after them.
  private static let prefixes: [(String, Int)] = [
    ("ghp_", 20), ("gho_", 20), ("ghu_", 20), ("ghs_", 20), ("ghr_", 20), ("github_pat_", 20), ("glpat-", 15),
    ("xoxa-", 10), ("xoxb-", 10), ("xoxp-", 10), ("xoxs-", 10), ("xoxr-", 10), ("sk-", 20), ("sk_live_", 10),
    ("sk_test_", 10), ("rk_live_", 10), ("pk_live_", 10), ("whsec_", 16), ("AKIA", 12), ("ASIA", 12),
    ("AIza", 30),
    ("npm_", 20), ("pypi-", 20), ("dop_v1_", 20), ("ya29", 20), ("SG.", 20), ("hf_", 20), ("shpat_", 20),
    ("sntrys_", 20), ("sntryu_", 20), ("dckr_pat_", 16), ("gsk_", 20), ("lin_api_", 20),
    ("AGE-SECRET-KEY-", 20),
  ]

  private static func isWebToken(_ token: ArraySlice<UInt8>) -> Bool {
    let point = UInt8(ascii: ".")
    // The base 64 encodings of an opening brace and any next character.
    guard token.first == UInt8(ascii: "e"), let second = token.dropFirst().first,
      "wxyz".utf8.contains(second),
      let first = token.firstIndex(of: point), first - token.startIndex >= 8,
      let head = decoded(token[..<first]), case .object? = try? JSON(head)
    else { return false }
    let rest = token[(first + 1)...]
    guard let end = rest.firstIndex(of: point) else { return false }
    // The second part of an encrypted token is a key or empty, not an object.
    if case .object? = decoded(rest[..<end]).flatMap({ try? JSON($0) }) { return true }
    return rest[(end + 1)...].filter { $0 == point }.count >= 2
  }

  /// Decodes base 64 in its URL-safe form.
  private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text {
      let value: UInt8
      switch byte {
      case _ where byte.isUpper: value = byte - 65
      case _ where byte.isLower: value = byte - 97 + 26
      case _ where byte.isDigit: value = byte - 48 + 52
      case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return out
  }

  /// The words of ASCII letters and digits.
  static func words(_ bytes: [UInt8]) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var at = 0
    while at < bytes.count {
      var end = at
      while end < bytes.count, bytes[end].isWord { end += 1 }
      if end > at { words.append(at..<end) }
      at = max(end, at + 1)
    }
    return words
  }

  static func first(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
    guard bytes.count >= needle.count else { return nil }
    return (start..<max(start, bytes.count - needle.count + 1)).first {
      bytes[$0] == needle[0] && bytes[$0...].starts(with: needle)
    }
  }
}

extension UInt8 {
  /// A token character: letters, digits and `-._~+/`.
  fileprivate var isToken: Bool { isLetterOrDigit || "-._~+/".utf8.contains(self) }
}
