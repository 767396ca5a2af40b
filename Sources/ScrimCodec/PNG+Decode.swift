import CScrimCodecs

extension PNG {
  /// Decodes a picture.
  ///
  /// - Parameters:
  ///   - form: layout of a pixel's 32 bits.
  ///   - sixteenBit: how to treat 16-bit samples.
  ///   - pixelLimit: maximum number of pixels; checked before memory is allocated for them.
  /// - Throws: ``CodecError``, for anything that is wrong with the bytes.
  public static func decode(
    _ bytes: Span<UInt8>, as form: PixelForm = .rgb, sixteenBit: SixteenBit = .refuse,
    pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Image {
    var pixels: [UInt32] = []
    let info = try decode(bytes, into: &pixels, as: form, sixteenBit: sixteenBit, pixelLimit: pixelLimit)
    return Image(info: info, pixels: pixels)
  }

  /// Decodes a picture into an array whose memory is reused: its count becomes `width × height`, or 0 if an
  /// error is thrown.
  public static func decode(
    _ bytes: Span<UInt8>, into pixels: inout [UInt32], as form: PixelForm = .rgb,
    sixteenBit: SixteenBit = .refuse, pixelLimit: Int = CodecLimit.pixels
  ) throws(CodecError) -> Info {
    pixels.removeAll(keepingCapacity: true)
    let header = try header(of: bytes)
    if header.bitDepth == 16, case .refuse = sixteenBit {
      throw CodecError(
        .png, .unsupported,
        "the samples have 16 bits; write it with 8 (ImageMagick: convert in.png -depth 8 out.png)")
    }
    let count = try CodecLimit.pixelCount(.png, width: header.width, height: header.height, limit: pixelLimit)
    let chunks = try chunks(of: bytes)
    // libpng reports what is wrong with a file.
    let plain = try? decodePlain(bytes, header, chunks, into: &pixels, as: form, count: count)
    if let plain { return plain }
    pixels.removeAll(keepingCapacity: true)
    return try decodeWithLibPNG(bytes, header, chunks, into: &pixels, as: form, count: count)
  }

  /// Decodes a picture of any form, whose header has been checked.
  static func decodeWithLibPNG(
    _ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk], into pixels: inout [UInt32],
    as form: PixelForm,
    count: Int
  ) throws(CodecError) -> Info {
    if chunks.count(where: { $0.name == "iCCP" }) > 1 {
      // Profiles change no stored value, and libpng treats a second one as damage.
      let fewer = withoutRepeatedProfiles(bytes, chunks)
      return try decodeWithLibPNG(
        fewer.span, header, try self.chunks(of: fewer.span), into: &pixels, as: form, count: count)
    }
    var facts = scrim_png_facts()
    try pixels.append(addingCapacity: count) { target throws(CodecError) in
      try unsafe target.withUnsafeMutableBufferPointer { space, initialized throws(CodecError) in
        // `space` has room for `count` words, and `run` has written all of them unless it throws.
        facts = try unsafe run(
          bytes, header, chunks, form: form == .rgb ? .SCRIM_PNG_RGB : .SCRIM_PNG_ARGB,
          rows: UnsafeMutableRawPointer(space.baseAddress))
        initialized = count
      }
    }
    return Info(header: header, facts: facts)
  }

  private static func withoutRepeatedProfiles(_ bytes: Span<UInt8>, _ chunks: [Chunk]) -> [UInt8] {
    var kept = Array(0..<8)
    var hasProfile = false
    for chunk in chunks {
      if chunk.name == "iCCP", hasProfile { continue }
      if chunk.name == "iCCP" { hasProfile = true }
      kept += chunk.content.lowerBound - 8..<chunk.content.upperBound + 4
    }
    return kept.map { bytes[$0] }
  }

  /// - Parameter rows: room for `width × height` words.
  private static func run(
    _ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk], form: scrim_png_form,
    rows: UnsafeMutableRawPointer?
  ) throws(CodecError) -> scrim_png_facts {
    var facts = scrim_png_facts()
    try unsafe bytes.withUnsafeBufferPointer { source throws(CodecError) in
      try unsafe CodecError.check(.png) { message in
        // `source` is alive for the call, which keeps no pointer; the header has bounded both sides to 31 bits.
        unsafe scrim_png_decode(
          source.baseAddress, source.count, form, UInt32(header.width),
          UInt32(header.height),
          rows, &facts, message)
      }
    }
    try checkImageData(bytes, header, chunks)
    return facts
  }

  /// Checks that all IDAT chunks together are one zlib stream of exactly the rows that the header promises:
  /// libpng stops after the last row, and so accepts a cut checksum and further chunks.
  private static func checkImageData(
    _ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk]
  ) throws(CodecError) {
    var rest = header.imageDataSize
    do throws(CodecError) {
      var inflater = try Inflater(wrapper: .zlib)
      var rows: [UInt8] = []
      for chunk in chunks where chunk.name == "IDAT" {
        // In pieces, so that the output of each stays small.
        for start in stride(from: chunk.content.lowerBound, to: chunk.content.upperBound, by: 4096) {
          let piece = start..<min(start + 4096, chunk.content.upperBound)
          try inflater.append(bytes.extracting(piece), to: &rows, limit: rest)
          rest -= rows.count
          rows.removeAll(keepingCapacity: true)
        }
      }
      try inflater.finish()
    } catch {
      throw CodecError(.png, .damaged, "image data continues after the end of the image")
    }
    guard rest == 0 else { throw CodecError(.png, .truncated, "the image data ends before the last row") }
  }
}

extension PNG.Header {
  /// Bytes of all rows with their filter bytes, in all passes if the image is interlaced.
  fileprivate var imageDataSize: Int {
    let bits = bitDepth * colorType.samples
    let passes =
      isInterlaced
      ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
      : [(0, 0, 1, 1)]
    return passes.reduce(0) { sum, pass in
      let columns = max(0, (width - pass.0 + pass.2 - 1) / pass.2)
      let rows = max(0, (height - pass.1 + pass.3 - 1) / pass.3)
      return columns == 0 ? sum : sum + rows * ((columns * bits + 7) / 8 + 1)
    }
  }
}

extension PNG.Info {
  fileprivate init(header: PNG.Header, facts: scrim_png_facts) {
    self.init(header: header, hasAlpha: facts.has_alpha != 0, isOpaque: facts.is_opaque != 0)
  }
}
