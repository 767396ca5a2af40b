import CScrimCodecs

extension JPEG {
  /// Maximum side length in pixels that libjpeg writes.
  public static let sideLimit = 65500

  /// Encodes pixels as a baseline JFIF file without comments or metadata. Equal input gives equal bytes.
  ///
  /// - Parameters:
  ///   - pixels: `width × height` pixels, row by row; the high byte of each is ignored. Each side at most ``sideLimit``.
  ///   - quality: 1 (smallest) to 100 (closest).
  ///   - optimized: whether Huffman tables are made for this picture: smaller, especially for small
  ///     pictures, and slower.
  /// - Throws: ``CodecError`` with the fault `outOfMemory`, or `unsupported` for a side over ``sideLimit``.
  public static func encode(
    _ pixels: Span<UInt32>, width: Int, height: Int, quality: Int, chroma: Chroma = .quarter,
    optimized: Bool = true
  ) throws(CodecError) -> [UInt8] {
    precondition(width > 0 && height > 0, "a picture needs at least one pixel")
    precondition((1...100).contains(quality), "JPEG has qualities 1 to 100")
    guard width <= sideLimit, height <= sideLimit else {
      throw CodecError(
        .jpeg, .unsupported, "\(width)x\(height) pixels, at most \(sideLimit) a side can be written")
    }
    precondition(pixels.count == width * height, "a picture needs width × height pixels")
    let (chromaX, chromaY): (Int32, Int32) =
      switch chroma {
      case .full: (1, 1)
      case .halfWidth: (2, 1)
      case .quarter: (2, 2)
      }
    return try unsafe CodecError.encode(.jpeg) { out, count, message in
      unsafe pixels.withUnsafeBufferPointer { source in
        // `source` holds width × height words (checked above) and is alive for the call, which keeps no pointer.
        unsafe scrim_jpeg_encode(
          source.baseAddress, UInt32(width), UInt32(height), Int32(quality), chromaX, chromaY,
          optimized ? 1 : 0, out, count, message)
      }
    }
  }
}
