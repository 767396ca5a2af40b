import ScrimCodec

/// Writes PNG files chunk by chunk, including invalid ones. Its CRC is computed bit by bit, independently
/// of zlib's.
struct PNGBuilder {
  var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  mutating func add(_ name: String, _ content: [UInt8], breakingChecksum: Bool = false) {
    let body = Array(name.utf8) + content
    bytes += PNGBuilder.bigEndian(UInt32(content.count)) + body
    bytes += PNGBuilder.bigEndian(PNGBuilder.crc(body) ^ (breakingChecksum ? 1 : 0))
  }

  mutating func addHeader(width: UInt32, height: UInt32, depth: UInt8 = 8, color: UInt8 = 2) {
    add(
      "IHDR", PNGBuilder.bigEndian(width) + PNGBuilder.bigEndian(height) + [depth, color, 0, 0, 0])
  }

  static func zlib(_ content: [UInt8]) throws -> [UInt8] {
    var deflater = try Deflater(wrapper: .zlib)
    var out: [UInt8] = []
    deflater.append(content.span, to: &out)
    deflater.finish(to: &out)
    return out
  }

  static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
  }

  static func crc(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~value
  }
}
