import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimScreenshots

@Suite struct PreviewTests {
  private let size = PixelSize(width: 300, height: 60)

  private func plan() -> MaskPlan {
    MaskPlan(
      width: size.width, height: size.height,
      masks: [
        MaskPlan.Mask(rect: Rect(x: 10, y: 10, width: 40, height: 20), kind: .text, reason: .nature),
        MaskPlan.Mask(rect: Rect(x: 100, y: 10, width: 40, height: 20), kind: .input, reason: .rule(3)),
        MaskPlan.Mask(rect: Rect(x: 280, y: 50, width: 20, height: 10), kind: .other, reason: .unknownRole),
      ], guarded: Region())
  }

  /// A preview of a random picture, with other random pixels under the masks for another `secret`.
  private func preview(secret: UInt64, _ plan: MaskPlan) -> Preview {
    var random = SeededGenerator(seed: 1)
    var pixels = (0..<size.width * size.height).map { _ in UInt32.random(in: 0...0xFF_FFFF, using: &random) }
    var other = SeededGenerator(seed: secret)
    for mask in plan.masks {
      for y in mask.rect.y..<mask.rect.maxY {
        for x in mask.rect.x..<mask.rect.maxX {
          pixels[y * size.width + x] = UInt32.random(in: 0...0xFF_FFFF, using: &other)
        }
      }
    }
    var masker = Masker(width: size.width, height: size.height, fills: MaskFills(0x102030))
    masker.show(Frame(width: size.width, height: size.height, pixels: pixels), masked: plan.regions)
    return Preview(of: masker.frame, masks: plan.masks)
  }

  @Test func showsMasksAndReasonsAndNothingUnderThem() {
    let plan = plan()
    let made = preview(secret: 2, plan)
    #expect(made.width == size.width && made.height > size.height)
    #expect(made.pixels.count == made.width * made.height)
    #expect(made.pixels == preview(secret: 3, plan).pixels)
    for mask in plan.masks {
      let colour = Preview.colour(of: mask.reason)
      #expect(made.pixels[mask.rect.y * made.width + mask.rect.x] == colour)
      #expect(made.pixels[(mask.rect.maxY - 1) * made.width + mask.rect.maxX - 1] == colour)
      #expect(made.pixels[(mask.rect.y + 1) * made.width + mask.rect.x + 1] == 0x102030)
      // In the legend too.
      #expect(made.pixels[(size.height * made.width)...].contains(colour))
    }
  }

  @Test func theGuardsMasksHaveAColourOfTheirOwn() {
    var masker = Masker(width: 64, height: 64, fills: MaskFills())
    masker.show(
      Frame(width: 64, height: 64, pixels: [Pixel](repeating: 0xFFFFFF, count: 64 * 64)),
      masked: MaskPlan(width: 64, height: 64, masks: [], guarded: Region()).regions)
    let plain = Preview(of: masker.frame, masks: [])
    #expect(plain.width == 64 && plain.height == 64 && plain.pixels.allSatisfy { $0 == 0xFFFFFF })
    let judged = Preview(
      of: masker.frame, masks: [], judged: Region(union: [Rect(x: 8, y: 8, width: 8, height: 8)]))
    #expect(judged.width > 64 && judged.height > 64)
    #expect(
      judged.pixels[8 * judged.width + 8] != 0xFFFFFF && judged.pixels[9 * judged.width + 9] == 0xFFFFFF)
  }

  /// The font has every character of the legend.
  @Test func theFontHasEveryReason() {
    let reasons: [MaskReason] = [
      .mark, .callback, .unreadable, .rule(0), .nature, .childless, .unknownRole, .inside(0), .titleBar,
      .treelessWindow,
      .gap,
      .uncovered, .failedClosed,
    ]
    #expect(Set(reasons.map(Preview.colour)).count == reasons.count)
    for character in reasons.map(\.name).joined() + "0123456789" where character != " " {
      #expect(PreviewFont.columns(of: character).count == PreviewFont.width)
    }
  }
}
