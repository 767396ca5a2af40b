extension PixelFormat {
  /// Converts `count` pixels at `source` to canonical ones.
  ///
  /// Each case is a separate loop without a branch inside, so that the compiler vectorizes it.
  static func convert(
    from source: UnsafeRawPointer, format: PixelFormat, to out: UnsafeMutablePointer<Pixel>, count: Int
  ) {
    switch format {
    case .bgrx, .bgra:
      for i in 0..<count {
        unsafe out[i] =
          UInt32(littleEndian: source.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self)) & 0x00FF_FFFF
      }
    case .rgbx, .rgba:
      for i in 0..<count {
        let word = unsafe UInt32(littleEndian: source.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self))
        unsafe out[i] = (word & 0xFF) << 16 | word & 0xFF00 | word >> 16 & 0xFF
      }
    case .xrgb, .argb:
      for i in 0..<count {
        unsafe out[i] =
          UInt32(bigEndian: source.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self)) & 0x00FF_FFFF
      }
    case .rgb24:
      let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
      for i in 0..<count {
        unsafe out[i] = UInt32(bytes[i * 3]) << 16 | UInt32(bytes[i * 3 + 1]) << 8 | UInt32(bytes[i * 3 + 2])
      }
    case .bgr24:
      let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
      for i in 0..<count {
        unsafe out[i] = UInt32(bytes[i * 3 + 2]) << 16 | UInt32(bytes[i * 3 + 1]) << 8 | UInt32(bytes[i * 3])
      }
    case .rgb565:
      // Bits are replicated to fill a byte, so that 31 becomes 255 and 0 stays 0, as every display does.
      for i in 0..<count {
        let word = unsafe UInt32(
          UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)))
        let red = word >> 11
        let green = word >> 5 & 0x3F
        let blue = word & 0x1F
        unsafe out[i] =
          (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2)
      }
    case .rgb555:
      // As above; the highest bit is padding.
      for i in 0..<count {
        let word = unsafe UInt32(
          UInt16(littleEndian: source.loadUnaligned(fromByteOffset: i * 2, as: UInt16.self)))
        let red = word >> 10 & 0x1F
        let green = word >> 5 & 0x1F
        let blue = word & 0x1F
        unsafe out[i] =
          (red << 3 | red >> 2) << 16 | (green << 3 | green >> 2) << 8 | (blue << 3 | blue >> 2)
      }
    case .gray8:
      let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
      for i in 0..<count { unsafe out[i] = UInt32(bytes[i]) * 0x0001_0101 }
    }
  }
}
