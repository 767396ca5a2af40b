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
