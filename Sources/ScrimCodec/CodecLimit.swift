/// Default limits, if a caller gives none.
public enum CodecLimit {
  /// Pixels of one picture: 1 GiB once decoded.
  public static let pixels = 1 << 28

  /// The number of pixels of a picture, if it is within `limit` so that memory may be allocated for it.
  static func pixelCount(
    _ format: CodecError.Format, width: Int, height: Int, limit: Int
  ) throws(CodecError) -> Int {
    let (count, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, count <= limit, count <= 1 << 40 else {
      throw CodecError(
        format, .overLimit, "the picture has \(width)x\(height) pixels, at most \(limit) are allowed")
    }
    return count
  }
}
