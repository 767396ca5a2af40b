import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Compares the masker with a naive one that works pixel by pixel and keeps no unnecessary state.
@Suite struct MaskerTests {
  static func random(_ width: Int, _ height: Int, _ random: inout SeededGenerator) -> [Pixel] {
    // Few values, so that neighbours are often equal, as on screens.
    (0..<width * height).map { _ in Pixel.random(in: 0..<3, using: &random) * 0x40_4040 }
  }

  static func plan(_ width: Int, _ height: Int, _ random: inout SeededGenerator) -> MaskPlan {
    let bounds = Rect(x: 0, y: 0, width: width, height: height)
    let masks = (0..<Int.random(in: 0...6, using: &random)).map { _ in
      MaskPlan.Mask(
        rect: Rect(
          x: .random(in: -5..<width, using: &random), y: .random(in: -5..<height, using: &random),
          width: .random(in: 1...30, using: &random), height: .random(in: 1...30, using: &random)
        ).intersection(bounds), kind: MaskKind.allCases.randomElement(using: &random) ?? .text,
        reason: .nature)
    }
    return MaskPlan(width: width, height: height, masks: masks, guarded: Region())
  }

  static let fills: MaskFills = {
    var fills = MaskFills(0x111111)
    fills[.text] = 0x222222
    fills[.password] = 0x333333
    return fills
  }()

  /// The fill of a pixel, nil outside masks.
  static func fill(_ x: Int, _ y: Int, _ plan: MaskPlan) -> Pixel? {
    plan.masks.filter { $0.rect.contains(x: x, y: y) }.map(\.kind).max().map { fills[$0] }
  }

  @Test func agreesWithANaiveMaskerOnEveryPixel() {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<40 {
      let (width, height) = (Int.random(in: 1...90, using: &random), Int.random(in: 1...90, using: &random))
      var masker = Masker(width: width, height: height, fills: MaskerTests.fills)
      var shown = [Pixel](repeating: MaskerTests.fills[.other], count: width * height)
      var pixels = MaskerTests.random(width, height, &random)
      var plan = MaskerTests.plan(width, height, &random)
      let grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
      for _ in 0..<12 {
        if Bool.random(using: &random) { plan = MaskerTests.plan(width, height, &random) }
        for _ in 0..<Int.random(in: 0...20, using: &random) {
          pixels[.random(in: 0..<pixels.count, using: &random)] =
            Pixel.random(in: 0..<3, using: &random) * 0x40_4040
        }
        var cleared: TileSet? = nil
        let onlyMask = Int.random(in: 0..<4, using: &random) == 0
        if Bool.random(using: &random) {
          var tiles = TileSet(grid)
          for row in 0..<grid.rows {
            for column in 0..<grid.columns { tiles[column, row] = Bool.random(using: &random) }
          }
          cleared = tiles
        }
        let before = shown
        for y in 0..<height {
          for x in 0..<width {
            if let fill = MaskerTests.fill(x, y, plan) {
              shown[y * width + x] = fill
            } else if !onlyMask, cleared?[x / grid.side, y / grid.side] ?? true {
              shown[y * width + x] = pixels[y * width + x]
            }
          }
        }
        if onlyMask {
          masker.mask(plan.regions)
        } else {
          masker.show(
            Frame(width: width, height: height, pixels: pixels), masked: plan.regions, cleared: cleared)
        }
        let result = (0..<width * height).map { masker.frame.pixels[$0] }
        #expect(result == shown)
        let damage = masker.frame.damage
        for row in 0..<damage.grid.rows {
          for column in 0..<damage.grid.columns {
            let rect = damage.grid.rect(column: column, row: row)
            let changed = (rect.y..<rect.maxY).contains { y in
              (rect.x..<rect.maxX).contains { x in before[y * width + x] != shown[y * width + x] }
            }
            // Painting in two steps may touch a tile and leave it unchanged; every change must be marked.
            #expect(!changed || damage[column, row])
          }
        }
      }
    }
  }

