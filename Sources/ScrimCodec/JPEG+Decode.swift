import CScrimCodecs

extension JPEG {
  /// Decodes a picture: grey, YCbCr, RGB, CMYK or YCCK (as Adobe's programs invert it), sequential or progressive,
  /// Huffman or arithmetic, 8 bits a sample.
  ///
  /// - Parameter pixelLimit: pixels a picture may have; checked before memory is taken for them. A progressive one takes
  ///   up to 6 bytes a pixel while it is decoded, besides the 4 of its result.
  /// - Throws: ``CodecError``, for anything that is wrong with the bytes.
  public static func decode(
    _ bytes: Span<UInt8>, pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Image {
    var pixels: [UInt32] = []
    let info = try decode(bytes, into: &pixels, pixelLimit: pixelLimit)
    return Image(info: info, pixels: pixels)
  }

  /// Decodes a picture into an array whose memory is used again: it becomes `width × height` long, or empty where an
  /// error is thrown.
  public static func decode(
    _ bytes: Span<UInt8>, into pixels: inout [UInt32], pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Info {
    do throws(CodecError) {
      let header = try header(of: bytes)
      let count = try CodecLimit.pixelCount(
        .jpeg, width: header.width, height: header.height, limit: pixelLimit)
      pixels.resize(to: count)
      var facts = scrim_jpeg_facts()
      try unsafe pixels.withUnsafeMutableBufferPointer { target throws(CodecError) in
        try unsafe bytes.withUnsafeBufferPointer { source throws(CodecError) in
          try unsafe CodecError.check(.jpeg) { message in
            // `target` holds width × height words; both buffers are alive for the call, which keeps no pointer.
            unsafe scrim_jpeg_decode(
              source.baseAddress, source.count, UInt32(header.width), UInt32(header.height),
              target.baseAddress, &facts, message)
          }
        }
      }
      let colorSpace: ColorSpace =
        switch facts.space {
        case .SCRIM_JPEG_GRAY: .gray
        case .SCRIM_JPEG_YCBCR: .yCbCr
        case .SCRIM_JPEG_RGB: .rgb
        case .SCRIM_JPEG_CMYK: .cmyk
        case .SCRIM_JPEG_YCCK: .ycck
        }
      return Info(header: header, colorSpace: colorSpace, trailingBytes: facts.trailing)
    } catch {
      pixels.removeAll(keepingCapacity: true)
      throw error
    }
  }
}
