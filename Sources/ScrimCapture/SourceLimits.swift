/// Sizes of pictures that a session can hold, which Format.md limits.
enum SourceLimits {
  static let side = 1 << 15
  static let pixels = 1 << 26

  static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}

/// Milliseconds, as files tell times, to nanoseconds; nil where the number is no time.
public func nanoseconds(fromMilliseconds milliseconds: Double) -> Int64? {
  let limit = 1e12  // over thirty years, far inside what 64 bits of nanoseconds hold
  guard milliseconds.isFinite, abs(milliseconds) <= limit else { return nil }
  return Int64((milliseconds * 1_000_000).rounded())
}
