/// The probability that a bit is one, adapted to the bits before it.
struct BitModel: Sendable {
  /// Of 65,536.
  private(set) var probability = BitModel.even
  private var count = 0

  static let even: UInt32 = 1 << 15
  /// Maximum number of bits that a model averages over.
  private static let window = 30

  mutating func learn(_ bit: Bool) {
    // Signed, because the difference may be negative; the quotient is truncated towards zero.
    let before = Int(probability)
    let after = before + ((bit ? 65_536 : 0) - before) * 2 / (2 * count + 5)
    probability = UInt32(min(max(after, 1024), 64_512))
    count = min(count + 1, BitModel.window)
  }
}

/// The current interval of a range coder, which each bit splits.
private struct BitInterval {
  var low: UInt32 = 0
  var high: UInt32 = .max

  /// The last number of the part for a one.
  func middle(_ probability: UInt32) -> UInt32 {
    let range = high - low
    return low + (range >> 16) * probability + ((range & 0xFFFF) * probability) >> 16
  }

  mutating func take(_ bit: Bool, middle: UInt32) {
    if bit { high = middle } else { low = middle + 1 }
  }

  /// Whether the first byte is final.
  var isSettled: Bool { (low ^ high) < 1 << 24 }

  mutating func shift() {
    low <<= 8
    high = high << 8 | 0xFF
  }
}

/// A binary range coder: the more probable a bit, the less room it takes.
struct BitEncoder {
  private var interval = BitInterval()
  private var bytes: [UInt8] = []

  mutating func append(_ bit: Bool, _ model: inout BitModel) {
    append(bit, probability: model.probability)
    model.learn(bit)
  }

  /// Codes the lowest bits of a number, the highest first, with equal probabilities.
  mutating func append(_ number: Int, bits: Int) {
    for place in (0..<bits).reversed() { append(number >> place & 1 == 1, probability: BitModel.even) }
  }

  private mutating func append(_ bit: Bool, probability: UInt32) {
    interval.take(bit, middle: interval.middle(probability))
    while interval.isSettled {
      bytes.append(UInt8(interval.low >> 24))
      interval.shift()
    }
  }

  /// All bytes. The decoder reads zeros after them, so that at most one more byte is needed.
  consuming func finish() -> [UInt8] {
    if interval.low > 0 { bytes.append(UInt8(interval.low >> 24) + 1) }
    return bytes
  }
}

/// Decodes the bytes of ``BitEncoder``.
struct BitDecoder {
  private var interval = BitInterval()
  private var code: UInt32 = 0
  private var bytes: ArraySlice<UInt8>
  /// Number of zeros read after the bytes.
  private var missing = 0

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    for _ in 0..<4 { shift() }
  }

  mutating func bit(_ model: inout BitModel) throws(FormatError.Reason) -> Bool {
    let bit = try bit(probability: model.probability)
    model.learn(bit)
    return bit
  }

  mutating func number(bits: Int) throws(FormatError.Reason) -> Int {
    var number = 0
    for _ in 0..<bits { number = number << 1 | (try bit(probability: BitModel.even) ? 1 : 0) }
    return number
  }

  private mutating func bit(probability: UInt32) throws(FormatError.Reason) -> Bool {
    let middle = interval.middle(probability)
    let bit = code <= middle
    interval.take(bit, middle: middle)
    while interval.isSettled {
      interval.shift()
      shift()
    }
    // The encoder omits at most the four bytes that the decoder reads ahead.
    guard missing <= 4 else { throw .badValue("the coded list of masks: it is cut off") }
    return bit
  }

  private mutating func shift() {
    code = code << 8 | UInt32(bytes.first ?? 0)
    if bytes.isEmpty { missing += 1 } else { bytes = bytes.dropFirst() }
  }
}
