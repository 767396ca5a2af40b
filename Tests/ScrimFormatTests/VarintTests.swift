import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct VarintTests {
  @Test func everyLengthReturns() throws {
    var generator = SeededGenerator(seed: 3)
    var values: [UInt64] = [0, 1, 127, 128, 16383, 16384, .max, .max - 1]
    for bits in 0..<64 {
      values.append(1 << UInt64(bits))
      values.append(UInt64.random(in: 0...(.max), using: &generator) >> UInt64(bits))
    }
    for value in values {
      var bytes: [UInt8] = []
      bytes.appendVarint(value)
      #expect(bytes.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
      var reader = ByteReader(bytes, 0..<bytes.count)
      #expect(try reader.varint() == value)
      #expect(reader.remaining == 0)

      let signed = Int64(bitPattern: value)
      bytes = []
      bytes.appendZigzag(signed)
      reader = ByteReader(bytes, 0..<bytes.count)
      #expect(try reader.zigzag() == signed)
    }
  }

  @Test func zigzagOrder() {
    var bytes: [UInt8] = []
    for value in [0, -1, 1, -2, 2] as [Int64] { bytes.appendZigzag(value) }
    #expect(bytes == [0, 1, 2, 3, 4])
  }

  @Test(
    arguments: [
      [0x80, 0x00], [0x81, 0x80, 0x00], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    ] as [[UInt8]])
  func otherSpellingsAreRefused(bytes: [UInt8]) {
    var reader = ByteReader(bytes, 0..<bytes.count)
    #expect(throws: FormatError.Reason.malformedNumber) { try reader.varint() }
  }

  @Test func cutOffNumbersAreRefused() {
    var reader = ByteReader([0x80, 0x80, 0x01], 0..<2)
    #expect(throws: FormatError.Reason.truncated(needed: 1, present: 0)) { try reader.varint() }
  }

  @Test func littleEndianReturns() throws {
    var bytes: [UInt8] = []
    bytes.appendLittleEndian(0x0102_0304 as UInt32)
    #expect(bytes == [4, 3, 2, 1])
    bytes.appendLittleEndian(UInt64.max - 1)
    var reader = ByteReader(bytes, 0..<bytes.count)
    #expect(try reader.littleEndian(UInt32.self) == 0x0102_0304)
    #expect(try reader.littleEndian(UInt64.self) == .max - 1)
  }
}
