/// Portable Network Graphics, strictly: what a checksum, a size or libpng finds wrong is an error, and no half-decoded
/// picture is ever returned.
///
/// Pixels are stored values: gAMA, iCCP, sRGB and all other chunks but IHDR, PLTE, tRNS, IDAT and IEND are checked
/// for damage and then ignored.
public enum PNG {
  public enum ColorType: UInt8, Sendable {
    case gray = 0
    case rgb = 2
    case palette = 3
    case grayAlpha = 4
    case rgba = 6

    /// Bits a sample (or a palette index) may have.
    var bitDepths: [Int] {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      case .rgb, .grayAlpha, .rgba: [8, 16]
      }
    }

    /// Samples of a pixel, or its one index.
    var samples: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  /// What the first chunk says.
  public struct Header: Hashable, Sendable {
    /// Pixels.
    public let width: Int
    public let height: Int
    /// Bits of a sample or a palette index: 1, 2, 4, 8 or 16.
    public let bitDepth: Int
    public let colorType: ColorType
    public let isInterlaced: Bool
  }

  /// What is known of a picture once it is decoded.
  public struct Info: Hashable, Sendable {
    public let header: Header
    /// Whether the file carries alpha: a channel of it, or a tRNS chunk.
    public let hasAlpha: Bool
    /// Whether the alpha of every pixel is full.
    public let isOpaque: Bool
  }

  /// How decoded pixels are laid out in their 32 bits.
  public enum PixelForm: Sendable {
    /// `0x00RRGGBB`. Alpha is dropped, colours stay as stored: ``Info/isOpaque`` says whether that lost anything.
    case rgb
    /// `0xAARRGGBB`, not premultiplied.
    case argb
  }

  /// What to do with 16 bits a sample where 8 are asked for.
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

  public struct DeepImage: Sendable {
    public let info: Info
    /// `width × height × 4` samples, row by row: R, G, B, A, exactly as stored.
    public let samples: [UInt16]
  }
}
