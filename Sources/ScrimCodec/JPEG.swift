/// JPEG, strictly: everything that libjpeg only warns about (a truncated file, misplaced bytes) is an
/// error, and a half-decoded picture is never returned.
public enum JPEG {
  /// Content of a file before its first scan.
  public struct Header: Hashable, Sendable {
    /// Pixels, as stored: before ``orientation`` is applied.
    public let width: Int
    public let height: Int
    /// 1 (grey), 3 (colour) or 4 (print).
    public let components: Int
    public let isProgressive: Bool
    /// Exif orientation: 1 upright, 3 rotated by 180 degrees, 6 and 8 by 90; 2, 4, 5, 7 mirrored; 1 if
    /// absent or unreadable. Never applied to pixels here.
    public let orientation: Int
  }

  public enum ColorSpace: Sendable {
    case gray, yCbCr, rgb, cmyk, ycck
  }

  /// Facts about a picture after decoding.
  public struct Info: Hashable, Sendable {
    public let header: Header
    public let colorSpace: ColorSpace
    /// Bytes after the picture's end, where phones store previews and videos. They have no effect.
    public let trailingBytes: Int
    /// Side lengths of a coded block (MCU) in pixels: with ``Upsampling/withinBlocks`` a pixel depends on
    /// no other block.
    public let blockWidth: Int
    public let blockHeight: Int
  }

  public struct Image: Sendable {
    public let info: Info
    /// `width × height` pixels `0x00RRGGBB`, row by row.
    public let pixels: [UInt32]
  }

  /// How subsampled chroma becomes pixels.
  public enum Upsampling: Sendable {
    /// Interpolated between neighbours, across the edges of blocks.
    case smooth
    /// Repeated; nothing crosses the edge of a block.
    case withinBlocks
  }

  /// Chroma subsampling.
  public enum Chroma: Sendable {
    /// 4:4:4, one sample per pixel: for coloured text and lines.
    case full
    /// 4:2:2, one sample per two pixels of a row.
    case halfWidth
    /// 4:2:0, one sample per two by two pixels: for photographs.
    case quarter
  }
}
