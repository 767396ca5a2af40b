/// Operation codes of a frame's payload. An operation is a code, a rectangle, and fields that depend on the
/// code. Format.md has the layout; the numbers here are its numbers.
enum OperationCode: UInt8 {
  case fill = 1
  case indexed = 2
  case predicted = 3
  case copy = 4
  case recall = 5
  case jpeg = 6
  case keep = 7
  case colours = 8
}

/// Limits of one frame's payload, so that a reader can refuse larger ones before it spends memory or time.
enum FrameLimits {
  /// Rows of a stripe, in which a rectangle's pixels are stored.
  static let stripe = 64
  /// Maximum colours of the palette; the next index is the escape.
  static let colours = 255
  static let escape: UInt8 = 255

  /// Maximum bytes of the operations, indices and escaped colours.
  static func operationBytes(_ pixels: Int) -> Int { 65_536 + 5 * pixels }
  /// Maximum bytes of samples: every pixel once.
  static func sampleBytes(_ pixels: Int) -> Int { 3 * pixels }
  /// Maximum pixels that a frame's operations may touch; a pixel counts as often as it is touched.
  static func work(_ pixels: Int) -> Int { 65_536 + 8 * pixels }
}
