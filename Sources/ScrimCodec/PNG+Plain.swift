import CScrimCodecs

/// Decodes the common forms of PNG without libpng: 8 bits per sample without tRNS, or a palette; not
/// interlaced. The pixels are the same, and files that libpng refuses are refused here too.
extension PNG {
  /// Decodes the picture as ``decode(_:into:as:sixteenBit:pixelLimit:)`` does; nil if it isn't of a common
  /// form. Its error messages are less exact than libpng's.
  ///
  /// - Parameters:
  ///   - pixels: gets `width × height` pixels, or none if an error is thrown.
  ///   - portable: whether to use plain C only, without processor-specific code.
  static func decodePlain(
    _ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk], into pixels: inout [UInt32],
    as form: PixelForm, count: Int, portable: Bool = false
  ) throws(CodecError) -> Info? {
    guard let plain = Plain(bytes, header, chunks) else { return nil }
    try checkSums(bytes, chunks)
    var isOpaque: Int32 = 0
    try pixels.append(addingCapacity: count) { target throws(CodecError) in
      try unsafe target.withUnsafeMutableBufferPointer { space, initialized throws(CodecError) in
        try unsafe plain.withData(of: bytes) { data, shape, message in
          // `space` has room for `count` words, all written on success, and outlives the call, which keeps no pointer.
          unsafe scrim_png_decode_plain(
            data.baseAddress, data.count, shape, form == .rgb ? .SCRIM_PNG_RGB : .SCRIM_PNG_ARGB,
            portable ? 1 : 0,
            space.baseAddress, &isOpaque, message)
        }
        initialized = count
      }
    }
    let hasAlpha = header.colorType == .grayAlpha || header.colorType == .rgba || plain.hasTransparency
    return Info(header: header, hasAlpha: hasAlpha, isOpaque: !hasAlpha || isOpaque != 0)
  }

  /// Decodes a file that has only IHDR, IDAT and IEND and 8 bits per sample, and compares it with the given
  /// pixels. Allocates no memory for a second picture.
  ///
  /// - Parameter pixels: `width × height` words, row by row; high bytes count if the file has alpha.
  /// - Returns: whether they are equal; false for a file of another form or size.
  /// - Throws: ``CodecError``, for anything that is wrong with the bytes.
  public static func shows(
    _ bytes: Span<UInt8>, exactly pixels: Span<UInt32>, width: Int, height: Int
  ) throws(CodecError) -> Bool {
    let header = try header(of: bytes)
    let chunks = try chunks(of: bytes)
    guard header.width == width, header.height == height, pixels.count == width * height,
      chunks.allSatisfy({ ["IHDR", "IDAT", "IEND"].contains($0.name) }),
      let plain = Plain(bytes, header, chunks), plain.canBeCompared
    else { return false }
    try checkSums(bytes, chunks)
    var isEqual: Int32 = 0
    try unsafe plain.withData(of: bytes) { data, shape, message in
      unsafe pixels.withUnsafeBufferPointer { pixels in
        // `pixels` holds as many words as the shape has pixels (checked above), and outlives the call,
        // which keeps no pointer.
        unsafe scrim_png_compare_plain(
          data.baseAddress, data.count, shape, pixels.baseAddress, &isEqual, message)
      }
    }
    return isEqual != 0
  }

  /// Checks every chunk's checksum.
  private static func checkSums(_ bytes: Span<UInt8>, _ chunks: [Chunk]) throws(CodecError) {
    for chunk in chunks {
      let sum = checksum(bytes.extracting(chunk.content.lowerBound - 4..<chunk.content.upperBound))
      guard bytes.number(at: chunk.content.upperBound, size: 4) == Int(sum) else {
        throw CodecError(.png, .damaged, "chunk \(chunk.name) has a wrong checksum")
      }
    }
  }

  /// A file that is known to have a common form.
  private struct Plain {
    private let header: Header
    private let channels: Int32
    private let parts: [Range<Int>]
    /// Words `0xAARRGGBB`; empty without a palette.
    private var palette: [UInt32] = []
    private var colorCount = 0
    private(set) var hasTransparency = false

    var canBeCompared: Bool { palette.isEmpty && header.colorType != .grayAlpha }

    /// Nil unless the file has IHDR, then PLTE and tRNS if there is a palette, one run of IDAT, and IEND,
    /// in this order, and besides them only ancillary chunks, which libpng is also set to skip.
    init?(_ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk]) {
      self.header = header
      let isIndexed = header.colorType == .palette
      channels = Int32(header.colorType.samples)
      guard !header.isInterlaced, isIndexed || header.bitDepth == 8 else { return nil }
      var runs = 0
      var previous = ""
      var parts: [Range<Int>] = []
      for (index, chunk) in chunks.enumerated() {
        switch chunk.name {
        case "IHDR": guard index == 0 else { return nil }
        case "IDAT":
          if previous != "IDAT" { runs += 1 }
          if !chunk.content.isEmpty { parts.append(chunk.content) }
        case "IEND": guard chunk.content.isEmpty else { return nil }
        case "PLTE":
          let count = chunk.content.count / 3
          guard isIndexed, runs == 0, palette.isEmpty, chunk.content.count == count * 3,
            (1...1 << header.bitDepth).contains(count)
          else { return nil }
          colorCount = count
          palette = [UInt32](repeating: 0, count: 256)
          for color in 0..<count {
            palette[color] =
              0xFF00_0000 | UInt32(bytes.number(at: chunk.content.lowerBound + color * 3, size: 3))
          }
        case "tRNS":
          guard runs == 0, !hasTransparency, (1...max(colorCount, 1)).contains(chunk.content.count),
            colorCount > 0
          else { return nil }
          hasTransparency = true
          for (color, place) in chunk.content.enumerated() {
            palette[color] = palette[color] & 0x00FF_FFFF | UInt32(bytes[place]) << 24
          }
        default:
          guard let first = chunk.name.utf8.first, first & 0x20 != 0, !chunk.name.utf8.contains(0x3F) else {
            return nil
          }
        }
        previous = chunk.name
      }
      // Only libpng checks a window smaller than deflate's largest.
      guard runs == 1, palette.isEmpty != isIndexed, let first = parts.first, bytes[first.lowerBound] == 0x78
      else { return nil }
      self.parts = parts
    }

    /// Calls `body` with the joined image data.
    func withData(
      of bytes: Span<UInt8>,
      _ body: (
        _ data: UnsafeBufferPointer<UInt8>, _ shape: UnsafePointer<scrim_png_shape>,
        _ message: UnsafeMutablePointer<CChar>
      ) -> scrim_status
    ) throws(CodecError) {
      var joined: [UInt8] = []
      if parts.count > 1 {
        joined.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts {
          unsafe bytes.extracting(part).withUnsafeBufferPointer { unsafe joined.append(contentsOf: $0) }
        }
      }
      try unsafe palette.withUnsafeBufferPointer { palette throws(CodecError) in
        var shape = unsafe scrim_png_shape(
          width: UInt32(header.width), height: UInt32(header.height), channels: channels,
          depth: Int32(header.bitDepth), palette: palette.isEmpty ? nil : palette.baseAddress,
          palette_count: Int32(colorCount))
        func run(_ data: Span<UInt8>) throws(CodecError) {
          try unsafe data.withUnsafeBufferPointer { data throws(CodecError) in
            // The bytes, the shape and its palette of 256 words outlive the call.
            try unsafe CodecError.check(.png) { message in unsafe body(data, &shape, message) }
          }
        }
        if parts.count == 1 { try run(bytes.extracting(parts[0])) } else { try run(joined.span) }
      }
    }
  }

  /// Encodes pixels as ``encode(_:width:height:as:level:filter:)`` does, with ISA-L's igzip: several times
  /// as fast as zlib's level 1, and a little larger. Rows of photographs are filtered. Equal input nearly
  /// always gives equal bytes, on processors of one kind: of some hundred runs over 40 pictures, one had
  /// two files with different bytes that decoded to the same pixels. So compare pixels
  /// (``shows(_:exactly:width:height:)``), not bytes.
  public static func encodeFast(
    _ pixels: Span<UInt32>, width: Int, height: Int, as encoding: Encoding = .rgb8
  ) throws(CodecError) -> [UInt8] {
    precondition((1...Int(Int32.max)).contains(width) && (1...Int(Int32.max)).contains(height))
    precondition(pixels.count == width * height, "a picture needs width × height pixels")
    let (color, type): (scrim_png_color, ColorType) =
      switch encoding {
      case .rgb8: (.SCRIM_PNG_COLOR_RGB8, .rgb)
      case .rgba8: (.SCRIM_PNG_COLOR_RGBA8, .rgba)
      case .gray8: (.SCRIM_PNG_COLOR_GRAY8, .gray)
      }
    let data = try unsafe CodecError.encode(.png) { out, count, message in
      unsafe pixels.withUnsafeBufferPointer { source in
        // `source` holds width × height words (checked above) and is alive for the call, which keeps no pointer.
        unsafe scrim_png_encode_plain(
          source.baseAddress, UInt32(width), UInt32(height), color, out, count, message)
      }
    }
    guard data.count <= Int(Int32.max) else {
      throw CodecError(.png, .unsupported, "\(data.count) bytes are more than a chunk can hold")
    }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file.reserveCapacity(data.count + 57)
    append("IHDR", bigEndian(width) + bigEndian(height) + [8, type.rawValue, 0, 0, 0], to: &file)
    append("IDAT", data, to: &file)
    append("IEND", [], to: &file)
    return file
  }

  static func append(_ name: String, _ content: [UInt8], to file: inout [UInt8]) {
    file += bigEndian(content.count)
    let start = file.count
    file += name.utf8
    file += content
    let sum = checksum(file.span.extracting(start..<file.count))
    file += bigEndian(Int(sum))
  }

  private static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    // The bytes are alive for the call, which keeps no pointer.
    unsafe bytes.withUnsafeBufferPointer { unsafe scrim_crc32($0.baseAddress, $0.count) }
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
