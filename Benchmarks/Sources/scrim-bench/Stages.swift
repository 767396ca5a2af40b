import CMeasure
import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact

/// The stages of a frame's way, one by one, at 1920x1080.
struct Stages {
  static let width = 1920
  static let height = 1080
  static var pixels: Int { width * height }

  /// Frames of equal content in different memory, more than any cache holds: what a capture delivers.
  private static func ring(_ frame: (Int) -> Frame) -> [Frame] { (0..<12).map(frame) }

  private static func bytes(_ count: Int) -> [[UInt32]] {
    (0..<12).map { _ in [UInt32](repeating: 7, count: count) }
  }

  static func all(rounds: Int) throws -> [(name: String, run: () throws -> Result)] {
    [
      ("mask and compare, unchanged", { try unchanged(rounds, changedTiles: 0) }),
      ("mask and compare, 1 % of tiles changed", { try unchanged(rounds, changedTiles: 5) }),
      ("mask and compare, three quarters masked", { try masked(rounds) }),
      ("paint 50 masks of 240x32", { try fiftyMasks(rounds) }),
      ("encode a keyframe, lossless", { try keyframe(rounds, quality: nil) }),
      ("encode a keyframe, quality 80", { try keyframe(rounds, quality: 80) }),
      ("decode a keyframe", { try decode(rounds) }),
      ("PNG write, level 2", { try pngWrite(rounds) }),
      ("PNG read", { try pngRead(rounds) }),
    ]
  }

  private static func shownPlan() -> MaskRegions {
    MaskPlan(width: width, height: height, masks: [], guarded: Region()).regions
  }

  /// Compares cold frames with the kept picture, against memcmp of the same bytes.
  private static func unchanged(_ rounds: Int, changedTiles: Int) throws -> Result {
    let regions = shownPlan()
    var masker = Masker(width: width, height: height, fills: MaskFills())
    let frames = ring { index in
      var canvas = Canvas(width: width, height: height)
      for tile in 0..<changedTiles {
        canvas.fill(Rect(x: 300 + tile * 128, y: 400, width: 40, height: 20), Pixel(index * 1000 + tile))
      }
      return canvas.frame
    }
    let cold = bytes(pixels)
    let kept = cold[0]
    masker.show(frames[0], masked: regions)
    return inTurns(
      changedTiles == 0 ? "mask and compare, unchanged" : "mask and compare, 1 % of tiles changed",
      pixels: pixels,
      rounds: rounds, reference: "memcmp of both pictures"
    ) {
      masker.show(frames[$0 % 12], masked: regions)
    } against: { round in
      _ = measure_memcmp(cold[(round + 1) % 12], kept, pixels * 4)
    }
  }

  /// A frame three quarters of which is masked, against the same one unmasked.
  private static func masked(_ rounds: Int) throws -> Result {
    let open = shownPlan()
    let mask = MaskPlan.Mask(
      rect: Rect(x: 0, y: 0, width: width, height: height * 3 / 4), kind: .text, reason: .nature)
    let closed = MaskPlan(width: width, height: height, masks: [mask], guarded: Region()).regions
    var one = Masker(width: width, height: height, fills: MaskFills())
    var other = Masker(width: width, height: height, fills: MaskFills())
    let frames = ring { _ in Canvas(width: width, height: height).frame }
    return inTurns(
      "mask and compare, three quarters masked", pixels: pixels, rounds: rounds,
      reference: "the same unmasked"
    ) {
      one.show(frames[$0 % 12], masked: closed)
    } against: {
      other.show(frames[($0 + 6) % 12], masked: open)
    }
  }

  /// New masks over an unchanged picture, against a copy of it.
  private static func fiftyMasks(_ rounds: Int) throws -> Result {
    let plans = (0..<2).map { shift in
      MaskPlan(
        width: width, height: height,
        masks: (0..<50).map { index in
          MaskPlan.Mask(
            rect: Rect(x: 40 + index % 6 * 300 + shift, y: 20 + index / 6 * 110, width: 240, height: 32),
            kind: .text, reason: .nature)
        }, guarded: Region()
      ).regions
    }
    var masker = Masker(width: width, height: height, fills: MaskFills())
    masker.show(Canvas(width: width, height: height).frame, masked: shownPlan())
    let cold = bytes(pixels)
    var copy = cold[0]
    return inTurns(
      "paint 50 masks of 240x32", pixels: 50 * 240 * 32, rounds: rounds, reference: "memcpy of a picture"
    ) {
      masker.mask(plans[$0 % 2])
    } against: { round in
      copy.withUnsafeMutableBytes { measure_memcpy($0.baseAddress, cold[round % 12], $0.count) }
    }
  }

