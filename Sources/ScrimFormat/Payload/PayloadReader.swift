import ScrimImage

/// Reads the little-endian numbers of a frame's payload; a read past its end throws.
struct PayloadReader {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var offset: Int { position - bytes.startIndex }
  var left: Int { bytes.endIndex - position }

  mutating func take(_ count: Int) throws(PayloadError) -> ArraySlice<UInt8> {
    guard count <= left else { throw .cut(needed: count, left: left) }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func u8() throws(PayloadError) -> UInt8 {
    let part = try take(1)
    return part[part.startIndex]
  }

  mutating func u16() throws(PayloadError) -> UInt16 {
    let part = try take(2)
    return UInt16(part[part.startIndex]) | UInt16(part[part.startIndex + 1]) << 8
  }

  mutating func u32() throws(PayloadError) -> UInt32 {
    UInt32(try u16()) | UInt32(try u16()) << 16
  }

  /// A varint that is a count, in its shortest form.
  mutating func varint() throws(PayloadError) -> Int {
    let start = offset
    var value = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      let byte = try u8()
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 {
        if byte == 0, shift > 0 { break }
        return value
      }
    }
    throw .badNumber(offset: start)
  }

  mutating func colour() throws(PayloadError) -> Pixel {
    UInt32(try u8()) | UInt32(try u8()) << 8 | UInt32(try u8()) << 16
  }
}
