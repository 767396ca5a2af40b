import ScrimImage

extension PixelFormat {
  /// The pixel format from the description of an X server or framebuffer device.
  ///
  /// - Parameters:
  ///   - isGray: whether an 8-bit pixel is a shade of grey, not a palette index.
  ///   - masks: the bits of a pixel, read as a number in the given byte order, for each colour.
  init(
    bitsPerPixel: Int, isBigEndian: Bool, isGray: Bool, masks: (red: Int, green: Int, blue: Int)
  ) throws(UnreadablePixels) {
    switch (bitsPerPixel, isBigEndian, masks.red, masks.green, masks.blue) {
    case (32, false, 0xFF0000, 0xFF00, 0xFF): self = .bgrx
    case (32, false, 0xFF, 0xFF00, 0xFF0000): self = .rgbx
    case (32, true, 0xFF0000, 0xFF00, 0xFF): self = .xrgb
    case (24, false, 0xFF0000, 0xFF00, 0xFF), (24, true, 0xFF, 0xFF00, 0xFF0000): self = .bgr24
    case (24, true, 0xFF0000, 0xFF00, 0xFF), (24, false, 0xFF, 0xFF00, 0xFF0000): self = .rgb24
    case (16, false, 0xF800, 0x7E0, 0x1F): self = .rgb565
    case (16, false, 0x7C00, 0x3E0, 0x1F): self = .rgb555
    case (8, _, _, _, _) where isGray: self = .gray8
    default: throw UnreadablePixels(bitsPerPixel: bitsPerPixel, masks: [masks.red, masks.green, masks.blue])
    }
  }
}

/// A pixel layout that no format describes.
struct UnreadablePixels: Error, CustomStringConvertible {
  var bitsPerPixel: Int
  var masks: [Int]

  var description: String {
    "\(kind) can't be read; use a true-colour screen of depth 24 (Xvfb -screen 0 1280x800x24; for other servers, DefaultDepth 24), or convert a file: convert IN.xwd -depth 8 -type TrueColor OUT.xwd"
  }

  private var kind: String {
    if bitsPerPixel <= 8, masks.allSatisfy({ $0 == 0 }) {
      return "pixels of \(bitsPerPixel) bits that are indexes of a palette"
    }
    if masks.contains(where: { $0.nonzeroBitCount > 8 }) {
      let bits = masks.map { String($0.nonzeroBitCount) }.joined(separator: ", ")
      return "colours of more than 8 bits (\(bits)) would lose some, and"
    }
    let hex = masks.map { String($0, radix: 16) }.joined(separator: ", ")
    return "pixels of \(bitsPerPixel) bits with the masks \(hex)"
  }
}
