public import ScrimRedact

/// In which picture boxes are counted.
public enum BoxSpace: String, CaseIterable, Sendable {
  /// The picture as it is looked at, turned as its Exif orientation says.
  case displayed
  /// The picture as its file stores it.
  case stored
  /// One of the two, nobody says which: both places are masked.
  case either
}

/// The boxes of one image, whatever format they came in.
public struct Sidecar: Sendable {
  public var tree: WidgetTree
  /// Pixels of the picture that the boxes are of, counted in `space`; nil where the format doesn't say.
  public var size: PixelSize?
  public var space: BoxSpace
  /// Whether what no widget claims is unknown rather than of no interest.
  public var describesWholeWindows: Bool
  /// The name of the format, for the report.
  public var format: String
  /// What the report says of how the boxes were understood.
  public var notes: [String] = []

  public init(
    tree: WidgetTree, size: PixelSize?, space: BoxSpace = .displayed, describesWholeWindows: Bool,
    format: String
  ) {
    self.tree = tree
    self.size = size
    self.space = space
    self.describesWholeWindows = describesWholeWindows
    self.format = format
  }

  static let eitherNote =
    "Exif turns the picture, and its boxes don't say whether they are of it as stored or as turned; both places are masked (--box-space decides)"

  static func scaleNote(_ scale: Double) -> String {
    "boxes scaled: \(scale) pixels each unit"
  }
}

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

  /// Pixels a unit, if there is a scale that makes both sides the picture's to within a pixel: browsers round each by itself.
  func scale(to size: PixelSize) -> Double? {
    guard width > 0, height > 0 else { return nil }
    let (sideX, sideY) = (Double(size.width), Double(size.height))
    // The longer side says it most exactly.
    let both = width > height ? [sideX / width, sideY / height] : [sideY / height, sideX / width]
    return both.first { fits(size, at: $0) }
  }

  /// Whether a browser's viewport of this size is the picture's at a scale. Pages are told whole units, cut or rounded: 411 of 411.43
  /// at 2.625 is 1080.
  func isViewport(of size: PixelSize, at scale: Double) -> Bool {
    [(width, size.width), (height, size.height)].allSatisfy { side, pixels in
      (-1...max(1, scale)).contains(Double(pixels) - side * scale)
    }
  }

  /// Whether both sides are the picture's to within a pixel.
  func fits(_ size: PixelSize, at scale: Double) -> Bool {
    abs(width * scale - Double(size.width)) <= 1 && abs(height * scale - Double(size.height)) <= 1
  }
}

/// Why the boxes of an image can't be had although a file for them is there. Speaks of the file's structure, never of
/// a widget's name or text.
public struct SidecarFault: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// What a reader of boxes may know of the image.
public struct SidecarRequest: Sendable {
  /// Path below the input folder, its parts joined by slashes.
  public var image: String
  /// Pixels as stored, and as displayed.
  public var stored: PixelSize
  public var displayed: PixelSize
  /// Whether Exif turns or mirrors the picture.
  public var isTurned: Bool
  /// Bytes of the image's file; nil where it has none.
  public var byteCount: Int?
  /// Pixels of the picture per unit of the boxes where the user said so; nil leaves it to the file.
  public var boxScale: Double?
  /// In which picture the boxes are counted where the user said so; nil leaves it to the file.
  public var boxSpace: BoxSpace?

  public init(
    image: String, stored: PixelSize, displayed: PixelSize, isTurned: Bool = false, byteCount: Int? = nil,
    boxScale: Double? = nil, boxSpace: BoxSpace? = nil
  ) {
    self.image = image
    self.stored = stored
    self.displayed = displayed
    self.isTurned = isTurned
    self.byteCount = byteCount
    self.boxScale = boxScale
    self.boxSpace = boxSpace
  }

  /// The image's name in its folder.
  var name: String { image.split(separator: "/").last.map(String.init) ?? image }

  /// Where boxes are counted of which the format says no more than the size of their picture, or not even that; nil where the
  /// size is another picture's.
  func space(of size: PixelSize?) -> BoxSpace? {
    guard isTurned else { return size ?? displayed == displayed ? .displayed : nil }
    let fits = [(BoxSpace.displayed, displayed), (.stored, stored)].filter { size ?? $0.1 == $0.1 }.map(\.0)
    if let boxSpace {
      if boxSpace == .either { return fits.isEmpty ? nil : fits.count == 2 ? .either : fits[0] }
      return fits.contains(boxSpace) ? boxSpace : nil
    }
    return fits.count == 2 ? .either : fits.first
  }
}
