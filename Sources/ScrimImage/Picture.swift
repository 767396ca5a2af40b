/// A picture in canonical pixels, row by row without slack: the output of a player.
public struct Picture: Hashable, Sendable {
  /// Pixels.
  public let width: Int
  public let height: Int
  /// `width × height` pixels.
  public var pixels: [Pixel]

  /// A picture of one colour.
  public init(width: Int, height: Int, filledWith colour: Pixel = 0) {
    precondition(width > 0 && height > 0, "a picture needs at least one pixel")
    self.width = width
    self.height = height
    pixels = [Pixel](repeating: colour, count: width * height)
  }

  public var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  /// The pixel at `x`, `y`, which must lie in the picture: 0x00RRGGBB.
  public subscript(x: Int, y: Int) -> Pixel {
    precondition(bounds.contains(x: x, y: y), "the pixel lies outside the picture")
    return pixels[y * width + x]
  }
}
