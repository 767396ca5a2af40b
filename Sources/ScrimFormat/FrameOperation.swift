import ScrimImage

/// The operations of a frame as they stand in its payload: a code, a rectangle, and what the code says follows.
/// Format.md has the layout; the numbers here are its numbers.
enum OperationCode: UInt8 {
  case end = 0
  case fill = 1
  case indexed = 2
  case direct = 3
  case copy = 4
  case jpeg = 6
}

/// What bounds the payload of one frame of a picture, so that a reader can refuse more before taking memory.
enum FrameLimits {
  /// Inflated bytes of a frame's operations: every pixel at most once, three bytes each, and room for their heads.
  static func operationBytes(width: Int, height: Int) -> Int { 65_536 + 4 * width * height }
}
