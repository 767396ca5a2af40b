import CScrimKernels

/// SHA-256 (FIPS 180-4), which chains the segments of a session and identifies a policy. Written here
/// because it is 80 lines, and swift-crypto would be the heaviest dependency of the build. Not for secrets:
/// it is not hardened against timing attacks.
public struct SHA256: Sendable {
  private var state: InlineArray<8, UInt32> = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]
  private var block = InlineArray<64, UInt8>(repeating: 0)
  private var length = 0

  public init() {}

  public mutating func update(_ bytes: Span<UInt8>) {
    var at = 0
    let buffered = length & 63
    length += bytes.count
    if buffered > 0 {
      let taken = min(64 - buffered, bytes.count)
      for index in 0..<taken { block[buffered + index] = bytes[index] }
      guard buffered + taken == 64 else { return }
      SHA256.compress(block.span, at: 0, into: &state)
      at = taken
    }
    let whole = bytes.extracting(at..<at + (bytes.count - at) & ~63)
    if !SHA256.compressQuickly(whole, into: &state) {
      for start in stride(from: 0, to: whole.count, by: 64) {
        SHA256.compress(whole, at: start, into: &state)
      }
    }
    at += whole.count
    for index in 0..<(bytes.count - at) { block[index] = bytes[at + index] }
  }

  /// The digest of everything so far; more may follow.
  public func digest() -> SHA256Digest {
    var last = self
    var tail: [UInt8] = [0x80]
    while (length + tail.count) & 63 != 56 { tail.append(0) }
    let bits = UInt64(length) << 3
    for shift in stride(from: UInt64(56), through: 0, by: -8) {
      tail.append(UInt8(truncatingIfNeeded: bits >> shift))
    }
    last.update(tail.span)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for index in 0..<8 {
      for shift in stride(from: UInt32(24), through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: last.state[index] >> shift))
      }
    }
    return SHA256Digest(bytes)
  }

  public static func digest(_ bytes: Span<UInt8>) -> SHA256Digest {
    var hash = SHA256()
    hash.update(bytes)
    return hash.digest()
  }

  /// Uses the processor's SHA instructions: 1.8 GB a second, the loop below 0.3.
  ///
  /// - Returns: false if the processor has none.
  private static func compressQuickly(_ blocks: Span<UInt8>, into state: inout InlineArray<8, UInt32>) -> Bool
  {
    guard blocks.count > 0 else { return true }
    var words = state.mutableSpan
    return unsafe words.withUnsafeMutableBufferPointer { words in
      unsafe blocks.withUnsafeBufferPointer { blocks in
        // `words` has eight words and `blocks` the given number of whole blocks; the call keeps no pointer.
        unsafe scrim_sha256_compress(words.baseAddress, blocks.baseAddress, blocks.count / 64)
      }
    }
  }

  private static func compress(
    _ bytes: Span<UInt8>, at start: Int, into state: inout InlineArray<8, UInt32>
  ) {
    var w = InlineArray<64, UInt32>(repeating: 0)
    for index in 0..<16 {
      let at = start + index * 4
      w[index] =
        UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8
        | UInt32(bytes[at + 3])
    }
    for index in 16..<64 {
      let early = w[index - 15]
      let late = w[index - 2]
      let s0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
      let s1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
      w[index] = w[index - 16] &+ s0 &+ w[index - 7] &+ s1
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    let k = constants
    for index in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = h &+ s1 &+ (g ^ e & (f ^ g)) &+ k[index] &+ w[index]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ (a & b | c & (a | b))
      h = g
      g = f
      f = e
      e = d &+ t1
      d = c
      c = b
      b = a
      a = t1 &+ t2
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    state[5] &+= f
    state[6] &+= g
    state[7] &+= h
  }

  @inline(__always) private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  private static let constants: InlineArray<64, UInt32> = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
    0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
    0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
    0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
    0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
    0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
    0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
  ]
}

/// A SHA-256 digest of 32 bytes, printed as 64 lower-case hexadecimal digits.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// - Parameter bytes: exactly 32.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count == 32, "a SHA-256 digest is 32 bytes long")
    self.bytes = bytes
  }

  /// Nil unless `hex` is 64 lower-case hexadecimal digits.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hex.bytes(hex), bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// Stands for the previous segment in the first segment of a session.
  public static let zero = SHA256Digest([UInt8](repeating: 0, count: 32))

  public var description: String { Hex.string(bytes) }
}

/// Lower-case hexadecimal, the only form that the format accepts.
package enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  package static func string(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless the text consists of pairs of lower-case digits.
  package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(of: digits[index]), let low = value(of: digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
