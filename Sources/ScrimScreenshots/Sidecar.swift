public import ScrimRedact

/// The picture in whose coordinates boxes are given.
public enum BoxSpace: String, CaseIterable, Sendable {
  /// The picture as displayed, rotated according to its Exif orientation.
  case displayed
  /// The picture as stored in its file.
  case stored
  /// One of the two, unknown which: both places are masked.
  case either
}

/// The boxes of one image, in any format.
public struct Sidecar: Sendable {
  public var tree: WidgetTree
  /// Size in pixels of the picture to which the boxes refer, in `space`; nil if the format doesn't contain
  /// it.
  public var size: PixelSize?
  public var space: BoxSpace
  /// Whether pixels that no widget claims are unknown rather than irrelevant.
  public var describesWholeWindows: Bool
  /// The name of the format, for the report.
  public var format: String
  /// Notes for the report about how the boxes were interpreted.
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
    "Exif rotates the picture, and its boxes don't say whether they refer to the stored or the displayed picture; both places are masked (--box-space decides)"

  static func scaleNote(_ scale: Double) -> String {
    "boxes scaled: \(scale) pixels per unit"
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

/// Why a file of boxes can't be used. Describes the file's structure, never a widget's name or text.
package struct SidecarIssue: Error, Hashable, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}

/// Facts about the image for a reader of boxes.
package struct SidecarRequest: Sendable {
  /// Path below the input folder, its parts joined by slashes.
  package var image: String
  /// Size in pixels as stored, and as displayed.
  package var stored: PixelSize
  package var displayed: PixelSize
  /// Whether Exif rotates or mirrors the picture.
  package var isTurned: Bool
  /// Bytes of the image's file; nil if it has none.
  package var byteCount: Int?
  /// Pixels of the picture per unit of the boxes, if the user gave it; nil uses the file's.
  package var boxScale: Double?
  /// The picture in which the boxes are counted, if the user gave it; nil uses the file's.
  package var boxSpace: BoxSpace?

  package init(
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

  /// The space of boxes whose format gives at most the size of their picture; nil if the size is another
  /// picture's.
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
