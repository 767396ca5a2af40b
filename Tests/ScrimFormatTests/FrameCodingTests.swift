import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimFormat
@testable import ScrimRedact

/// Masked frames in, decoded pictures out: a player shows exactly the masked pixels.
@Suite struct FrameCodingTests {
  /// A screen behind masks that change at random.
  struct Scene: ~Copyable {
    var screen: Screen
    var masker: Masker
    var plan: MaskPlan

    static let fills: MaskFills = {
      var fills = MaskFills(0x000000)
      fills[.password] = 0x102030
      return fills
    }()

    init(width: Int, height: Int, seed: UInt64) {
      screen = Screen(width: width, height: height, seed: seed)
      masker = Masker(width: width, height: height, fills: Scene.fills)
      plan = MaskPlan(width: width, height: height, masks: [], guarded: Region())
    }

    mutating func mask(_ rects: [Rect]) {
      plan = MaskPlan(
        width: screen.width, height: screen.height,
        masks: rects.map { rect in
          .init(rect: rect, kind: Bool.random(using: &screen.random) ? .text : .password, reason: .nature)
        }, guarded: Region())
    }

    mutating func next() {
      screen.change()
      if Int.random(in: 0..<4, using: &screen.random) == 0 {
        mask((0..<Int.random(in: 0...3, using: &screen.random)).map { _ in screen.rect() })
      }
      switch Int.random(in: 0..<5, using: &screen.random) {
      case 0: masker.mask(plan.regions)
      case 1:
        var cleared = TileSet(
          TileGrid(width: screen.width, height: screen.height, side: MaskedFrame.clearanceSide))
        for row in 0..<cleared.grid.rows {
          for column in 0..<cleared.grid.columns { cleared[column, row] = .random(using: &screen.random) }
        }
        masker.show(screen.frame, masked: plan.regions, cleared: cleared)
      default: masker.show(screen.frame, masked: plan.regions)
      }
    }

    var shown: [Pixel] { (0..<screen.width * screen.height).map { masker.frame.pixels[$0] } }

    /// The fill that a pixel must have; nil outside masks.
    func fill(_ index: Int) -> Pixel? {
      let (x, y) = (index % screen.width, index / screen.width)
      return plan.masks.filter { $0.rect.contains(x: x, y: y) }.map(\.kind).max().map { Scene.fills[$0] }
    }
  }

