public struct PixelSize: Hashable, Sendable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  public var description: String { "\(width)x\(height)" }
  var turned: PixelSize { PixelSize(width: height, height: width) }
}

/// The size of a screen or page in units of its boxes.
struct PointSize: CustomStringConvertible {
  var width: Double
  var height: Double

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  init(_ size: PixelSize) { self.init(width: Double(size.width), height: Double(size.height)) }

  var description: String { "\(width)x\(height)" }

  /// Pixels per unit, if there is a scale at which both sides equal the picture's to within a pixel:
  /// browsers round each side separately.
  func scale(to size: PixelSize) -> Double? {
    guard width > 0, height > 0 else { return nil }
    let (sideX, sideY) = (Double(size.width), Double(size.height))
    // The longer side gives the most exact scale.
    let both = width > height ? [sideX / width, sideY / height] : [sideY / height, sideX / width]
    return both.first { fits(size, at: $0) }
  }

  /// Whether a browser's viewport of this size matches the picture at a scale. Pages see whole units,
  /// truncated or rounded: 411 instead of 411.43 at 2.625 is 1080.
  func isViewport(of size: PixelSize, at scale: Double) -> Bool {
    [(width, size.width), (height, size.height)].allSatisfy { side, pixels in
      (-1...max(1, scale)).contains(Double(pixels) - side * scale)
    }
  }

  /// Whether both sides equal the picture's to within a pixel.
  func fits(_ size: PixelSize, at scale: Double) -> Bool {
    abs(width * scale - Double(size.width)) <= 1 && abs(height * scale - Double(size.height)) <= 1
  }
}
