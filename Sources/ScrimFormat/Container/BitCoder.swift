/// How likely a bit is a one, learned from the bits before it.
struct BitModel: Sendable {
  /// Of 65,536.
  private(set) var probability = BitModel.even
  private var count = 0

  static let even: UInt32 = 1 << 15
  /// Bits that a model averages over at most.
  private static let window = 30

  mutating func learn(_ bit: Bool) {
    // Signed, since the difference may be below zero; the quotient is cut towards zero.
    let before = Int(probability)
    let after = before + ((bit ? 65_536 : 0) - before) * 2 / (2 * count + 5)
    probability = UInt32(min(max(after, 1024), 64_512))
    count = min(count + 1, BitModel.window)
  }
}

/// What the bits of a range coder are split by: the interval that remains.
private struct BitInterval {
  var low: UInt32 = 0
  var high: UInt32 = .max

  /// The last number of the part that stands for a one.
  func middle(_ probability: UInt32) -> UInt32 {
    let range = high - low
    return low + (range >> 16) * probability + ((range & 0xFFFF) * probability) >> 16
  }

  mutating func take(_ bit: Bool, middle: UInt32) {
    if bit { high = middle } else { low = middle + 1 }
  }

  /// Whether the first byte is settled.
  var isSettled: Bool { (low ^ high) < 1 << 24 }

  mutating func shift() {
    low <<= 8
    high = high << 8 | 0xFF
  }
}

/// A binary range coder: a bit takes as little room as it was likely.
struct BitEncoder {
  private var interval = BitInterval()
  private var bytes: [UInt8] = []

  mutating func append(_ bit: Bool, _ model: inout BitModel) {
    append(bit, probability: model.probability)
    model.learn(bit)
  }

  /// The lowest bits of a number, the highest of them first, each as likely one as zero.
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

  /// All bytes. The decoder reads zeros behind them, so that at most one more is needed.
  consuming func finish() -> [UInt8] {
    if interval.low > 0 { bytes.append(UInt8(interval.low >> 24) + 1) }
    return bytes
  }
}

/// The way back from ``BitEncoder``.
struct BitDecoder {
  private var interval = BitInterval()
  private var code: UInt32 = 0
  private var bytes: ArraySlice<UInt8>
  /// Zeros that were read behind the bytes.
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
    // The encoder leaves out no more than the four bytes that the decoder is ahead.
    guard missing <= 4 else { throw .badValue("the coded list of masks: it is cut off") }
    return bit
  }

  private mutating func shift() {
    code = code << 8 | UInt32(bytes.first ?? 0)
    if bytes.isEmpty { missing += 1 } else { bytes = bytes.dropFirst() }
  }
}
