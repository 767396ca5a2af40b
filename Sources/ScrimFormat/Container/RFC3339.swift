/// Converts between nanoseconds since 1970-01-01T00:00:00Z and RFC 3339 timestamps, without a calendar
/// library.
public enum RFC3339 {
  /// `2023-11-14T22:13:20.123456789Z`: in UTC, with 0, 3, 6 or 9 decimals of the second, as many as needed.
  public static func string(_ nanoseconds: Int64) -> String {
    let (days, ofDay) = floorDivide(nanoseconds, 86_400_000_000_000)
    let (second, fraction) = floorDivide(ofDay, 1_000_000_000)
    // Years begin in March, in eras of 400 years, as in Howard Hinnant's days_from_civil.
    let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let year = yearOfEra + era * 400 + (month >= 10 ? 1 : 0)
    var text = "\(pad(year, 4))-\(pad(month < 10 ? month + 3 : month - 9, 2))-\(pad(day, 2))"
    text += "T\(pad(second / 3600, 2)):\(pad(second / 60 % 60, 2)):\(pad(second % 60, 2))"
    if fraction % 1_000 != 0 {
      text += "." + pad(fraction, 9)
    } else if fraction % 1_000_000 != 0 {
      text += "." + pad(fraction / 1_000, 6)
    } else if fraction != 0 {
      text += "." + pad(fraction / 1_000_000, 3)
    }
    return text + "Z"
  }

  /// Nanoseconds since 1970, or nil if `text` isn't an RFC 3339 timestamp between the years 1678 and 2261.
  /// More than nine decimals of the second, and leap seconds, are refused.
  public static func nanoseconds(_ text: some StringProtocol) -> Int64? {
    var rest = Array(text.utf8)[...]
    guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"),
      let day = number(&rest, 2), take(&rest, "T") || take(&rest, "t") || take(&rest, " "),
      let hour = number(&rest, 2), take(&rest, ":"), let minute = number(&rest, 2), take(&rest, ":"),
      let second = number(&rest, 2)
    else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1678...2261).contains(year), (1...12).contains(month), day >= 1, day <= lengths[Int(month) - 1],
      hour < 24, minute < 60, second < 60
    else { return nil }
    var fraction: Int64 = 0
    if take(&rest, ".") {
      let digits = rest.prefix { (0x30...0x39).contains($0) }.count
      guard (1...9).contains(digits), let value = number(&rest, digits) else { return nil }
      fraction = (digits..<9).reduce(value) { value, _ in value * 10 }
    }
    guard let offset = zone(&rest), rest.isEmpty else { return nil }
    let fromMarch = month > 2 ? month - 3 : month + 9
    let (era, yearOfEra) = floorDivide(month > 2 ? year : year - 1, 400)
    let dayOfYear = (153 * fromMarch + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    return (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1_000_000_000 + fraction
  }

  /// Seconds east of UTC.
  private static func zone(_ rest: inout ArraySlice<UInt8>) -> Int64? {
    if take(&rest, "Z") || take(&rest, "z") { return 0 }
    let sign: Int64 = take(&rest, "-") ? -1 : 1
    guard sign < 0 || take(&rest, "+"), let hour = number(&rest, 2), take(&rest, ":"),
      let minute = number(&rest, 2), hour < 24, minute < 60
    else { return nil }
    return sign * (hour * 3600 + minute * 60)
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, _ digits: Int) -> Int64? {
    guard rest.count >= digits else { return nil }
    var value: Int64 = 0
    for character in rest.prefix(digits) {
      guard (0x30...0x39).contains(character) else { return nil }
      value = value * 10 + Int64(character - 0x30)
    }
    rest.removeFirst(digits)
    return value
  }

  private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Character) -> Bool {
    guard rest.first == character.asciiValue else { return false }
    rest.removeFirst()
    return true
  }

  private static func floorDivide(_ value: Int64, _ by: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: by)
    return remainder < 0 ? (quotient - 1, remainder + by) : (quotient, remainder)
  }

  private static func pad(_ value: Int64, _ digits: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
