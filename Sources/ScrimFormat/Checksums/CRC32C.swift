/// CRC-32C (Castagnoli, RFC 3720), which detects torn and damaged records. Eight bytes per step with
/// tables, in plain Swift.
public struct CRC32C: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The checksum of everything so far.
  public var value: UInt32 { ~state }

  public mutating func update(_ bytes: Span<UInt8>) {
    let tables = CRC32C.tables.span
    var crc = state
    var at = 0
    let whole = bytes.count & ~7
    while at < whole {
      crc ^=
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
        | UInt32(bytes[at + 3]) << 24
      let low = tables[0x700 + Int(crc & 0xFF)] ^ tables[0x600 + Int(crc >> 8 & 0xFF)]
      let middle = tables[0x500 + Int(crc >> 16 & 0xFF)] ^ tables[0x400 + Int(crc >> 24)]
      let high = tables[0x300 + Int(bytes[at + 4])] ^ tables[0x200 + Int(bytes[at + 5])]
      let top = tables[0x100 + Int(bytes[at + 6])] ^ tables[Int(bytes[at + 7])]
      crc = low ^ middle ^ high ^ top
      at += 8
    }
    while at < bytes.count {
      crc = crc >> 8 ^ tables[Int((crc ^ UInt32(bytes[at])) & 0xFF)]
      at += 1
    }
    state = crc
  }

  public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }

  /// Table `k` (256 entries from `256 × k`) is the effect of a byte that `k` bytes follow.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[byte] = crc
    }
    for index in 256..<tables.count {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()
}
