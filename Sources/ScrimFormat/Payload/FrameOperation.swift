/// The operations of a frame as they stand in its payload: a code, a rectangle, and what the code says follows.
/// Format.md has the layout; the numbers here are its numbers.
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

/// What bounds the payload of one frame of a picture, so that a reader can refuse more before it takes memory or time.
enum FrameLimits {
  /// Rows of a rectangle whose pixels stand together.
  static let stripe = 64
  /// Colours of the palette; the index behind the last is the escape.
  static let colours = 255
  static let escape: UInt8 = 255

  /// Bytes of the operations and of indices and escaped colours behind them.
  static func operationBytes(_ pixels: Int) -> Int { 65_536 + 5 * pixels }
  /// Bytes of samples: every pixel at most once.
  static func sampleBytes(_ pixels: Int) -> Int { 3 * pixels }
  /// Pixels that the operations of a frame may touch, each as often as it is touched.
  static func work(_ pixels: Int) -> Int { 65_536 + 8 * pixels }
}
