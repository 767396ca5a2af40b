extension Scrubber {
  /// Card numbers: 12 to 19 digits, in groups separated by single spaces or hyphens, or without groups,
  /// that pass Luhn's check. Thirteen ungrouped digits that begin with 1 are milliseconds since 1970.
  static func cards(_ bytes: [UInt8]) -> [Find] {
    var finds: [Find] = []
    var at = 0
    while at < bytes.count {
      guard bytes[at].isDigit, at == 0 || !(bytes[at - 1].isWord || bytes[at - 1] == UInt8(ascii: ".")) else {
        at += 1
        continue
      }
      let groups = groups(of: bytes, from: at)
      if let end = card(bytes, groups) {
        finds.append(Find(range: at..<end, word: card))
        at = end
      } else {
        // A card number may start at a later group.
        at = groups[0].upperBound
      }
    }
    return finds
  }

  /// Groups of digits separated by one space or hyphen, up to slightly more than 19 digits.
  private static func groups(of bytes: [UInt8], from start: Int) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var digits = 0
    var at = start
    while true {
      var end = at
      while end < bytes.count, bytes[end].isDigit { end += 1 }
      groups.append(at..<end)
      digits += end - at
      guard digits < 20, end + 1 < bytes.count, bytes[end] == 0x20 || bytes[end] == UInt8(ascii: "-"),
        bytes[end + 1].isDigit
      else { return groups }
      at = end + 1
    }
  }

  /// The end of the longest run of groups that is a card number.
  private static func card(_ bytes: [UInt8], _ groups: [Range<Int>]) -> Int? {
    for count in stride(from: groups.count, to: 0, by: -1) {
      let used = groups[..<count]
      let end = groups[count - 1].upperBound
      let digits = used.flatMap { bytes[$0].map { Int($0 - 48) } }
      guard (12...19).contains(digits.count), end == bytes.count || !bytes[end].isWord else { continue }
      // Groups of one or two digits are dates and times; the last group may be short.
      if count > 1, used.dropLast().contains(where: { $0.count < 3 }) || used[count - 1].count < 2 {
        continue
      }
      if count == 1, digits.count == 13, digits[0] == 1 { continue }
      guard Set(digits).count > 1, passesLuhn(digits) else { continue }
      return end
    }
    return nil
  }

  static func passesLuhn(_ digits: [Int]) -> Bool {
    var sum = 0
    for (place, digit) in digits.reversed().enumerated() {
      let doubled = place % 2 == 1 ? digit * 2 : digit
      sum += doubled > 9 ? doubled - 9 : doubled
    }
    return sum % 10 == 0
  }

  /// Bank accounts: IBANs with their country's length, with or without groups, and valid check digits.
  static func accounts(_ bytes: [UInt8]) -> [Find] {
    var finds: [Find] = []
    var at = 0
    while at + 4 < bytes.count {
      guard at == 0 || !bytes[at - 1].isWord, bytes[at + 2].isDigit, bytes[at + 3].isDigit,
        let length = lengths[String(decoding: bytes[at..<(at + 2)], as: UTF8.self).uppercased()],
        let end = account(bytes, from: at, length: length)
      else {
        at += 1
        continue
      }
      finds.append(Find(range: at..<end, word: "[account]"))
      at = end
    }
    return finds
  }

  private static func account(_ bytes: [UInt8], from start: Int, length: Int) -> Int? {
    var taken: [UInt8] = []
    var at = start
    while taken.count < length, at < bytes.count {
      if bytes[at].isLetterOrDigit {
        taken.append(bytes[at].isLower ? bytes[at] & 0xDF : bytes[at])
      } else if bytes[at] != 0x20 || !bytes[at - 1].isLetterOrDigit {
        return nil
      }
      at += 1
    }
    guard taken.count == length, at == bytes.count || !bytes[at].isWord else { return nil }
    var rest = 0
    for byte in taken[4...] + taken[..<4] {
      rest = byte.isDigit ? (rest * 10 + Int(byte - 48)) % 97 : (rest * 100 + Int(byte - 55)) % 97
    }
    return rest == 1 ? at : nil
  }

  /// Length of an IBAN by country (SWIFT registry).
  private static let lengths: [String: Int] = [
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27,
    "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20,
    "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27,
    "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28,
    "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19,
    "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
    "YE": 30,
  ]
}
