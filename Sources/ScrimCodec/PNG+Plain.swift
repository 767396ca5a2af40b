import CScrimCodecs

/// The common forms of PNG without libpng: 8 bits, not interlaced, no tRNS, no chunk whose content libpng could find
/// wrong. Pixels are the same, and what libpng refuses is refused here too.
extension PNG {
  /// Decodes the picture as ``decode(_:into:as:sixteenBit:pixelLimit:)`` does; nil where it isn't of a common form.
  /// An error's words are less exact than libpng's.
  ///
  /// - Parameter pixels: becomes `width × height` long, or empty where an error is thrown.
  static func decodePlain(
    _ bytes: Span<UInt8>, _ header: Header, _ chunks: [Chunk], into pixels: inout [UInt32],
    as form: PixelForm,
    count: Int
  ) throws(CodecError) -> Info? {
    let channels: Int32
    switch header.colorType {
    case .gray: channels = 1
    case .rgb: channels = 3
    case .rgba where form == .argb: channels = 4
    case .rgba, .palette, .grayAlpha: return nil
    }
    guard header.bitDepth == 8, !header.isInterlaced, isPlain(chunks) else { return nil }
    for chunk in chunks {
      let sum = checksum(bytes.extracting(chunk.content.lowerBound - 4..<chunk.content.upperBound))
      guard bytes.number(at: chunk.content.upperBound, size: 4) == Int(sum) else {
        throw CodecError(.png, .damaged, "chunk \(chunk.name) has a wrong checksum")
      }
    }
    let parts = chunks.filter { $0.name == "IDAT" && !$0.content.isEmpty }
    // A smaller window than deflate's largest is libpng's to check.
    guard let first = parts.first, bytes[first.content.lowerBound] == 0x78 else { return nil }
    var joined: [UInt8] = []
    if parts.count > 1 {
      joined.reserveCapacity(parts.reduce(0) { $0 + $1.content.count })
      for part in parts {
        unsafe bytes.extracting(part.content).withUnsafeBufferPointer { unsafe joined.append(contentsOf: $0) }
      }
    }
    let isOpaque =
      parts.count == 1
      ? try unpack(bytes.extracting(first.content), header, channels, into: &pixels, count: count)
      : try unpack(joined.span, header, channels, into: &pixels, count: count)
    if form == .argb, channels != 4 { for index in pixels.indices { pixels[index] |= 0xFF00_0000 } }
    return Info(header: header, hasAlpha: channels == 4, isOpaque: channels != 4 || isOpaque)
  }

  /// Decodes joined image data; returns whether the alpha of every pixel is full.
  private static func unpack(
    _ data: Span<UInt8>, _ header: Header, _ channels: Int32, into pixels: inout [UInt32], count: Int
  ) throws(CodecError) -> Bool {
    var isOpaque: Int32 = 0
    try pixels.append(addingCapacity: count) { target throws(CodecError) in
      try unsafe target.withUnsafeMutableBufferPointer { space, initialized throws(CodecError) in
        try unsafe data.withUnsafeBufferPointer { source throws(CodecError) in
          try unsafe CodecError.check(.png) { message in
            // `space` has room for `count` words, all written on success; both buffers outlive the call, which keeps
            // no pointer.
            unsafe scrim_png_decode_plain(
              source.baseAddress, source.count, channels, UInt32(header.width), UInt32(header.height),
              space.baseAddress, &isOpaque, message)
          }
        }
        initialized = count
      }
    }
    return isOpaque != 0
  }

  /// IHDR, one run of IDAT chunks, IEND, and nothing else.
  private static func isPlain(_ chunks: [Chunk]) -> Bool {
    var runs = 0
    var previous = ""
    for (index, chunk) in chunks.enumerated() {
      switch chunk.name {
      case "IHDR": guard index == 0 else { return false }
      case "IDAT": if previous != "IDAT" { runs += 1 }
      case "IEND": guard chunk.content.isEmpty else { return false }
      default: return false
      }
      previous = chunk.name
    }
    return runs == 1
  }

  /// Encodes pixels as ``encode(_:width:height:as:level:filter:)`` does without filters, with ISA-L's igzip: several
  /// times as fast as zlib's level 1, and a little larger. Equal input gives equal bytes on processors of one kind only.
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

  private static func append(_ name: String, _ content: [UInt8], to file: inout [UInt8]) {
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