  /// A masker that lends its pictures must show the same as one that never lends, and must not change lent
  /// pictures.
  @Test(arguments: 0..<30 as Range<UInt64>) func lendingHasNoEffect(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let (width, height) = (Int.random(in: 1...200, using: &random), Int.random(in: 1...150, using: &random))
    let bounds = Rect(x: 0, y: 0, width: width, height: height)
    let grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    var plain = Masker(width: width, height: height, fills: MaskerTests.fills)
    var lending = Masker(width: width, height: height, fills: MaskerTests.fills)
    var pixels = MaskerTests.random(width, height, &random)
    var plan = MaskerTests.plan(width, height, &random)
    var held: MaskedFrame?
    var heldPixels: [Pixel] = []
    let hidesMore = Bool.random(using: &random)
    for _ in 0..<30 {
      var damage: Region? = Region()
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let x = Int.random(in: 0..<width, using: &random)
        let y = Int.random(in: 0..<height, using: &random)
        pixels[y * width + x] ^= 0x40_0000
        damage = damage?.union(Region(Rect(x: x, y: y, width: 1, height: 1)))
      }
      if Bool.random(using: &random) { damage = nil }
      if Int.random(in: 0..<4, using: &random) == 0 { plan = MaskerTests.plan(width, height, &random) }
      if hidesMore, Int.random(in: 0..<4, using: &random) == 0 {
        plan = MaskPlan(width: width, height: height, masks: plan.masks, guarded: Region(bounds))
      }
      if Int.random(in: 0..<5, using: &random) == 0 {
        plain.mask(plan.regions, damage: damage)
        lending.mask(plan.regions, damage: damage)
      } else {
        var cleared: TileSet?
        if hidesMore, Bool.random(using: &random) {
          var tiles = TileSet(grid)
          for row in 0..<grid.rows { tiles[row % grid.columns, row] = true }
          cleared = tiles
        }
        let frame = Frame(width: width, height: height, pixels: pixels)
        plain.show(frame, masked: plan.regions, cleared: cleared, damage: damage)
        lending.show(frame, masked: plan.regions, cleared: cleared, damage: damage)
      }
      #expect(MaskerTests.all(plain.frame) == MaskerTests.all(lending.frame))
      #expect(plain.frame.damage == lending.frame.damage && plain.frame.touched == lending.frame.touched)
      guard Bool.random(using: &random) else { continue }
      let lent = lending.lend()
      let isSame = lent.damage == plain.frame.damage && lent.touched == plain.frame.touched
      #expect(lending.isLent && isSame)
      if let old = held.take() {
        let isUntouched = MaskerTests.all(old) == heldPixels
        #expect(isUntouched)
        if Int.random(in: 0..<6, using: &random) > 0 { lending.resume(with: consume old) }
      }
      if lending.isLent { lending.resume(with: MaskedFrame(width: width + 1, height: height, fill: 0)) }
      heldPixels = MaskerTests.all(lent)
      held = consume lent
    }
  }

  static func all(_ frame: borrowing MaskedFrame) -> [Pixel] {
    (0..<frame.width * frame.height).map { frame.pixels[$0] }
  }

  /// The basic property: pixels under masks have no influence at all.
  @Test func pixelsUnderMasksHaveNoInfluence() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<40 {
      let (width, height) = (Int.random(in: 1...90, using: &random), Int.random(in: 1...90, using: &random))
      var one = Masker(width: width, height: height, fills: MaskerTests.fills)
      var two = Masker(width: width, height: height, fills: MaskerTests.fills)
      for _ in 0..<8 {
        let pixels = MaskerTests.random(width, height, &random)
        var noisy = pixels
        var plan = MaskerTests.plan(width, height, &random)
        let guarded = Region(Rect(x: 0, y: 0, width: width, height: height))
        plan = MaskPlan(width: width, height: height, masks: plan.masks, guarded: guarded)
        for y in 0..<height {
          for x in 0..<width where plan.masked.contains(x: x, y: y) {
            noisy[y * width + x] = Pixel.random(in: 0...0xFFFFFF, using: &random)
          }
        }
        one.show(Frame(width: width, height: height, pixels: pixels), masked: plan.regions)
        two.show(Frame(width: width, height: height, pixels: noisy), masked: plan.regions)
        #expect((0..<width * height).allSatisfy { one.frame.pixels[$0] == two.frame.pixels[$0] })
        #expect(one.frame.damage == two.frame.damage)
      }
    }
  }

  /// Masks that were painted first and shown with later must guard as if they had come with the frame.
  @Test func theGuardReadsPixelsThatNewMasksGuard() {
    let (width, height) = (64, 48)
    var random = SeededGenerator(seed: 6)
    // Text on one half, which has texture.
    let pixels = (0..<width * height).map { index in
      index % width < 32 && Bool.random(using: &random) ? 0x101010 : 0xF0F0F0 as Pixel
    }
    let frame = Frame(width: width, height: height, pixels: pixels)
    let free = MaskPlan(width: width, height: height, masks: [], guarded: Region())
    let guarded = MaskPlan(
      width: width, height: height, masks: [], guarded: Region(Rect(x: 0, y: 0, width: width, height: height))
    )
    var direct = Masker(width: width, height: height, fills: MaskerTests.fills)
    direct.show(frame, masked: guarded.regions)
    var later = Masker(width: width, height: height, fills: MaskerTests.fills)
    later.show(frame, masked: free.regions)
    later.mask(guarded.regions)
    later.show(frame, masked: guarded.regions)
    #expect((0..<width * height).contains { direct.frame.pixels[$0] != pixels[$0] })
    #expect((0..<width * height).allSatisfy { direct.frame.pixels[$0] == later.frame.pixels[$0] })
  }
}
