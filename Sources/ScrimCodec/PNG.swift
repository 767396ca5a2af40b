/// Portable Network Graphics, strictly: a wrong checksum or size, and everything that libpng reports, is an
/// error, and a half-decoded picture is never returned.
///
/// Pixels are stored values: gAMA, iCCP, sRGB and all other chunks except IHDR, PLTE, tRNS, IDAT and IEND
/// are checked for damage and then ignored.
public enum PNG {
  public enum ColorType: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    /// Allowed bits per sample (or per palette index).
    var bitDepths: [Int] {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgba: [8, 16]
      }
    }

    /// Samples per pixel, or its one index.
    var samples: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// Content of the first chunk, IHDR.
  public struct Header: Hashable, Sendable {
    /// Pixels.
    public let width: Int
    public let height: Int
    /// Bits per sample or palette index: 1, 2, 4, 8 or 16.
    public let bitDepth: Int
    public let colorType: ColorType
    public let isInterlaced: Bool
  }

  /// Facts about a picture after decoding.
  public struct Info: Hashable, Sendable {
    public let header: Header
    /// Whether the file has alpha: an alpha channel, or a tRNS chunk.
    public let hasAlpha: Bool
    /// Whether every pixel is opaque.
    public let isOpaque: Bool
  }

  /// Layout of a decoded pixel in 32 bits.
  public enum PixelForm: Sendable {
    /// `0x00RRGGBB`. Alpha is dropped, colours stay as stored; ``Info/isOpaque`` is false if that lost
    /// information.
    case rgb
    /// `0xAARRGGBB`, not premultiplied.
    case argb
  }

  /// How to convert 16-bit samples to 8 bits.
  public enum SixteenBit: Sendable {
    /// Throw ``CodecError/Fault/unsupported``.
    case refuse
    /// Round `v × 255 / 65535` to the nearest.
    case reduce
  }

  public struct Image: Sendable {
    public let info: Info
    /// `width × height` pixels, row by row.
    public let pixels: [UInt32]
  }
}
