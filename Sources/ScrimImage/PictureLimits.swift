/// Size limits of a picture that can be recorded, from Format.md.
public enum PictureLimits {
  /// Upper bound of the width and of the height, in pixels.
  public static let side = 1 << 15
  /// Upper bound of width × height, in pixels.
  public static let pixels = 1 << 26

  /// Whether a picture of that size can be recorded.
  public static func allow(width: Int, height: Int) -> Bool {
    (1...side).contains(width) && (1...side).contains(height) && width * height <= pixels
  }
}
