/// Decoders of the two compressed run-length forms in which annotation tools write masks.
enum RunLengths {
  /// COCO's text: five bits per character, least significant first; from the third number on, each is a
  /// difference to the last but one.
  ///
  /// - Returns: nil if the text is damaged.
  static func compressed(_ text: [UInt8]) -> [Int]? {
    var counts: [Int] = []
    var at = 0
    while at < text.count {
      var value = 0
      var shift = 0
      while true {
        guard at < text.count, (48..<112).contains(text[at]), shift < 60 else { return nil }
        let bits = Int(text[at]) - 48
        at += 1
        value |= (bits & 0x1F) << shift
        shift += 5
        guard bits & 0x20 == 0 else { continue }
        if bits & 0x10 != 0 { value |= -1 << shift }
        break
      }
      if counts.count > 2 { value += counts[counts.count - 2] }
      guard (0..<1 << 40).contains(value) else { return nil }
      counts.append(value)
    }
    return counts
  }

  /// Label Studio's brush: a bit stream of thi.ng/rle-pack that encodes the bytes of an RGBA picture.
  ///
  /// - Parameter body: called for each run of bytes with its value, in order.
  /// - Returns: whether the data was complete, with `count` bytes.
  static func unpack(_ data: [UInt8], count: Int, _ body: (Range<Int>, Int) -> Void) -> Bool {
    var bits = Bits(data: data)
    guard bits.read(32) == count, let size = bits.read(5) else { return false }
    var lengths: [Int] = []
    for _ in 0..<4 {
      guard let length = bits.read(4) else { return false }
      lengths.append(length + 1)
    }
    var at = 0
    while at < count {
      guard let isRun = bits.read(1), let choice = bits.read(2), let length = bits.read(lengths[choice]),
        length < count - at
      else { return false }
      let end = at + length + 1
      if isRun == 1 {
        guard let value = bits.read(size + 1) else { return false }
        body(at..<end, value)
        at = end
      } else {
        while at < end {
          guard let value = bits.read(size + 1) else { return false }
          body(at..<at + 1, value)
          at += 1
        }
      }
    }
    return true
  }

  private struct Bits {
    let data: [UInt8]
    var at = 0

    /// The next bits, most significant first; nil past the end.
    mutating func read(_ count: Int) -> Int? {
      guard at + count <= data.count * 8 else { return nil }
      var value = 0
      for _ in 0..<count {
        value = value << 1 | Int(data[at >> 3] >> (7 - UInt8(at & 7)) & 1)
        at += 1
      }
      return value
    }
  }
}
