/// Converts milliseconds, as files give times, to nanoseconds; nil if the number is not a valid time.
///
/// The limit is that of times in a session (Format.md, 2^61 ns): 73 years to either side of 0, so that
/// milliseconds since 1970 are valid until the year 2043.
package func nanoseconds(fromMilliseconds milliseconds: Double) -> Int64? {
  guard milliseconds.isFinite, abs(milliseconds) <= 2_305_843_009_213 else { return nil }
  return Int64((milliseconds * 1_000_000).rounded())
}
