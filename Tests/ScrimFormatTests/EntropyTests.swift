import ScrimCodec
import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimFormat

/// Hand-made payloads: invalid ones are refused, and nothing traps.
@Suite struct EntropyTests {
  static let (width, height) = (130, 70)

  /// A raw deflate payload with a list of operations and their data.
  private func payload(_ list: [UInt8], indices: [UInt8] = [], samples: [UInt8] = []) throws -> [UInt8] {
    var plain: [UInt8] = []
    plain.appendVarint(UInt64(list.count))
    plain += list + indices
    var payload: [UInt8] = []
    for bytes in [plain, samples] {
      var deflater = try Deflater(level: 1)
      var compressed: [UInt8] = []
      if !bytes.isEmpty { deflater.append(bytes.span, flush: .sync, to: &compressed) }
      payload.appendVarint(UInt64(compressed.count))
      payload += compressed
    }
    return payload
  }

  private func operation(_ code: OperationCode, _ rect: Rect, _ rest: [UInt8] = []) -> [UInt8] {
    [code.rawValue] + short(rect.x) + short(rect.y) + short(rect.width) + short(rect.height) + rest
  }

  private func short(_ value: Int) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }

  private func error(_ payload: [UInt8]) throws -> PayloadError? {
    var decoder = try FrameDecoder(width: EntropyTests.width, height: EntropyTests.height, coding: .deflate)
    do throws(PayloadError) {
      try decoder.apply(payload[...], keyframe: true)
      return nil
    } catch {
      return error
    }
  }

  private let whole = Rect(x: 0, y: 0, width: EntropyTests.width, height: EntropyTests.height)
  private let corner = Rect(x: 0, y: 0, width: 10, height: 10)

  @Test func aValidPayloadPasses() throws {
    let list =
      operation(.fill, whole, [1, 2, 3]) + operation(.copy, corner, short(120) + short(60))
      + operation(.keep, whole) + operation(.recall, Rect(x: 64, y: 0, width: 64, height: 64), short(0))
    #expect(try error(payload(list)) == nil)
  }

  @Test func refusesCopiesFromOutside() throws {
    let list = operation(.copy, corner, short(121) + short(0))
    #expect(
      try error(payload(list))
        == .outside(
          Rect(x: 121, y: 0, width: 10, height: 10), width: EntropyTests.width, height: EntropyTests.height,
          offset: 9))
  }

  @Test func refusesTilesThatAreNotThere() throws {
    let tile = Rect(x: 0, y: 0, width: 64, height: 64)
    let empty = operation(.recall, tile, short(0))
    #expect(try error(payload(empty)) == .noSuchTile(slot: 0, held: 0, offset: 9))
    // Slot 2 holds the tile at the right edge, which is 2 pixels wide.
    let keep = operation(.keep, whole)
    let other = keep + operation(.recall, tile, short(2))
    #expect(try error(payload(other)) == .noSuchTile(slot: 2, held: 6, offset: 18))
    let noTile = keep + operation(.recall, Rect(x: 1, y: 0, width: 64, height: 64), short(0))
    #expect(try error(payload(noTile)) == .noSuchTile(slot: 0, held: 6, offset: 18))
    #expect(try error(payload(keep + operation(.recall, tile, short(65_535)))) != nil)
  }

  @Test func refusesIndicesWithoutAColour() throws {
    let list = [OperationCode.colours.rawValue, 1, 9, 9, 9] + operation(.indexed, corner)
    let good = [UInt8](repeating: 0, count: 100)
    #expect(try error(payload(list, indices: good)) == nil)
    var bad = good
    bad[57] = 1
    #expect(
      try error(payload(list, indices: bad)) == .noSuchColour(index: 1, colours: 1, offset: 1 + list.count))
    bad[57] = 255
    #expect(try error(payload(list, indices: bad)) == .cut(needed: 3, left: 0))
    #expect(try error(payload(list, indices: bad + [1, 2, 3])) == nil)
    #expect(try error(payload(list, indices: good + [7])) == .trailing(bytes: 1))
  }

  @Test func refusesTooManyColours() throws {
    let many = [OperationCode.colours.rawValue, 255] + [UInt8](repeating: 1, count: 765)
    #expect(try error(payload(many)) == nil)
    let more = many + [OperationCode.colours.rawValue, 1, 0, 0, 0]
    #expect(try error(payload(more)) == .paletteFull(offset: many.count + 1))
  }

  @Test func refusesSamplesOfAnotherNumber() throws {
    let list = operation(.predicted, corner, [1])
    #expect(try error(payload(list, samples: [UInt8](repeating: 3, count: 300))) == nil)
    #expect(
      try error(payload(list, samples: [UInt8](repeating: 3, count: 299))) == .cut(needed: 300, left: 299))
    #expect(try error(payload(list, samples: [UInt8](repeating: 3, count: 301))) == .trailing(bytes: 1))
    #expect(
      try error(payload(operation(.predicted, corner, [2]))) == .unknownTransform(2, offset: 9))
  }

  /// A few bytes that would make a reader copy the picture a thousand times.
  @Test(arguments: [OperationCode.fill, .keep, .copy])
  func refusesEndlessWork(_ code: OperationCode) throws {
    let rest: [UInt8] =
      switch code {
      case .fill: [0, 0, 0]
      case .copy: [0, 0, 0, 0]
      default: []
      }
    let list = (0..<1000).flatMap { _ in operation(code, whole, rest) }
    let limit = FrameLimits.work(EntropyTests.width * EntropyTests.height)
    guard case .tooMuchWork(_, limit)? = try error(payload(list)) else {
      Issue.record("not refused")
      return
    }
  }

  @Test func refusesNumbersInALongerForm() throws {
    #expect(try error([0x80, 0x00, 0x00]) == .badNumber(offset: 0))
    #expect(try error([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == .badNumber(offset: 0))
    #expect(try error([0x05]) == .cut(needed: 5, left: 0))
  }

  @Test func refusesMoreBytesThanAPictureMayTake() throws {
    let pixels = EntropyTests.width * EntropyTests.height
    let zeros = [UInt8](repeating: 0, count: FrameLimits.operationBytes(pixels) + 1)
    guard case .codec(let error)? = try error(payload([], indices: zeros)) else {
      Issue.record("not refused")
      return
    }
    #expect(error.fault == .overLimit)
  }

  /// With any damage to single bytes, a decoder throws or shows a picture; it never traps.
  @Test(arguments: [EntropyCoding.deflate, .preferred])
  func survivesDamagedPayloads(_ coding: EntropyCoding) throws {
    var random = SeededGenerator(seed: 8)
    for round in 0..<12 {
      var desktop = Desktop(width: 200, height: 150, seed: UInt64(round))
      var screen = MaskedScreen(width: 200, height: 150)
      var coder = try FrameEncoder(width: 200, height: 150, options: CodingOptions(entropyCoding: coding))
      var decoder = try FrameDecoder(width: 200, height: 150, coding: coding)
      for number in 0..<8 {
        desktop.step()
        screen.show(desktop.pixels)
        var payload = try coder.encode(screen.frame, keyframe: number == 0)
        if number > 0, !payload.isEmpty {
          payload[.random(in: 0..<payload.count, using: &random)] = .random(in: 0...255, using: &random)
        }
        do throws(PayloadError) { try decoder.apply(payload[...], keyframe: number == 0) } catch { break }
      }
    }
  }

  /// Lists of random operations with valid codes.
  @Test func survivesRandomOperations() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<500 {
      var list: [UInt8] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        list.append(.random(in: 0...9, using: &random))
        for _ in 0..<4 { list += short(Int.random(in: 0..<80, using: &random)) }
        for _ in 0..<Int.random(in: 0...4, using: &random) { list.append(.random(in: 0...3, using: &random)) }
      }
      _ = try error(
        payload(
          list, indices: [UInt8](repeating: 0, count: .random(in: 0...500, using: &random)),
          samples: [UInt8](repeating: 0, count: .random(in: 0...500, using: &random))))
    }
  }

  @Test func aBuildWithoutZstdReportsIt() throws {
    if Zstd.isBuiltIn {
      #expect(EntropyCoding.preferred == .zstd)
      let first = try CodingLoop(width: 64, height: 64).decoder.picture.pixels
      #expect(first.count == 4096)
    } else {
      #expect(EntropyCoding.preferred == .deflate)
      #expect(throws: CodecError.self) { try FrameDecoder(width: 64, height: 64, coding: .zstd).picture }
    }
  }
}
