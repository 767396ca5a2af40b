import CScrimCodecs

extension JPEG {
  /// Decodes a picture: grey, YCbCr, RGB, CMYK or YCCK (inverted, as Adobe's programs write it), sequential
  /// or progressive, Huffman or arithmetic, 8 bits per sample.
  ///
  /// - Parameters:
  ///   - upsampling: how subsampled chroma becomes pixels.
  ///   - keepsInk: whether pixels of CMYK and YCCK become words `0xKKYYMMCC`, 255 for full ink, to be
  ///     converted by a profile (``ColorProfile/convertInkToSRGB(_:from:)``); otherwise they become RGB by
  ///     multiplication.
  ///   - pixelLimit: maximum number of pixels; checked before memory is allocated for them. A progressive
  ///     picture takes up to 6 bytes per pixel during decoding, besides the 4 of its result.
  /// - Throws: ``CodecError``, for anything that is wrong with the bytes.
  public static func decode(
    _ bytes: Span<UInt8>, upsampling: Upsampling = .smooth, keepsInk: Bool = false,
    pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Image {
    var pixels: [UInt32] = []
    let info = try decode(
      bytes, into: &pixels, upsampling: upsampling, keepsInk: keepsInk, pixelLimit: pixelLimit)
    return Image(info: info, pixels: pixels)
  }

  /// Decodes a picture into an array whose memory is reused: its count becomes `width × height`, or 0 if an
  /// error is thrown.
  public static func decode(
    _ bytes: Span<UInt8>, into pixels: inout [UInt32], upsampling: Upsampling = .smooth,
    keepsInk: Bool = false, pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Info {
    pixels.removeAll(keepingCapacity: true)
    let header = try header(of: bytes)
    let count = try CodecLimit.pixelCount(
      .jpeg, width: header.width, height: header.height, limit: pixelLimit)
    var facts = scrim_jpeg_facts()
    try pixels.append(addingCapacity: count) { target throws(CodecError) in
      try unsafe target.withUnsafeMutableBufferPointer { space, initialized throws(CodecError) in
        try unsafe bytes.withUnsafeBufferPointer { source throws(CodecError) in
          try unsafe CodecError.check(.jpeg) { message in
            // `space` has room for `count` words, all written on success; both buffers outlive the call, which keeps
            // no pointer.
            unsafe scrim_jpeg_decode(
              source.baseAddress, source.count, UInt32(header.width), UInt32(header.height),
              upsampling == .withinBlocks ? 1 : 0, keepsInk ? 1 : 0, space.baseAddress, &facts, message)
          }
        }
        initialized = count
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
    return Info(
      header: header, colorSpace: colorSpace, trailingBytes: facts.trailing,
      blockWidth: Int(facts.mcu_width), blockHeight: Int(facts.mcu_height))
  }
}
