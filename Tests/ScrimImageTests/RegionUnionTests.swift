import ScrimImage
import ScrimTestSupport
import Testing

struct RegionUnionTests {
  /// Few rectangles are sorted, many are counted: both must give the pixels of a naive grid.
  @Test(arguments: [1, 3, 10, 40, 300])
  func unionIsThatOfAGrid(_ count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    for _ in 0..<5 {
      let rects = (0..<count).map { _ in
        Rect(
          x: Int.random(in: -30...60, using: &generator), y: Int.random(in: -9...50, using: &generator),
          width: Int.random(in: 0...12, using: &generator), height: Int.random(in: 0...12, using: &generator))
      }
      let region = Region(union: rects)
      for y in -10..<65 {
        for x in -31..<75
        where region.contains(x: x, y: y) != rects.contains(where: { $0.contains(x: x, y: y) }) {
          Issue.record("pixel \(x),\(y) of \(count) rectangles")
        }
      }
      // Equal sets are equal values, however they were made.
      let parts = rects.reduce(Region()) { $0.union(Region($1)) }
      #expect(parts == region)
    }
  }
}