  @Test(arguments: [
    (1, 1), (1, 70), (70, 1), (63, 63), (64, 64), (65, 65), (130, 97), (4097, 2), (2, 4097), (63, 65),
  ])
  func decodingGivesTheMaskedPixels(width: Int, height: Int) throws {
    for seed in 0..<3 as Range<UInt64> {
      var scene = Scene(width: width, height: height, seed: seed &* 7919 &+ UInt64(width))
      var coder = try FrameEncoder(width: width, height: height, options: CodingOptions(level: 1))
      var decoder = try FrameDecoder(width: width, height: height)
      var before: [Pixel] = []
      for number in 0..<14 {
        scene.next()
        let isKey = number == 0 || Int.random(in: 0..<6, using: &scene.screen.random) == 0
        let payload = try coder.encode(scene.masker.frame, keyframe: isKey)
        try decoder.apply(payload[...], keyframe: isKey)
        let shown = scene.shown
        #expect(decoder.picture.pixels == shown, "frame \(number) of seed \(seed)")
        if !isKey { #expect(payload.isEmpty == (shown == before), "frame \(number) of seed \(seed)") }
        before = shown
      }
    }
  }

  /// A player may start at any keyframe, also in the middle of a segment.
  @Test func everyKeyframeStandsAlone() throws {
    var scene = Scene(width: 100, height: 80, seed: 5)
    var coder = try FrameEncoder(width: 100, height: 80, options: CodingOptions())
    for number in 0..<40 {
      scene.next()
      let isKey = number % 4 == 0
      let payload = try coder.encode(scene.masker.frame, keyframe: isKey)
      guard isKey else { continue }
      var decoder = try FrameDecoder(width: 100, height: 80)
      try decoder.apply(payload[...], keyframe: true)
      #expect(decoder.picture.pixels == scene.shown)
    }
  }

  /// Rectangles of few colours each that together have more than a palette holds, one with exactly as many,
  /// and one with more.
  @Test(arguments: [2, 100, 255, 256, 257, 300, 4000]) func coloursBeyondAPalette(count: Int) throws {
    var scene = Scene(width: 128, height: 128, seed: UInt64(count))
    var coder = try FrameEncoder(width: 128, height: 128, options: CodingOptions())
    var decoder = try FrameDecoder(width: 128, height: 128)
    for number in 0..<6 {
      let first = Pixel(number * 1009)
      scene.screen.draw(Rect(x: 0, y: 0, width: 128, height: 100)) { x, y, _ in
        (first + Pixel((y * 128 + x) % count)) * 0x3D1 & 0xFF_FFFF
      }
      scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
      try decoder.apply(coder.encode(scene.masker.frame, keyframe: number == 0)[...], keyframe: number == 0)
      #expect(decoder.picture.pixels == scene.screen.pixels)
    }
  }

  @Test func unchangedPixelsTakeNoBytes() throws {
    var scene = Scene(width: 200, height: 100, seed: 9)
    scene.screen.photograph(Rect(x: 0, y: 0, width: 200, height: 100))
    scene.mask([Rect(x: 10, y: 10, width: 50, height: 50)])
    var coder = try FrameEncoder(width: 200, height: 100, options: CodingOptions())
    for number in 0..<5 {
      // Only pixels under the mask change.
      scene.screen.photograph(Rect(x: 10, y: 10, width: 50, height: 50))
      scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
      #expect(try coder.encode(scene.masker.frame, keyframe: number == 0).isEmpty == (number > 0))
    }
  }

  @Test(arguments: [30, 75, 95]) func onlyPhotographsFreeOfMasksAreLossy(quality: Int) throws {
    for seed in 0..<4 as Range<UInt64> {
      var scene = Scene(width: 210, height: 170, seed: seed &+ 100)
      scene.screen.photograph(Rect(x: 0, y: 0, width: 210, height: 170))
      scene.mask((0..<2).map { _ in scene.screen.rect() })
      scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
      var coder = try FrameEncoder(
        width: 210, height: 170, options: CodingOptions(quality: quality, level: 1))
      var decoder = try FrameDecoder(width: 210, height: 170)
      try decoder.apply(coder.encode(scene.masker.frame, keyframe: true)[...], keyframe: true)
      var differing = 0
      var worst = 0
      for (index, pixel) in scene.shown.enumerated() where decoder.picture.pixels[index] != pixel {
        let decoded = decoder.picture.pixels[index]
        differing += 1
        for shift in [0, 8, 16] as [Pixel] {
          worst = max(worst, abs(Int(decoded >> shift & 0xFF) - Int(pixel >> shift & 0xFF)))
        }
        let tile = Rect(x: index % 210 / 16 * 16, y: index / 210 / 16 * 16, width: 16, height: 16)
        #expect(!scene.plan.masks.contains { $0.rect.intersects(tile) }, "a tile with a mask is exact")
      }
      #expect(differing > 0, "a photograph this large is coded as JPEG")
      #expect(worst <= (quality < 50 ? 40 : quality < 90 ? 20 : 8))
    }
  }

  /// Masks that appear and disappear over lossily coded photographs: under each the fill is exact.
  @Test func fillsStayExactWhateverTheQuality() throws {
    for seed in 0..<6 as Range<UInt64> {
      var scene = Scene(width: 150, height: 140, seed: seed &+ 300)
      var coder = try FrameEncoder(width: 150, height: 140, options: CodingOptions(quality: 40, level: 1))
      var decoder = try FrameDecoder(width: 150, height: 140)
      for number in 0..<10 {
        if number % 3 == 0 { scene.screen.photograph(Rect(x: 0, y: 0, width: 150, height: 140)) }
        scene.next()
        try decoder.apply(coder.encode(scene.masker.frame, keyframe: number == 0)[...], keyframe: number == 0)
        let wrong = decoder.picture.pixels.indices.filter { index in
          scene.fill(index).map { $0 != decoder.picture.pixels[index] } ?? false
        }
        #expect(wrong.isEmpty, "\(wrong.count) masked pixels of frame \(number), seed \(seed)")
      }
    }
  }

  /// A mask appears over pixels of a photograph that already have the fill's colour: the masked frame does
  /// not change there, but the lossy decoder does not hold the exact fill.
  @Test func aMaskOverPixelsThatHadItsColourIsExact() throws {
    var scene = Scene(width: 128, height: 128, seed: 11)
    scene.screen.photograph(Rect(x: 0, y: 0, width: 128, height: 128))
    scene.screen.draw(Rect(x: 20, y: 20, width: 21, height: 33)) { _, _, _ in 0 }
    var coder = try FrameEncoder(width: 128, height: 128, options: CodingOptions(quality: 30))
    var decoder = try FrameDecoder(width: 128, height: 128)
    scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
    try decoder.apply(coder.encode(scene.masker.frame, keyframe: true)[...], keyframe: true)
    try #require(decoder.picture.pixels != scene.shown)
    let rect = Rect(x: 20, y: 20, width: 21, height: 33)
    scene.plan = MaskPlan(
      width: 128, height: 128, masks: [.init(rect: rect, kind: .text, reason: .nature)], guarded: Region())
    scene.masker.show(scene.screen.frame, masked: scene.plan.regions)
    try decoder.apply(coder.encode(scene.masker.frame, keyframe: false)[...], keyframe: false)
    let wrong = decoder.picture.pixels.indices.filter { index in
      scene.fill(index).map { $0 != decoder.picture.pixels[index] } ?? false
    }
    #expect(wrong.isEmpty, "\(wrong.count) masked pixels are not the fill")
  }
}
