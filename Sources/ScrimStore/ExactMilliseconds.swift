import ScrimFormat

/// Exact conversion between nanoseconds and milliseconds in decimal digits, which a `Double` could not
/// hold.
enum ExactMilliseconds {
  /// With as few decimals as needed, six at most.
  static func text(_ nanoseconds: Int64) -> String {
    let (whole, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    var text = (nanoseconds < 0 ? "-" : "") + String(whole)
    guard rest > 0 else { return text }
    let digits = String(rest)
    text += "." + String(repeating: "0", count: 6 - digits.count) + digits
    while text.last == "0" { text.removeLast() }
    return text
  }

  /// Nil if the text is not a decimal number, has digits below a nanosecond, or exceeds the format's limit
  /// for times.
  static func nanoseconds(_ text: String) -> Int64? {
    let isNegative = text.hasPrefix("-")
    let parts = (isNegative ? text.dropFirst() : text[...]).split(
      separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first.flatMap({ Int64($0) }) else { return nil }
    let decimals = parts.count == 2 ? parts[1] : "0"
    guard decimals.allSatisfy({ ("0"..."9").contains($0) }), decimals.dropFirst(6).allSatisfy({ $0 == "0" }),
      let rest = Int64(decimals.prefix(6) + String(repeating: "0", count: max(0, 6 - decimals.count)))
    else { return nil }
    let (scaled, overflow) = whole.multipliedReportingOverflow(by: 1_000_000)
    guard !overflow, scaled <= FormatLimits.time, scaled + rest <= FormatLimits.time else { return nil }
    return isNegative ? -(scaled + rest) : scaled + rest
  }
}
