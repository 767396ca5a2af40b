/// The memory layout of one pixel of a raw framebuffer, named in byte order as ffmpeg names it.
///
/// Scrim records opaque screens: the fourth byte of a 32-bit pixel, called X or A by the format, is
/// padding. Real X servers leave garbage there, so no result depends on it.
public enum PixelFormat: String, CaseIterable, Sendable {
  case bgrx, bgra, rgbx, rgba, xrgb, argb, rgb24, bgr24, rgb565, rgb555, gray8

  /// Bytes that one pixel takes.
  public var bytesPerPixel: Int {
    switch self {
    case .bgrx, .bgra, .rgbx, .rgba, .xrgb, .argb: 4
    case .rgb24, .bgr24: 3
    case .rgb565, .rgb555: 2
    case .gray8: 1
    }
  }
}

/// A pixel in the canonical form that all code after the source uses: `0x00RRGGBB`.
///
/// In memory (little-endian) that is B, G, R, 0: the content of a BGRX framebuffer after its padding byte is cleared.
public typealias Pixel = UInt32