  private static func pictured(_ scene: Scene) -> Masker {
    var masker = Masker(width: width, height: height, fills: MaskFills())
    masker.show(scene.frame(0, width: width, height: height), masked: shownPlan())
    return masker
  }

  private static func keyframe(_ rounds: Int, quality: Int?) throws -> Result {
    let masker = pictured(quality == nil ? .windows : .photo)
    var coder = try FrameCoder(width: width, height: height, options: CodingOptions(quality: quality))
    let cold = bytes(pixels)
    var size = 0
    let name = quality.map { "encode a keyframe, quality \($0)" } ?? "encode a keyframe, lossless"
    var result = try inTurns(
      name, pixels: pixels, rounds: max(rounds / 4, 3), reference: "memcmp of both pictures"
    ) { _ in
      size = try coder.encode(masker.frame, keyframe: true).count
    } against: {
      _ = measure_memcmp(cold[$0 % 12], cold[($0 + 5) % 12], pixels * 4)
    }
    result.bytes = size
    return result
  }

  private static func decode(_ rounds: Int) throws -> Result {
    let masker = pictured(.windows)
    var coder = try FrameCoder(width: width, height: height, options: CodingOptions())
    let payload = try coder.encode(masker.frame, keyframe: true)
    var decoder = try FrameDecoder(width: width, height: height)
    let cold = bytes(pixels)
    return try inTurns(
      "decode a keyframe", pixels: pixels, rounds: max(rounds / 4, 3), reference: "memcmp of both pictures"
    ) { _ in
      try decoder.apply(payload[...], keyframe: true)
    } against: {
      _ = measure_memcmp(cold[$0 % 12], cold[($0 + 5) % 12], pixels * 4)
    }
  }

  private static func pngWrite(_ rounds: Int) throws -> Result {
    let masker = pictured(.windows)
    let pixels = (0..<Stages.pixels).map { masker.frame.pixels[$0] }
    var deflater = try Deflater(level: 2)
    let plain = pixels.flatMap {
      [
        UInt8(truncatingIfNeeded: $0 >> 16), UInt8(truncatingIfNeeded: $0 >> 8),
        UInt8(truncatingIfNeeded: $0),
      ]
    }
    var size = 0
    var result = try inTurns(
      "PNG write, level 2", pixels: Stages.pixels, rounds: max(rounds / 8, 3),
      reference: "zlib alone on the same bytes"
    ) { _ in
      size = try PNG.encode(pixels.span, width: width, height: height, level: 2).count
    } against: { _ in
      var out: [UInt8] = []
      deflater.reset()
      deflater.append(plain.span, flush: .sync, to: &out)
    }
    result.bytes = size
    return result
  }

  private static func pngRead(_ rounds: Int) throws -> Result {
    let masker = pictured(.windows)
    let pixels = (0..<Stages.pixels).map { masker.frame.pixels[$0] }
    let png = try PNG.encode(pixels.span, width: width, height: height, level: 2)
    var raw: [UInt8] = []
    var deflater = try Deflater(level: 2)
    let plain = pixels.flatMap {
      [
        UInt8(truncatingIfNeeded: $0 >> 16), UInt8(truncatingIfNeeded: $0 >> 8),
        UInt8(truncatingIfNeeded: $0),
      ]
    }
    deflater.append(plain.span, flush: .sync, to: &raw)
    var inflater = try Inflater()
    var words: [UInt32] = []
    return try inTurns(
      "PNG read", pixels: Stages.pixels, rounds: max(rounds / 8, 3), reference: "zlib alone on the same bytes"
    ) { _ in
      _ = try PNG.decode(png.span, into: &words)
    } against: { _ in
      var out: [UInt8] = []
      inflater.reset()
      try inflater.append(raw.span, to: &out, limit: Stages.pixels * 3)
    }
  }
}
