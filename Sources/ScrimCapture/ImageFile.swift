import ScrimCodec
import ScrimImage
import ScrimRedact

/// Reads the lossless pictures of a capture.
enum ImageFile {
  /// Reads the frame in a PNG file.
  ///
  /// A frame is opaque and has 8 bits per channel: any other PNG is refused, since recording it would lose
  /// information silently.
  static func frame(
    from bytes: [UInt8], path: String, width: Int, height: Int
  ) -> Result<Frame, CaptureIssue> {
    func failure(_ message: String) -> Result<Frame, CaptureIssue> {
      .failure(CaptureIssue(place: path, message: message))
    }
    do {
      let header = try PNG.header(of: bytes.span)
      guard header.width == width, header.height == height else {
        return failure(
          "the image is \(header.width)x\(header.height), but capture.json gives \(width)x\(height)")
      }
      let image = try PNG.decode(bytes.span, pixelLimit: width * height)
      guard image.info.isOpaque else {
        return failure(
          "the image has transparent pixels; a frame shows a screen, so it must be opaque. ImageMagick puts it on black without revealing hidden pixels: convert in.png -background black -alpha remove -alpha off out.png"
        )
      }
      return .success(Frame(width: width, height: height, pixels: image.pixels))
    } catch {
      return failure("\(error)")
    }
  }
}
