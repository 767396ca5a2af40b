import CScrimCodecs

extension JPEG {
  /// Decodes a picture: grey, YCbCr, RGB, CMYK or YCCK (as Adobe's programs invert it), sequential or progressive,
  /// Huffman or arithmetic, 8 bits a sample.
  ///
  /// - Parameters:
  ///   - upsampling: how samples of colour that several pixels share become pixels.
  ///   - keepsInk: whether pixels of CMYK and YCCK become words `0xKKYYMMCC`, 255 for full ink, for a profile to convert
  ///     (``ColorProfile/convertInkToSRGB(_:from:)``); without, they become RGB by multiplication.
  ///   - pixelLimit: pixels a picture may have; checked before memory is taken for them. A progressive one takes
  ///     up to 6 bytes a pixel while it is decoded, besides the 4 of its result.
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

  /// Decodes a picture into an array whose memory is used again: it becomes `width × height` long, or empty where an
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
