import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// Damage is a hint: correct damage changes only the time, wrong damage is detected.
@Suite struct DamageTests {
  /// Small rectangles around the pixels in which two pictures differ, and some more.
  static func damage(
    _ old: [Pixel], _ new: [Pixel], width: Int, _ random: inout SeededGenerator
  ) -> Region {
    var rects = (0..<Int.random(in: 0...2, using: &random)).map { _ in
      Rect(
        x: .random(in: -9..<width, using: &random), y: .random(in: -9..<60, using: &random), width: 30,
        height: 12)
    }
    for index in old.indices where old[index] != new[index] {
      rects.append(Rect(x: index % width, y: index / width, width: 1, height: 1))
    }
    return Region(union: rects)
  }

  @Test func trueDamageChangesNothing() {
    var random = SeededGenerator(seed: 71)
    for round in 0..<60 {
      let (width, height) = (Int.random(in: 1...90, using: &random), Int.random(in: 1...90, using: &random))
      var plain = Masker(width: width, height: height, fills: MaskerTests.fills)
      var hinted = Masker(width: width, height: height, fills: MaskerTests.fills)
      var pixels = MaskerTests.random(width, height, &random)
      var plan = MaskerTests.plan(width, height, &random)
      let grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
      for step in 0..<14 {
        let before = pixels
        if Int.random(in: 0..<3, using: &random) == 0 { plan = MaskerTests.plan(width, height, &random) }
        for _ in 0..<Int.random(in: 0...9, using: &random) {
          pixels[.random(in: 0..<pixels.count, using: &random)] = Pixel.random(in: 0..<3, using: &random)
        }
        let damage =
          step == 0 || Int.random(in: 0..<5, using: &random) == 0
          ? nil : Self.damage(before, pixels, width: width, &random)
        var cleared = TileSet(grid, full: true)
        for row in 0..<grid.rows { cleared[0, row] = Bool.random(using: &random) }
        let frame = Frame(width: width, height: height, pixels: pixels)
        if Int.random(in: 0..<4, using: &random) == 0 {
          plain.mask(plan.regions)
          hinted.mask(plan.regions, damage: damage)
        } else {
          plain.show(frame, masked: plan.regions, cleared: cleared)
          hinted.show(frame, masked: plan.regions, cleared: cleared, damage: damage)
        }
        #expect(plain.frame.damage == hinted.frame.damage, "step \(step) of round \(round)")
        #expect((0..<width * height).allSatisfy { plain.frame.pixels[$0] == hinted.frame.pixels[$0] })
      }
      #expect(hinted.untrueDamage == 0)
    }
  }

  /// A change that the damage omits is shown when the stripe reaches it, and with it all others.
  @Test func untrueDamageIsFoundOutAndRepaired() {
    let (width, height) = (50, 200)
    let regions = MaskPlan(width: width, height: height, masks: [], guarded: Region()).regions
    var masker = Masker(width: width, height: height, fills: MaskFills())
    var pixels = [Pixel](repeating: 1, count: width * height)
    masker.show(Frame(width: width, height: height, pixels: pixels), masked: regions)
    pixels[3 * width] = 2
    pixels[190 * width + 7] = 2
    var frames = 0
    while masker.untrueDamage == 0, frames < 20 {
      masker.show(
        Frame(width: width, height: height, pixels: pixels), masked: regions, damage: Region())
      frames += 1
    }
    #expect(masker.untrueDamage == 1 && frames <= (height + 15) / 16)
    #expect((0..<width * height).allSatisfy { masker.frame.pixels[$0] == pixels[$0] })
  }

  /// Damage of pixels under masks can't be wrong, because those pixels are not read.
  @Test func damageUnderMasksIsNotJudged() {
    let (width, height) = (40, 40)
    let mask = MaskPlan.Mask(
      rect: Rect(x: 0, y: 0, width: width, height: height), kind: .text, reason: .nature)
    let regions = MaskPlan(width: width, height: height, masks: [mask], guarded: Region()).regions
    var masker = Masker(width: width, height: height, fills: MaskFills())
    for colour in 0..<20 as Range<Pixel> {
      let pixels = [Pixel](repeating: colour, count: width * height)
      masker.show(Frame(width: width, height: height, pixels: pixels), masked: regions, damage: Region())
    }
    #expect(masker.untrueDamage == 0)
  }
}
