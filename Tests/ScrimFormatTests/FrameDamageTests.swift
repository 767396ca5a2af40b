import ScrimCodec
import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimFormat
@testable import ScrimRedact

/// Payloads that Scrim's writer never makes.
@Suite struct FrameDamageTests {
  /// A payload of a deflate writer.
  static func payload(
    _ operations: [UInt8], indices: [UInt8] = [], pictures: [UInt8] = []
  ) throws -> [UInt8] {
    var plain: [UInt8] = []
    plain.appendVarint(UInt64(operations.count))
    var deflater = try Deflater()
    var body: [UInt8] = []
    deflater.append((plain + operations + indices).span, flush: .sync, to: &body)
    return varint(body.count) + body + [0] + pictures
  }

  static func varint(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendVarint(UInt64(value))
    return bytes
  }

  static func u16(_ values: Int...) -> [UInt8] {
    values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
  }

  static func u32(_ value: Int) -> [UInt8] { u16(value & 0xFFFF, value >> 16) }

  static func fill(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> [UInt8] {
    [1] + u16(x, y, width, height) + [3, 2, 1]
  }

  /// Decodes a keyframe of 10×8 pixels.
  static func error(_ payload: [UInt8], keyframe: Bool = true) throws -> PayloadError? {
    var decoder = try FrameDecoder(width: 10, height: 8, coding: .deflate)
    do {
      try decoder.apply(payload[...], keyframe: keyframe)
      return nil
    } catch {
      return error
    }
  }

  static func error(
    operations: [UInt8], indices: [UInt8] = [], pictures: [UInt8] = []
  ) throws -> PayloadError? {
    try error(payload(operations, indices: indices, pictures: pictures))
  }

  @Test func aPayloadByHandIsUnderstood() throws {
    var decoder = try FrameDecoder(width: 10, height: 8, coding: .deflate)
    let operations =
      Self.fill(0, 0, 10, 8) + [8, 2, 0, 0, 9, 0, 9, 0] + [2] + Self.u16(1, 1, 2, 1)
      + [1] + Self.u16(9, 7, 1, 1) + [4, 5, 6] + [4] + Self.u16(0, 0, 3, 2, 1, 1)
    try decoder.apply(Self.payload(operations, indices: [0, 1])[...], keyframe: true)
    let pixels = decoder.picture.pixels
    // Indexed pixels are placed in order, before the operations that follow them in the list.
    #expect(pixels[0...3] == [0x090000, 0x000900, 0x010203, 0x010203])
    #expect(pixels[13] == 0x010203)
    #expect(pixels[79] == 0x060504)
    let escaped = [8, 2, 0, 0, 9, 0, 9, 0] + [2] + Self.u16(0, 0, 3, 1)
    try decoder.apply(
      Self.payload(escaped, indices: [255, 1, 255, 1, 2, 3, 4, 5, 6])[...], keyframe: true)
    #expect(decoder.picture.pixels[0...3] == [0x030201, 0x000900, 0x060504, 0])
  }

  @Test func rectanglesOutsideAreRefused() throws {
    for (x, y, width, height) in [
      (0, 0, 11, 1), (0, 0, 1, 9), (10, 0, 1, 1), (0, 8, 1, 1), (65535, 65535, 65535, 65535), (9, 7, 2, 1),
      (0, 0, 0, 1), (0, 0, 1, 0),
    ] {
      let rect = Rect(x: x, y: y, width: width, height: height)
      for code in 1...7 as ClosedRange<UInt8> {
        let operations = [code] + Self.u16(x, y, width, height) + [UInt8](repeating: 0, count: 400)
        #expect(
          try Self.error(operations: operations) == .outside(rect, width: 10, height: 8, offset: 1),
          "operation \(code)")
      }
    }
    let copy = [4] + Self.u16(0, 0, 3, 2, 8, 0)
    #expect(
      try Self.error(operations: copy)
        == .outside(Rect(x: 8, y: 0, width: 3, height: 2), width: 10, height: 8, offset: 9))
  }

  @Test func coloursThatAreNotThereAreRefused() throws {
    let indexed = [2] + Self.u16(0, 0, 2, 1)
    let two = [8, 2, 1, 1, 1, 2, 2, 2] + indexed
    #expect(try Self.error(operations: two, indices: [1, 0]) == nil)
    guard case .noSuchColour(2, colours: 2, _)? = try Self.error(operations: two, indices: [1, 2]) else {
      Issue.record("the index 2 of two colours")
      return
    }
    let full = [8, 255] + [UInt8](repeating: 7, count: 765)
    #expect(try Self.error(operations: full + indexed, indices: [254, 0]) == nil)
    #expect(try Self.error(operations: full + [8, 1, 1, 1, 1]) == .paletteFull(offset: full.count + 1))
  }

  /// A palette ends at a keyframe.
  @Test func aKeyframeForgetsThePalette() throws {
    var decoder = try FrameDecoder(width: 10, height: 8, coding: .deflate)
    let indexed = [2] + Self.u16(0, 0, 1, 1)
    try decoder.apply(Self.payload([8, 1, 1, 1, 1] + indexed, indices: [0])[...], keyframe: true)
    #expect(throws: PayloadError.self) {
      try decoder.apply(Self.payload(indexed, indices: [0])[...], keyframe: true)
    }
  }

  @Test func tilesThatWereNotKeptAreRefused() throws {
    let keep = [7] + Self.u16(0, 0, 10, 8)
    #expect(try Self.error(operations: keep + [5] + Self.u16(0, 0, 10, 8, 0)) == nil)
    #expect(try Self.error(operations: keep + [5] + Self.u16(0, 0, 10, 8, 1)) != nil)
    #expect(try Self.error(operations: [5] + Self.u16(0, 0, 10, 8, 0)) != nil)
    #expect(try Self.error(operations: keep + [5] + Self.u16(0, 0, 9, 8, 0)) != nil)
  }

  @Test func unknownCodesAndExcessBytesAreRefused() throws {
    let fill = Self.fill(0, 0, 1, 1)
    for code in [0, 9, 0x7F, 0xEE, 0xFF] as [UInt8] {
      #expect(
        try Self.error(operations: fill + [code] + [UInt8](repeating: 0, count: 99))
          == .unknownOperation(code: code, offset: fill.count))
    }
    #expect(try Self.error(operations: fill, indices: [0]) == .trailing(bytes: 1))
    #expect(try Self.error(operations: fill, pictures: [1, 2, 3]) == .trailing(bytes: 3))
    #expect(
      try Self.error(operations: [2] + Self.u16(0, 0, 2, 2), indices: [1]) == .cut(needed: 4, left: 1))
    #expect(try Self.error([10, 1]) == .cut(needed: 10, left: 1))
    #expect(try Self.error([0x80]) != nil)
    guard case .codec? = try Self.error([4, 0xFF, 0xFF, 0xFF, 0xFF, 0]) else {
      Issue.record("what is no deflate stream")
      return
    }
  }

  @Test func picturesThatDoNotFitAreRefused() throws {
    let jpeg = try JPEG.encode([Pixel](repeating: 0x808080, count: 12).span, width: 4, height: 3, quality: 90)
    let right = [6] + Self.u16(1, 1, 4, 3) + Self.u32(jpeg.count)
    #expect(try Self.error(operations: right, pictures: jpeg) == nil)
    #expect(try Self.error(operations: right, pictures: jpeg + [0]) == .trailing(bytes: 1))
    #expect(
      try Self.error(operations: right, pictures: Array(jpeg.dropLast()))
        == .cut(needed: jpeg.count, left: jpeg.count - 1))
    let turned = [6] + Self.u16(1, 1, 3, 4) + Self.u32(jpeg.count)
    #expect(
      try Self.error(operations: turned, pictures: jpeg)
        == .wrongPictureSize(Rect(x: 1, y: 1, width: 3, height: 4), width: 4, height: 3))
    let small = [6] + Self.u16(1, 1, 2, 2) + Self.u32(jpeg.count)
    #expect(try Self.error(operations: small, pictures: jpeg) != nil)
  }

  /// 200 MB of zeros in 200 KB: refused before the memory is allocated.
  @Test func streamsThatInflateBeyondTheLimitAreRefused() throws {
    var deflater = try Deflater()
    var body: [UInt8] = []
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<200 { deflater.append(zeros.span, to: &body) }
    deflater.append([UInt8]().span, flush: .sync, to: &body)
    guard case .codec(let error)? = try Self.error(Self.varint(body.count) + body + [0]) else {
      Issue.record("a bomb was taken")
      return
    }
    #expect(error.fault == .overLimit)
  }

  /// Operations that paint the whole picture again and again: 12 bytes each, and almost nothing when
  /// compressed. Without a limit a payload of under a megabyte would paint 8192×8192 pixels for years.
  @Test func paintingOverAndOverIsRefused() throws {
    let fills = [[UInt8]](repeating: Self.fill(0, 0, 10, 8), count: 5000).joined()
    guard case .tooMuchWork? = try Self.error(operations: Array(fills)) else {
      Issue.record("400,000 pixels were painted on a picture of 80")
      return
    }
  }

  @Test func nothingFollowsAnErrorButAKeyframe() throws {
    #expect(try Self.error(Self.payload(Self.fill(0, 0, 1, 1)), keyframe: false) == .noKeyframe)
    #expect(try Self.error([], keyframe: false) == .noKeyframe)
    var decoder = try FrameDecoder(width: 10, height: 8, coding: .deflate)
    let good = try Self.payload(Self.fill(0, 0, 10, 8))
    try decoder.apply(good[...], keyframe: true)
    #expect(throws: PayloadError.self) { try decoder.apply([9, 9, 9, 9, 9][...], keyframe: false) }
    #expect(throws: PayloadError.noKeyframe) { try decoder.apply([][...], keyframe: false) }
    try decoder.apply(good[...], keyframe: true)
    try decoder.apply([][...], keyframe: false)
    #expect(decoder.picture.pixels.allSatisfy { $0 == 0x010203 })
  }

  /// The record's checksum finds damage; this test only checks that nothing crashes, hangs or uses much
  /// memory.
  @Test func damagedPayloadsNeverCrash() throws {
    var scene = FrameCodingTests.Scene(width: 70, height: 66, seed: 21)
    var coder = try FrameEncoder(width: 70, height: 66, options: CodingOptions(quality: 50))
    var payloads: [[UInt8]] = []
    scene.screen.photograph(Rect(x: 0, y: 0, width: 70, height: 66))
    scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
    for number in 0..<6 {
      let payload = try coder.encode(scene.masker.frame, keyframe: number == 0)
      payloads.append(payload)
      scene.screen.draw(scene.screen.rect()) { x, y, _ in Pixel((x / 5 + y / 3) % 6) * 0x2A2A2A }
      scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
    }
    var refused = 0
    func tryOut(_ damaged: [UInt8], at place: Int) throws {
      var decoder = try FrameDecoder(width: 70, height: 66)
      do {
        for number in 0...place {
          try decoder.apply((number == place ? damaged : payloads[number])[...], keyframe: number == 0)
        }
      } catch { refused += 1 }
    }
    var random = SeededGenerator(seed: 22)
    for (place, payload) in payloads.enumerated() where !payload.isEmpty {
      let step = max(payload.count / 150, 1)
      for offset in Swift.stride(from: 0, to: payload.count, by: offsetStep(payload, step)) {
        for flip in [1, 0x80, 0xFF, UInt8.random(in: 1...255, using: &random)] as [UInt8] {
          var damaged = payload
          damaged[offset] ^= flip
          try tryOut(damaged, at: place)
        }
        try tryOut(Array(payload[..<offset]), at: place)
      }
    }
    #expect(refused > 200)
  }

  /// Every byte of a short payload; of a long one as many as are quick to test.
  private func offsetStep(_ payload: [UInt8], _ step: Int) -> Int { payload.count <= 400 ? 1 : step }

  @Test func randomOperationsNeverCrash() throws {
    var random = SeededGenerator(seed: 23)
    var taken = 0
    for _ in 0..<3000 {
      var operations: [UInt8] = []
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        operations.append(UInt8.random(in: 0...9, using: &random))
        operations += Self.u16(
          .random(in: 0..<10, using: &random), .random(in: 0..<8, using: &random),
          .random(in: 0...4, using: &random), .random(in: 0...4, using: &random))
        operations += randomBytes(Int.random(in: 0...20, using: &random), &random).map { $0 & 15 }
      }
      if try Self.error(operations: operations) == nil { taken += 1 }
    }
    #expect(taken < 3000)
  }
}
