import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct CRC32CTests {
  @Test func checkValue() {
    #expect(CRC32C.checksum(Array("123456789".utf8).span) == 0xE306_9283)
    // RFC 3720, B.4: 32 bytes of zero, and 32 rising bytes.
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32).span) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](0..<32).span) == 0x46DD_794E)
  }

  @Test func eightBytesAStepAgreesWithBitByBit() {
    var generator = SeededGenerator(seed: 1)
    for count in 0..<70 {
      let bytes = randomBytes(count, &generator)
      #expect(CRC32C.checksum(bytes.span) == bitwise(bytes), "\(count) bytes")
      let cut = count == 0 ? 0 : Int.random(in: 0..<count, using: &generator)
      var crc = CRC32C()
      crc.update(bytes.span.extracting(0..<cut))
      crc.update(bytes.span.extracting(cut..<count))
      #expect(crc.value == bitwise(bytes), "\(count) bytes in two parts")
    }
  }

  private func bitwise(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    return ~crc
  }
}

@Suite struct SHA256Tests {
  /// NIST's examples for FIPS 180-4.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
        + "nopqrstu", "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
    ),
  ])
  func examples(text: String, hex: String) {
    #expect(SHA256.digest(Array(text.utf8).span).description == hex)
  }

  @Test func aMillionLetters() {
    let digest = SHA256.digest([UInt8](repeating: 0x61, count: 1_000_000).span)
    #expect(digest.description == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func partsAgreeWithTheWhole() {
    var generator = SeededGenerator(seed: 2)
    for count in 0..<200 {
      let bytes = randomBytes(count, &generator)
      var hash = SHA256()
      var at = 0
      while at < count {
        let next = Int.random(in: at...min(count, at + 70), using: &generator)
        hash.update(bytes.span.extracting(at..<next))
        _ = hash.digest()
        at = next
      }
      #expect(hash.digest() == SHA256.digest(bytes.span), "\(count) bytes")
    }
  }

  @Test func spelling() {
    let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(SHA256Digest(hex: hex)?.description == hex)
    #expect(SHA256Digest(hex: hex.uppercased()) == nil)
    #expect(SHA256Digest(hex: hex.dropLast(2)) == nil)
    #expect(SHA256Digest(hex: hex.dropLast(1)) == nil)
  }
}
