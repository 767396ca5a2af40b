extension Scrubber {
  /// Whether a value under this name is a secret.
  static func isSecret(key: String) -> Bool {
    let words = key.utf8.filter(\.isLetterOrDigit).map(\.lowered)
    let name = String(decoding: words, as: UTF8.self)
    return isStrong(name: name) || exactNames.contains(name) || name.hasSuffix("token")
      || shortNames.contains(lastPart(of: key))
  }

  /// Whether nothing but a secret has such a name, in lower case, letters and digits only.
  static func isStrong(name: String) -> Bool { names.contains { name.contains($0) } }

  /// The part behind the last separator or capital letter, in lower case: `pass` of `db_pass` and `dbPass`.
  private static func lastPart(of key: String) -> String {
    var part: [UInt8] = []
    for byte in key.utf8.reversed() {
      guard byte.isLetterOrDigit else {
        if part.isEmpty { continue }
        break
      }
      if let last = part.last, byte.isLower, last.isUpper { break }
      part.append(byte)
    }
    return String(decoding: part.reversed().map(\.lowered), as: UTF8.self)
  }

  /// Parts of a secret's name, and whole names of secrets; in lower case, letters and digits only.
  private static let names = [
    "password", "passwd", "passphrase", "passcode", "secret", "apikey", "accesskey", "privatekey",
    "authtoken",
    "accesstoken", "refreshtoken", "idtoken", "bearertoken", "sessionid", "sessiontoken", "csrf", "xsrf",
    "credential",
    "authorization", "twofactor", "clientsecret", "cardnumber", "creditcard", "securitycode", "setcookie",
    "connectionstring",
  ]
  private static let exactNames = [
    "pwd", "pass", "pin", "pincode", "token", "auth", "otp", "cvv", "cvc", "cvv2", "ssn", "cookie", "jwt",
    "sid", "mfa",
    "iban",
  ]
  private static let shortNames: Set<String> = ["pwd", "pass", "pin", "otp", "cvv", "cvc", "ssn", "jwt"]

  /// Credentials and query values in URLs: `https://[secret]@host/path?a=[value]`.
  static func addresses(_ bytes: [UInt8]) -> [Find] {
    var finds: [Find] = []
    var at = 0
    while let mark = first(Array("://".utf8), in: bytes, from: at) {
      var end = mark + 3
      while end < bytes.count, !bytes[end].isSpace, !"\"'<>`".utf8.contains(bytes[end]) { end += 1 }
      let authority = (mark + 3)..<(bytes[(mark + 3)..<end].firstIndex { "/?#".utf8.contains($0) } ?? end)
      if let sign = bytes[authority].lastIndex(of: UInt8(ascii: "@")) {
        finds.append(Find(range: authority.lowerBound..<sign, word: secret))
      }
      if let query = bytes[authority.upperBound..<end].firstIndex(where: {
        $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
      }) {
        finds += queryValues(bytes, query..<end)
      }
      at = end
    }
    return finds
  }

  private static func queryValues(_ bytes: [UInt8], _ query: Range<Int>) -> [Find] {
    var finds: [Find] = []
    var start = query.lowerBound + 1
    while start < query.upperBound {
      let end =
        bytes[start..<query.upperBound].firstIndex { "&;#?".utf8.contains($0) } ?? query.upperBound
      let value = bytes[start..<end].firstIndex(of: UInt8(ascii: "=")).map { $0 + 1 } ?? start
      // A part without a name is a value.
      if value < end { finds.append(Find(range: value..<end, word: "[value]")) }
      start = end + 1
    }
    return finds
  }

  /// Mail addresses. The host has a dot and no empty label; the local part may be in any language.
  ///
  /// - Parameter others: positions of `@` signs that end the credentials of a URL.
  static func mailAddresses(_ bytes: [UInt8], except others: Set<Int>) -> [Find] {
    var finds: [Find] = []
    var least = 0
    for sign in bytes.indices where bytes[sign] == UInt8(ascii: "@") && !others.contains(sign) {
      var start = sign
      while start > least, bytes[start - 1].isWord || "!#$%&*+-/=?^`{|}~.'".utf8.contains(bytes[start - 1]) {
        start -= 1
      }
      while start < sign, "./='".utf8.contains(bytes[start]) { start += 1 }
      // "key=ann@…", "mail:ann@…": the prefix stays.
      if let assigned = bytes[start..<sign].lastIndex(of: UInt8(ascii: "=")) { start = assigned + 1 }
      var end = sign + 1
      while end < bytes.count,
        bytes[end].isWord || bytes[end] == UInt8(ascii: "-") || bytes[end] == UInt8(ascii: ".")
      {
        end += 1
      }
      while end > sign + 1, !bytes[end - 1].isWord { end -= 1 }
      let host = bytes[(sign + 1)..<end]
      let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      guard start < sign, labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }),
        labels.last.map({
          $0.count >= 2 && !$0.contains(where: \.isDigit) || $0.starts(with: Array("xn--".utf8))
        })
          ?? false
      else { continue }
      finds.append(Find(range: start..<end, word: "[mail]"))
      least = end
    }
    return finds
  }
}
