import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimDelta
@testable import ScrimRedact

/// Compares the differ with a naive one that compares every pixel.
@Suite struct TileDiffTests {
  @Test(arguments: [(1, 1), (1, 64), (63, 2), (64, 64), (65, 65), (200, 130)])
  func rectanglesAreTheTightBoundsOfATilesChanges(width: Int, height: Int) {
    for seed in 0..<4 as Range<UInt64> {
      var screen = Screen(width: width, height: height, seed: seed &+ UInt64(width))
      var masker = Masker(width: width, height: height, fills: MaskFills(0x202020))
      var diff = TileDiff(width: width, height: height)
      // As after a keyframe: the decoder holds the frame.
      diff.keep(masker.frame.bounds, of: masker.frame)
      var old = [Pixel](repeating: 0x202020, count: width * height)
      var rects: [Rect] = []
      for number in 0..<12 {
        screen.change()
        let masks = (0..<Int.random(in: 0...2, using: &screen.random)).map { _ in
          MaskPlan.Mask(rect: screen.rect(), kind: .text, reason: .nature)
        }
        let plan = MaskPlan(width: width, height: height, masks: masks, guarded: Region())
        masker.show(screen.frame, masked: plan.regions)
        diff.damagedTiles(of: masker.frame, into: &rects)
        diff.narrow(&rects, in: masker.frame, moves: [])
        for rect in rects { diff.keep(rect, of: masker.frame) }
        let new = (0..<width * height).map { masker.frame.pixels[$0] }
        #expect(rects == Self.expected(old, new, width, height), "frame \(number) of seed \(seed)")
        old = new
      }
    }
  }

  private static func expected(_ old: [Pixel], _ new: [Pixel], _ width: Int, _ height: Int) -> [Rect] {
    let grid = TileGrid(width: width, height: height, side: MaskedFrame.damageSide)
    return (0..<grid.count).compactMap { tile in
      let rect = grid.rect(column: tile % grid.columns, row: tile / grid.columns)
      var xs: [Int] = []
      var ys: [Int] = []
      for y in rect.y..<rect.maxY {
        for x in rect.x..<rect.maxX where old[y * width + x] != new[y * width + x] {
          xs.append(x)
          ys.append(y)
        }
      }
      guard let left = xs.min(), let right = xs.max(), let top = ys.first, let bottom = ys.last else {
        return nil
      }
      return Rect(minX: left, minY: top, maxX: right + 1, maxY: bottom + 1)
    }
  }
}
