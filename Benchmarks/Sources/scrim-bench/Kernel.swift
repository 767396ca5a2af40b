import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact

/// The hot loops by themselves, small enough to run under callgrind: `Benchmarks/callgrind` takes the
/// difference of two numbers of rounds, so that the setup does not count.
enum Kernel {
  private static let width = 640
  private static let height = 384

  private static var all: [(name: String, prepare: () throws -> (Int) throws -> Void)] {
    [
      ("compare", compare), ("mask", mask), ("encode", encode), ("decode", decode), ("png-write", pngWrite),
      ("png-read", pngRead), ("crc32c", { checksum { _ = CRC32C.checksum($0.span) } }),
      ("sha256", { checksum { _ = SHA256.digest($0.span) } }),
    ]
  }

  static func run(_ name: String, rounds: Int) throws {
    guard let kernel = all.first(where: { $0.name == name }) else {
      throw BenchError("no kernel \(name); there are \(all.map(\.name).joined(separator: ", "))")
    }
    let work = try kernel.prepare()
    for round in 0..<rounds { try work(round) }
    print(width * height * rounds)
  }

  private static func canvas(_ line: Int) -> Canvas {
    var canvas = Canvas(width: width, height: height, background: 0xFFFFFF)
    canvas.window(Rect(x: 20, y: 20, width: width - 40, height: height - 40), title: 65)
    for row in 0..<12 { canvas.text(Scene.words(row + line, 60), x: 40, y: 60 + row * 20, colour: 0x202020) }
    return canvas
  }

  private static func compare() -> (Int) -> Void {
    let masker = Held(Masker(width: width, height: height, fills: MaskFills()))
    let frames = (0..<2).map { _ in canvas(0).frame }
    let regions = Recording.open(width: width, height: height)
    masker.value.show(frames[0], masked: regions)
    return { masker.value.show(frames[$0 % 2], masked: regions) }
  }

  private static func mask() -> (Int) -> Void {
    let masker = Held(Masker(width: width, height: height, fills: MaskFills()))
    let plans = (0..<2).map { shift in
      let rect = Rect(x: shift, y: 0, width: width - 1, height: height)
      return MaskPlan(
        width: width, height: height, masks: [MaskPlan.Mask(rect: rect, kind: .text, reason: .nature)],
        guarded: Region()
      ).regions
    }
    masker.value.mask(plans[1])
    return { masker.value.mask(plans[$0 % 2]) }
  }

  private static func encode() throws -> (Int) throws -> Void {
    let recording = Held(try Recording(width: width, height: height))
    recording.value.show(canvas(0).frame)
    return { _ in try recording.value.encode(keyframe: true) }
  }

  private static func decode() throws -> (Int) throws -> Void {
    var recording = try Recording(width: width, height: height)
    recording.show(canvas(0).frame)
    try recording.encode(keyframe: true)
    let payload = recording.payload
    let decoder = Held(try FrameDecoder(width: width, height: height))
    return { _ in try decoder.value.apply(payload[...], keyframe: true) }
  }

  private static func pngWrite() -> (Int) throws -> Void {
    let pixels = canvas(0).pixels
    return { _ in _ = try PNG.encodeFast(pixels.span, width: width, height: height) }
  }

  private static func pngRead() throws -> (Int) throws -> Void {
    let file = try PlainPNG.write(canvas(0).pixels, width: width, height: height)
    var words: [UInt32] = []
    return { _ in _ = try PNG.decode(file.span, into: &words) }
  }

  private static func checksum(_ work: @escaping ([UInt8]) -> Void) -> (Int) -> Void {
    let bytes = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    return { _ in work(bytes) }
  }
}
