import CScrimCodecs

extension PNG {
  /// Pixel form of an encoded file.
  public enum Encoding: Sendable {
    /// 8 bits each of red, green, blue.
    case rgb8
    /// 8 bits each of red, green, blue and alpha, from pixels `0xAARRGGBB`.
    case rgba8
    /// 8 bits of grey; a pixel with different red, green and blue is an error.
    case gray8
  }

  /// Filter of rows before compression.
  public enum Filter: Sendable {
    /// No filter: smallest and fastest for user interfaces.
    case none
    /// A filter chosen for every row: smaller for photographs, several times slower.
    case adaptive
  }

  /// Encodes pixels as IHDR, IDAT and IEND, and nothing else. Equal input gives equal bytes.
  ///
  /// - Parameters:
  ///   - pixels: `width × height` pixels `0x00RRGGBB`, row by row; the high byte is alpha for `rgba8`, else ignored.
  ///   - level: of zlib, 0 (stored) to 9 (smallest).
  /// - Throws: ``CodecError`` with the fault `outOfMemory`, or `unsupported` for colour where grey was asked for.
  public static func encode(
    _ pixels: Span<UInt32>, width: Int, height: Int, as encoding: Encoding = .rgb8, level: Int = 6,
    filter: Filter = .none
  ) throws(CodecError) -> [UInt8] {
    precondition((1...Int(Int32.max)).contains(width) && (1...Int(Int32.max)).contains(height))
    precondition(pixels.count == width * height, "a picture needs width × height pixels")
    precondition((0...9).contains(level), "zlib has levels 0 to 9")
    let color: scrim_png_color =
      switch encoding {
      case .rgb8: .SCRIM_PNG_COLOR_RGB8
      case .rgba8: .SCRIM_PNG_COLOR_RGBA8
      case .gray8: .SCRIM_PNG_COLOR_GRAY8
      }
    return try unsafe CodecError.encode(.png) { out, count, message in
      unsafe pixels.withUnsafeBufferPointer { source in
        // `source` holds width × height words (checked above) and is alive for the call, which keeps no pointer.
        unsafe scrim_png_encode(
          source.baseAddress, UInt32(width), UInt32(height), color, Int32(level), filter == .adaptive ? 1 : 0,
          out, count, message)
      }
    }
  }
}
