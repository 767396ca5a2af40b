import ScrimFormat

/// Parses HTTP dates: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, IMF-fixdate). The two obsolete forms are
/// not supported.
enum HTTPDate {
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Nanoseconds since 1970; nil for anything else, and for years outside 1678 to 2261.
  static func nanoseconds(_ text: some StringProtocol) -> Int64? {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0].utf8.count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
      parts[1].utf8.count == 2, parts[3].utf8.count == 4, parts[4].utf8.count == 8,
      let month = months.firstIndex(where: { $0 == parts[2] })
    else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return RFC3339.nanoseconds("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
  }
}

extension StringProtocol {
  /// Without spaces and tabs at both ends.
  var trimmingSpace: String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\n" || $0 == "\r\n" }
    var rest = self[...]
    while let first = rest.first, isSpace(first) { rest.removeFirst() }
    while let last = rest.last, isSpace(last) { rest.removeLast() }
    return String(rest)
  }
}
