import Foundation
import ScrimCodec
import ScrimTestSupport
import Testing

@Suite struct DeflateTests {
  /// Runs, repetitions and noise.
  static func sample(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let length = Int.random(in: 1...400, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: bytes += [UInt8](repeating: .random(in: 0...255, using: &generator), count: length)
      case 1: bytes += (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
      default: bytes += bytes.suffix(40_000).prefix(length)
      }
    }
    return Array(bytes[..<count])
  }

  /// Cuts at random places, including empty pieces.
  static func pieces(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let most = [0, 1, 7, 300, 100_000].randomElement(using: &generator) ?? 1
      let piece = rest.prefix(Int.random(in: 0...most, using: &generator))
      pieces.append(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    return pieces
  }

  @Test func roundTripsUnderRandomPieces() throws {
    var generator = SeededGenerator(seed: 11)
    for wrapper in [Deflate.Wrapper.raw, .zlib] {
      var inflater = try Inflater(wrapper: wrapper)
      for strategy in [Deflate.Strategy.standard, .filtered, .huffmanOnly, .runLength] {
        for level in [0, 1, 4, 6, 9] {
          var deflater = try Deflater(level: level, strategy: strategy, wrapper: wrapper)
          for count in [0, 1, 255, 70_000] {
            let original = DeflateTests.sample(count, &generator)
            var packed: [UInt8] = []
            for piece in DeflateTests.pieces(original, &generator) {
              let flush: Deflate.Flush = Bool.random(using: &generator) ? .sync : .none
              deflater.append(piece.span, flush: flush, to: &packed)
            }
            deflater.finish(to: &packed)
            deflater.reset()
            var restored: [UInt8] = []
            for piece in DeflateTests.pieces(packed, &generator) {
              #expect(throws: Never.self) {
                try inflater.append(piece.span, to: &restored, limit: original.count)
              }
            }
            try inflater.finish()
            inflater.reset()
            #expect(restored == original)
          }
        }
      }
    }
  }

  @Test func aSyncFlushMakesAllReadable() throws {
    var generator = SeededGenerator(seed: 12)
    var deflater = try Deflater()
    var inflater = try Inflater()
    for round in 0..<200 {
      let original = DeflateTests.sample(round * 37, &generator)
      var packed: [UInt8] = []
      deflater.append(original.span, flush: .sync, to: &packed)
      #expect(original.isEmpty || packed.suffix(4) == [0, 0, 0xFF, 0xFF])
      var restored: [UInt8] = [1, 2]
      try inflater.append(packed.span, to: &restored, limit: original.count)
      #expect(restored == [1, 2] + original)
      let isFinished = inflater.isFinished
      #expect(!isFinished)
    }
  }

  @Test func aResetStreamIsANewOne() throws {
    var generator = SeededGenerator(seed: 13)
    let bytes = DeflateTests.sample(5000, &generator)
    var used = try Deflater(level: 5)
    var sink: [UInt8] = []
    used.append(DeflateTests.sample(9000, &generator).span, to: &sink)
    used.reset()
    var fresh = try Deflater(level: 5)
    var a: [UInt8] = []
    var b: [UInt8] = []
    used.append(bytes.span, flush: .sync, to: &a)
    fresh.append(bytes.span, flush: .sync, to: &b)
    #expect(a == b)
    var inflater = try Inflater()
    var restored: [UInt8] = []
    for _ in 0..<2 {
      restored = []
      try inflater.append(a.span, to: &restored, limit: 5000)
      inflater.reset()
    }
    #expect(restored == bytes)
  }

