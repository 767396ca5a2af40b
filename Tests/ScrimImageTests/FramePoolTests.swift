import ScrimImage
import Testing

@Suite struct FramePoolTests {
  static func bytes(_ value: UInt8, from pool: inout FramePool) -> FrameMemory {
    // The closure writes within the given memory.
    unsafe pool.take { bytes in
      for index in 0..<bytes.count { unsafe bytes[index] = value }
    }.memory
  }

  static func frame(_ value: UInt8, from pool: inout FramePool) throws -> Frame {
    try Frame(width: 3, height: 2, stride: 12, format: .bgrx, memory: bytes(value, from: &pool))
  }

  static func row(_ y: Int, of frame: Frame) -> [Pixel] {
    var row = [Pixel](repeating: 0, count: frame.width)
    var span = row.mutableSpan
    frame.readRow(y, 0..<frame.width, into: &span)
    return row
  }

  @Test func memoryInUseIsNotWritten() throws {
    var pool = FramePool(byteCount: 24)
    var kept: [Frame] = []
    for value in 1...9 as ClosedRange<UInt8> { kept.append(try Self.frame(value, from: &pool)) }
    for (index, frame) in kept.enumerated() {
      #expect(Self.row(1, of: frame) == [Pixel](repeating: Pixel(index + 1) * 0x01_0101, count: 3))
    }
  }

  @Test func unusedMemoryIsReused() throws {
    var pool = FramePool(byteCount: 24)
    var first: Frame? = try Self.frame(1, from: &pool)
    let second = try Self.frame(2, from: &pool)
    #expect(first?.isSameStorage(as: second) == false)
    let copy = second
    first = nil
    let third = try Self.frame(3, from: &pool)
    #expect(!third.isSameStorage(as: second) && Self.row(0, of: copy) == [0x02_0202, 0x02_0202, 0x02_0202])

  }

  @Test func memoryThatIsTooShortIsRefused() {
    #expect(throws: FrameError.tooFewBytes(needed: 24, given: 23)) {
      try Frame(width: 3, height: 2, stride: 12, format: .bgrx, memory: FrameMemory(count: 23))
    }
  }
}
