import ScrimCodec
import ScrimImage
import ScrimRedact

/// The lossless pictures of a capture.
enum ImageFile {
  /// The frame that a PNG file holds.
  ///
  /// A frame is opaque and has 8 bits a channel: whatever else a PNG can say is refused, since recording it would lose
  /// something in silence.
  static func frame(
    from bytes: [UInt8], path: String, width: Int, height: Int
  ) -> Result<Frame, CaptureFault> {
    func failure(_ message: String) -> Result<Frame, CaptureFault> {
      .failure(CaptureFault(place: path, message: message))
    }
    do {
      let header = try PNG.header(of: bytes.span)
      guard header.width == width, header.height == height else {
        return failure(
          "the image is \(header.width)x\(header.height), capture.json says \(width)x\(height)")
      }
      let image = try PNG.decode(bytes.span, pixelLimit: width * height)
      guard image.info.isOpaque else {
        return failure(
          "the image has transparent pixels; a frame is what a screen showed, so it is opaque. ImageMagick lays it on black, and shows nothing that was hidden: convert in.png -background black -alpha remove -alpha off out.png"
        )
      }
      return .success(Frame(width: width, height: height, pixels: image.pixels))
    } catch {
      return failure("\(error)")
    }
  }
}
