import ScrimFormat

/// Base64 (RFC 4648), for digests in headers.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func string(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let chunk = bytes[start..<min(start + 3, bytes.count)]
      var bits = UInt32(0)
      for place in 0..<3 { bits = bits << 8 | UInt32(place < chunk.count ? chunk[start + place] : 0) }
      for place in 0..<4 {
        text.append(
          place <= chunk.count ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// The SHA-256 of `Content-Digest` fields (RFC 9530).
enum ContentDigest {
  static func field(_ digest: SHA256Digest) -> String { "sha-256=:\(Base64.string(digest.bytes)):" }

  /// Whether a field contains this digest; nil if it contains no SHA-256.
  static func matches(_ field: String?, _ digest: SHA256Digest) -> Bool? {
    guard let field else { return nil }
    for part in field.split(separator: ",") {
      let part = part.trimmingSpace
      guard part.hasPrefix("sha-256=") else { continue }
      return part == ContentDigest.field(digest)
    }
    return nil
  }
}

/// HMAC-SHA-256 (RFC 2104).
public enum HMAC {
  public static func sha256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var block = key.count > 64 ? SHA256.digest(key.span).bytes : key
    block += [UInt8](repeating: 0, count: 64 - block.count)
    let inner = SHA256.digest((block.map { $0 ^ 0x36 } + message).span)
    return SHA256.digest((block.map { $0 ^ 0x5C } + inner.bytes).span).bytes
  }
}

/// MD5 (RFC 1321): S3 servers return it as the ETag of a body. Nothing relies on it for security.
enum MD5 {
  private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
  /// The fractions of |sin(1)|, |sin(2)|, …, times 2^32.
  private static let sines: [UInt32] = [
    0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
    0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
    0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA, 0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
    0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
    0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
    0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
    0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
    0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1, 0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
  ]

  /// 32 lower-case hexadecimal digits.
  static func hex(_ bytes: [UInt8]) -> String {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    let whole = bytes.count & ~63
    var words = [UInt32](repeating: 0, count: 16)
    for start in stride(from: 0, to: whole, by: 64) { block(bytes.span, start, &words, &state) }
    var tail = Array(bytes[whole...]) + [0x80]
    while tail.count & 63 != 56 { tail.append(0) }
    let bits = UInt64(bytes.count) << 3
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      tail.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
    for start in stride(from: 0, to: tail.count, by: 64) { block(tail.span, start, &words, &state) }
    var text = ""
    for word in state {
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        let byte = UInt8(truncatingIfNeeded: word >> shift)
        text += String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
      }
    }
    return text
  }

  private static func block(
    _ bytes: Span<UInt8>, _ start: Int, _ words: inout [UInt32], _ state: inout [UInt32]
  ) {
    for index in 0..<16 {
      let at = start + index * 4
      words[index] =
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3])
        << 24
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    for index in 0..<64 {
      let mixed: UInt32
      let word: Int
      switch index >> 4 {
      case 0: (mixed, word) = (d ^ (b & (c ^ d)), index)
      case 1: (mixed, word) = (c ^ (d & (b ^ c)), (5 * index + 1) & 15)
      case 2: (mixed, word) = (b ^ c ^ d, (3 * index + 5) & 15)
      default: (mixed, word) = (c ^ (b | ~d), (7 * index) & 15)
      }
      let sum = a &+ mixed &+ sines[index] &+ words[word]
      let shift = shifts[(index >> 4) * 4 + index & 3]
      (a, d, c, b) = (d, c, b, b &+ (sum &<< shift | sum &>> (32 &- shift)))
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
  }
}
