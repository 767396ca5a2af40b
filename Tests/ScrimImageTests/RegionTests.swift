import ScrimImage
import ScrimTestSupport
import Testing

/// Compares every set operation with the same one on single pixels.
@Suite struct RegionTests {
  static let side = 24

  static func pixels(_ rects: [Rect]) -> Set<Int> {
    var result: Set<Int> = []
    for rect in rects where !rect.isEmpty {
      for y in rect.y..<rect.maxY {
        for x in rect.x..<rect.maxX { result.insert(y * 1000 + x) }
      }
    }
    return result
  }

  static func randomRects(_ random: inout SeededGenerator) -> [Rect] {
    (0..<Int.random(in: 0...7, using: &random)).map { _ in
      Rect(
        x: .random(in: 0..<side, using: &random), y: .random(in: 0..<side, using: &random),
        width: .random(in: 0...9, using: &random), height: .random(in: 0...9, using: &random))
    }
  }

  @Test func operationsAgreeWithSetsOfPixels() {
    var random = SeededGenerator(seed: 1)
    for _ in 0..<3000 {
      let a = RegionTests.randomRects(&random)
      let b = RegionTests.randomRects(&random)
      let (setA, setB) = (RegionTests.pixels(a), RegionTests.pixels(b))
      let (regionA, regionB) = (Region(union: a), Region(union: b))
      #expect(RegionTests.pixels(regionA.rects) == setA)
      #expect(regionA.area == setA.count)
      #expect(RegionTests.pixels(regionA.union(regionB).rects) == setA.union(setB))
      #expect(RegionTests.pixels(regionA.intersection(regionB).rects) == setA.intersection(setB))
      #expect(RegionTests.pixels(regionA.subtracting(regionB).rects) == setA.subtracting(setB))
      // Equal sets are equal values, however they were made.
      #expect(regionA.union(regionB) == Region(union: (a + b).reversed()))
      #expect(regionA.subtracting(regionB).union(regionA.intersection(regionB)) == regionA)
      let (x, y) = (Int.random(in: 0..<40, using: &random), Int.random(in: 0..<40, using: &random))
      #expect(regionA.contains(x: x, y: y) == setA.contains(y * 1000 + x))
    }
  }

  @Test func complementIsTheRestOfTheBounds() {
    let bounds = Rect(x: 0, y: 0, width: 10, height: 10)
    let region = Region(Rect(x: 2, y: 3, width: 4, height: 5))
    #expect(region.complement(in: bounds).area == 80)
    #expect(Region().complement(in: bounds) == Region(bounds))
    #expect(Region(bounds).complement(in: bounds).isEmpty)
  }

  @Test func tilesCoverTheirPixels() {
    let grid = TileGrid(width: 70, height: 33, side: 16)
    #expect(grid.columns == 5 && grid.rows == 3)
    #expect(grid.rect(column: 4, row: 2) == Rect(x: 64, y: 32, width: 6, height: 1))
    #expect(grid.columns(of: 15..<33) == 0..<3)
    #expect(grid.columns(of: 16..<32) == 1..<2)
    var tiles = TileSet(grid)
    tiles[4, 2] = true
    tiles[0, 0] = true
    #expect(tiles.region.area == 256 + 6)
    #expect(tiles.inverted().count == 13)
    #expect(tiles.hasMember(inRow: 2) && !tiles.hasMember(inRow: 1))
  }
}
