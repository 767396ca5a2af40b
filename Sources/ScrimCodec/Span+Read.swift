extension Span<UInt8> {
  /// The number of `size` bytes at `offset`; traps outside the span.
  func number(at offset: Int, size: Int, bigEndian: Bool = true) -> Int {
    var value = 0
    for i in 0..<size {
      value = value << 8 | Int(self[offset + (bigEndian ? i : size - 1 - i)])
    }
    return value
  }

  func starts(with prefix: [UInt8]) -> Bool {
    guard count >= prefix.count else { return false }
    return prefix.indices.allSatisfy { self[$0] == prefix[$0] }
  }
}