  @Test func aPresetIsReferredTo() throws {
    var generator = SeededGenerator(seed: 14)
    let preset = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let bytes = Array(preset.suffix(9000))
    var deflater = try Deflater()
    var packed: [UInt8] = []
    deflater.reset(preset: preset)
    deflater.append(bytes.span, to: &packed)
    deflater.finish(to: &packed)
    #expect(packed.count < 400)
    var inflater = try Inflater()
    var restored: [UInt8] = []
    inflater.reset(preset: preset)
    try inflater.append(packed.span, to: &restored, limit: 9000)
    #expect(restored == bytes)
    inflater.reset()
    let error = #expect(throws: CodecError.self) {
      try inflater.append(packed.span, to: &restored, limit: 9000)
    }
    #expect(error?.fault == .damaged)
    #expect(restored == bytes)
  }

  @Test func aBombStopsAtTheLimit() throws {
    var deflater = try Deflater(level: 9)
    var packed: [UInt8] = []
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<64 { deflater.append(zeros.span, to: &packed) }
    deflater.finish(to: &packed)
    var inflater = try Inflater()
    var output: [UInt8] = [9]
    let error = #expect(throws: CodecError.self) {
      try inflater.append(packed.span, to: &output, limit: 100_000)
    }
    #expect(error?.fault == .overLimit)
    #expect(output == [9])
    #expect(output.capacity < 400_000)
    inflater.reset()
    try inflater.append(packed.span, to: &output, limit: .max)
    #expect(output.count == (64 << 20) + 1)
  }

  @Test func theLimitIsExact() throws {
    var generator = SeededGenerator(seed: 15)
    let bytes = DeflateTests.sample(3000, &generator)
    var deflater = try Deflater()
    var packed: [UInt8] = []
    deflater.append(bytes.span, to: &packed)
    deflater.finish(to: &packed)
    for limit in [0, 1, 2998, 2999] {
      var inflater = try Inflater()
      var output: [UInt8] = []
      #expect(throws: CodecError.self) { try inflater.append(packed.span, to: &output, limit: limit) }
    }
    var inflater = try Inflater()
    var output: [UInt8] = []
    try inflater.append(packed.span, to: &output, limit: 3000)
    try inflater.finish()
  }

  @Test func truncationDamageAndTrailingBytesAreFound() throws {
    var generator = SeededGenerator(seed: 16)
    let bytes = DeflateTests.sample(2000, &generator)
    var deflater = try Deflater(wrapper: .zlib)
    var packed: [UInt8] = []
    deflater.append(bytes.span, to: &packed)
    deflater.finish(to: &packed)
    var inflater = try Inflater(wrapper: .zlib)
    for count in packed.indices {
      var output: [UInt8] = []
      inflater.reset()
      try inflater.append(Array(packed[..<count]).span, to: &output, limit: 2000)
      let error = #expect(throws: CodecError.self) { try inflater.finish() }
      #expect(error?.fault == .truncated)
    }
    for index in packed.indices {
      var flipped = packed
      flipped[index] ^= 0x10
      var output: [UInt8] = []
      inflater.reset()
      do {
        try inflater.append(flipped.span, to: &output, limit: 4000)
        try inflater.finish()
        // Another distance within a run gives the same bytes.
        #expect(output == bytes)
      } catch {}
    }
    inflater.reset()
    var output: [UInt8] = []
    let error = #expect(throws: CodecError.self) {
      try inflater.append((packed + [1, 2]).span, to: &output, limit: 2000)
    }
    #expect(error?.fault == .trailingBytes(2))
    inflater.reset()
    try inflater.append(packed.span, to: &output, limit: 2000)
    let late = #expect(throws: CodecError.self) { try inflater.append([3].span, to: &output, limit: 10) }
    #expect(late?.fault == .trailingBytes(1))
  }

  @Test(.enabled(if: Python.hasPillow, "needs python3-pil")) func pythonReadsAndWritesTheSame() throws {
    var generator = SeededGenerator(seed: 17)
    let bytes = DeflateTests.sample(100_000, &generator)
    let program = """
      import sys, zlib
      name = sys.argv[1]
      plain = zlib.decompress(open(name, 'rb').read(), -15)
      open(name + '.plain', 'wb').write(plain)
      c = zlib.compressobj(9, zlib.DEFLATED, -15)
      open(name + '.packed', 'wb').write(c.compress(plain) + c.flush())
      """
    try Python.withFolder { folder in
      var deflater = try Deflater(level: 1)
      var packed: [UInt8] = []
      for piece in DeflateTests.pieces(bytes, &generator) {
        deflater.append(piece.span, flush: .sync, to: &packed)
      }
      deflater.finish(to: &packed)
      let file = folder.appendingPathComponent("stream")
      try Data(packed).write(to: file)
      try Python.run(program, [file.path])
      #expect(try contents(file.appendingPathExtension("plain")) == bytes)
      var inflater = try Inflater()
      var restored: [UInt8] = []
      let other = try contents(file.appendingPathExtension("packed"))
      try inflater.append(other.span, to: &restored, limit: bytes.count)
      try inflater.finish()
      #expect(restored == bytes)
    }
  }

  @Test func misuseTraps() async {
    await #expect(processExitsWith: .failure) {
      var deflater = try Deflater()
      var output: [UInt8] = []
      deflater.finish(to: &output)
      deflater.finish(to: &output)
    }
    await #expect(processExitsWith: .failure) {
      var inflater = try Inflater()
      var output: [UInt8] = []
      try? inflater.append([0xFF].span, to: &output, limit: 10)
      try? inflater.append([0xFF].span, to: &output, limit: 10)
    }
    await #expect(processExitsWith: .failure) {
      var inflater = try Inflater(wrapper: .zlib)
      inflater.reset(preset: [1])
    }
  }
}
