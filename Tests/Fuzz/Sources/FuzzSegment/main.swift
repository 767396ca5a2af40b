import ScrimFormat

/// Reads the input as it is, and once more with corrected checksums: no fuzzer guesses a checksum, and the
/// code after the check must be robust by itself.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  check(input)
  check(mended(input))
  return 0
}

/// A segment that can be read is recovered as the same, and a recovered one can be sealed and read as the
/// same.
func check(_ bytes: [UInt8]) {
  let whole = try? SegmentReader.read(bytes)
  guard let found = try? SegmentReader.recover(bytes) else {
    precondition(whole == nil, "read as whole, and not recovered")
    return
  }
  precondition(whole == nil || whole == found.segment, "recovered as another segment than was read")
  precondition(found.wholeBytes + found.tornBytes == bytes.count, "bytes were lost")
  precondition((found.damage == nil) == (found.tornBytes == 0), "bytes are torn without damage")
  guard found.segment.seal == nil, !found.segment.frames.isEmpty else { return }
  do {
    let sealed = try SegmentWriter(continuing: found, of: bytes).seal(index: 0, previous: .zero)
    let file = Array(bytes[..<found.wholeBytes]) + sealed.bytes
    precondition(sealed.digest == SHA256.digest(file.span), "another digest than the file's")
    var again = try SegmentReader.read(file)
    again.seal = nil
    precondition(again == found.segment, "sealed as another segment than was recovered")
  } catch {
    preconditionFailure("what was recovered can't be sealed and read: \(error)")
  }
}

/// The input after the magic, with every checksum and the seal's digest corrected.
func mended(_ input: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0x9D, 0x53, 0x43, 0x52, 0x49, 0x4D, 0x01, 0x0A] + input.dropFirst(8)
  var place = 8
  while bytes.count - place >= 10 {
    let length = (0..<4).reduce(0) { $0 | Int(bytes[place + 2 + $1]) << (8 * $1) }
    guard length <= bytes.count - place - 10 else { break }
    let payload = (place + 10)..<(place + 10 + length)
    if bytes[place] == 127, length >= 72 {
      let digest = SHA256.digest(bytes.span.extracting(0..<place))
      bytes.replaceSubrange((place + 46)..<(place + 78), with: digest.bytes)
    }
    var crc = CRC32C()
    crc.update(bytes.span.extracting(place..<(place + 6)))
    crc.update(bytes.span.extracting(payload))
    for index in 0..<4 {
      bytes[place + 6 + index] = UInt8(truncatingIfNeeded: crc.value >> (8 * UInt32(index)))
    }
    place = payload.upperBound
  }
  return bytes
}
