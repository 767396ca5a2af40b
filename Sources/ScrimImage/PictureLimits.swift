/// Size limits of a picture that can be recorded, from Format.md.
package enum PictureLimits {
  /// Upper bound of the width and of the height, in pixels.
  package static let side = 1 << 15
  /// Upper bound of width × height, in pixels.
  package static let pixels = 1 << 26

  /// Whether a picture of that size can be recorded.
  package static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}
