/// Picture size limits of a session, from Format.md.
enum SourceLimits {
  static let side = 1 << 15
  static let pixels = 1 << 26

  static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}
