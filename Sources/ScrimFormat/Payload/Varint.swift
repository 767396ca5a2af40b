// LEB128: seven bits per byte, lowest first; a set high bit means that more follow. Signed numbers are
// zigzag-coded (0, −1, 1, −2, …). Only the shortest encoding is valid, so that equal records are equal
// bytes.

extension [UInt8] {
  /// Appends 1 to 10 bytes.
  mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  /// Appends 1 to 10 bytes.
  mutating func appendZigzag(_ value: Int64) {
    appendVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
  }

  /// Appends the bytes of `value`, the lowest first.
  mutating func appendLittleEndian(_ value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: 0, to: value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

/// Reads from untrusted bytes; a read past the end throws.
struct ByteReader {
  let bytes: [UInt8]
  /// The offset of the next byte.
  private(set) var offset: Int
  let end: Int

  /// - Parameter range: within `bytes`.
  init(_ bytes: [UInt8], _ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  var remaining: Int { end - offset }

  /// Skips the next `count` bytes and returns their range.
  mutating func take(_ count: Int) throws(FormatError.Reason) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw .truncated(needed: count, present: remaining) }
    offset += count
    return (offset - count)..<offset
  }

  mutating func byte() throws(FormatError.Reason) -> UInt8 {
    bytes[try take(1).lowerBound]
  }

  mutating func littleEndian<Value: FixedWidthInteger & UnsignedInteger>(
    _: Value.Type
  ) throws(FormatError.Reason) -> Value {
    let range = try take(Value.bitWidth / 8)
    var value: Value = 0
    for index in range.reversed() { value = value << 8 | Value(bytes[index]) }
    return value
  }

  mutating func digest() throws(FormatError.Reason) -> SHA256Digest {
    SHA256Digest(Array(bytes[try take(32)]))
  }

  mutating func varint() throws(FormatError.Reason) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      // The tenth byte holds the 64th bit only; a last byte of zero means a longer encoding than needed.
      guard shift < 63 || next <= 1, shift == 0 || next != 0 else { throw .malformedNumber }
      value |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return value }
      shift += 7
    }
  }

  mutating func zigzag() throws(FormatError.Reason) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A varint that is a count, a number or a size of at most `limit`.
  mutating func count(of field: String, upTo limit: Int) throws(FormatError.Reason) -> Int {
    let value = try varint()
    guard value <= UInt64(limit) else {
      throw .overLimit(field, value: Int(clamping: value), limit: limit)
    }
    return Int(value)
  }
}
