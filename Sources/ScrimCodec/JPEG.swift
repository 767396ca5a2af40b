/// JPEG, strictly: what libjpeg would only warn of (a file cut short, bytes out of place) is an error, and no
/// half-decoded picture is ever returned.
public enum JPEG {
  /// What a file says before its first scan.
  public struct Header: Hashable, Sendable {
    /// Pixels, as stored: before ``orientation`` is applied.
    public let width: Int
    public let height: Int
    /// 1 (grey), 3 (colour) or 4 (print).
    public let components: Int
    public let isProgressive: Bool
    /// Exif's: 1 upright, 3 turned by 180 degrees, 6 and 8 by 90, even-looking 2, 4, 5, 7 mirrored; 1 where absent or
    /// unreadable. Never applied to pixels here.
    public let orientation: Int
  }

  public enum ColorSpace: Sendable {
    case gray, yCbCr, rgb, cmyk, ycck
  }

  /// What is known of a picture once it is decoded.
  public struct Info: Hashable, Sendable {
    public let header: Header
    public let colorSpace: ColorSpace
    /// Bytes behind the picture's end, where phones keep previews and videos. They influence nothing.
    public let trailingBytes: Int
    /// Pixels along the sides of what is coded together: a pixel depends on no other block if
    /// ``Upsampling/withinBlocks`` was asked for.
    public let blockWidth: Int
    public let blockHeight: Int
  }

  public struct Image: Sendable {
    public let info: Info
    /// `width × height` pixels `0x00RRGGBB`, row by row.
    public let pixels: [UInt32]
  }

  /// How samples of colour that several pixels share become pixels.
  public enum Upsampling: Sendable {
    /// Blended with those beside them, across the edges of blocks.
    case smooth
    /// Repeated; nothing crosses the edge of a block.
    case withinBlocks
  }

  /// How many pixels share a sample of colour.
  public enum Chroma: Sendable {
    /// 4:4:4, a sample a pixel: for text and lines in colour.
    case full
    /// 4:2:2, a sample for two pixels of a row.
    case halfWidth
    /// 4:2:0, a sample for two by two pixels: for photographs.
    case quarter
  }
}
