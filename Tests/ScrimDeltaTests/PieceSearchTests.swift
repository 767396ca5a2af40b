import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimDelta

@Suite struct PieceSearchTests {
  private static func row(_ count: Int, _ random: inout SeededGenerator) -> [Pixel] {
    (0..<count).map { _ in Pixel.random(in: 0...0xFF_FFFF, using: &random) }
  }

  /// Hashes are computed for many positions at a time: each must equal that of the separate piece, wherever
  /// the borders are.
  @Test(arguments: [32, 33, 63, 511, 512, 513, 992, 1920])
  func everyPieceOfARowIsFoundWhereItBegins(width: Int) {
    var random = SeededGenerator(seed: UInt64(width))
    let row = Self.row(width, &random)
    let places = 0...width - PieceSearch.length
    for place in [0, 1, 479, 480, 481, 959, 960, places.upperBound] where places.contains(place) {
      var filter = PieceSearch.Filter()
      let hash = PieceSearch.hash(row.span.extracting(place..<place + PieceSearch.length))
      filter.insert(hash)
      let count = filter.find(in: row.span)
      let found = (0..<count).map { filter[$0] }
      #expect(found.contains { $0.hash == hash && $0.x == place })
      for (hash, x) in found {
        #expect(hash == PieceSearch.hash(row.span.extracting(x..<x + PieceSearch.length)))
      }
      filter.removeAll()
      #expect(filter.find(in: row.span) == 0)
    }
  }

  @Test func aShortRowHoldsNoPiece() {
    var random = SeededGenerator(seed: 1)
    let row = Self.row(PieceSearch.length - 1, &random)
    var filter = PieceSearch.Filter()
    for hash in stride(from: UInt32(0), through: 0xFFFF_0000, by: 1 << 16) { filter.insert(hash) }
    #expect(filter.find(in: row.span) == 0)
  }

  /// An equal or single-coloured row is not an anchor; the search begins at the given row, and wraps
  /// around.
  @Test func anAnchorDiffersAndIsNotPlain() {
    var random = SeededGenerator(seed: 2)
    let (width, height) = (40, 6)
    let old = Self.row(width * height, &random)
    var new = old
    for x in 0..<width { new[2 * width + x] = 7 }
    for y in [1, 4] { for x in 0..<width { new[y * width + x] ^= 1 } }
    let rect = Rect(x: 3, y: 0, width: PieceSearch.length, height: height)
    for (first, expected) in [(0, 1), (1, 1), (2, 4), (5, 1), (6 * 7 + 2, 4)] {
      #expect(
        PieceSearch.distinctiveRow(in: rect, of: new.span, old.span, width: width, startingAt: first)
          == expected)
    }
    #expect(
      PieceSearch.distinctiveRow(in: rect, of: old.span, old.span, width: width, startingAt: 0) == nil)
  }
}
