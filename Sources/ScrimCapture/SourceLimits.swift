/// Sizes of pictures that a session can hold, which Format.md limits.
enum SourceLimits {
  static let side = 1 << 15
  static let pixels = 1 << 26

  static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}
