public import ScrimRedact

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

  /// For files of OCR engines that the user gave.
  public static let engineNote =
    "boxes are what an OCR engine read: text that it did not recognise is NOT masked; recall is not guaranteed"

  static func scaleNote(_ scale: Double) -> String {
    "boxes scaled: \(scale) pixels per unit"
  }
}
