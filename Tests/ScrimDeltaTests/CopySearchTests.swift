import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimDelta

@Suite struct CopySearchTests {
  /// Noise with few colours, in which every piece is unique.
  private func noise(_ width: Int, _ height: Int, _ seed: UInt64) -> [Pixel] {
    var random = SeededGenerator(seed: seed)
    return (0..<width * height).map { _ in Pixel.random(in: 0..<5, using: &random) * 0x2F_1F0F }
  }

  private func tiles(_ width: Int, _ height: Int) -> [Rect] {
    let grid = TileGrid(width: width, height: height, side: 64)
    return (0..<grid.count).map { grid.rect(column: $0 % grid.columns, row: $0 / grid.columns) }
  }

  /// Each move is exact: applied to the old picture, the moves give the search's result.
  @Test(arguments: 0..<40)
  func movesAreExactAndInOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let width = Int.random(in: 40...300, using: &random)
    let height = Int.random(in: 10...300, using: &random)
    let old = noise(width, height, seed)
    var new = old
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let target = Rect(
        x: .random(in: 0..<width, using: &random), y: .random(in: 0..<height, using: &random),
        width: .random(in: 1...width, using: &random), height: .random(in: 1...height, using: &random)
      ).intersection(Rect(x: 0, y: 0, width: width, height: height))
      PictureRows.move(
        to: target, fromX: .random(in: 0...width - target.width, using: &random),
        y: .random(in: 0...height - target.height, using: &random), in: &new, width: width)
    }
    var search = CopySearch()
    var picture = old
    var moves: [CopySearch.Move] = []
    search.apply(to: &picture, new: new.span, width: width, changed: tiles(width, height), moves: &moves)
    var replayed = old
    for move in moves {
      PictureRows.move(
        to: move.target, fromX: move.target.x - move.dx, y: move.target.y - move.dy, in: &replayed,
        width: width)
      for y in move.target.y..<move.target.maxY {
        for x in move.target.x..<move.target.maxX {
          #expect(replayed[y * width + x] == new[y * width + x])
        }
      }
    }
    #expect(replayed == picture)
  }

  @Test func findsNothingInNoise() {
    var search = CopySearch()
    var picture = noise(256, 256, 1)
    let old = picture
    var moves: [CopySearch.Move] = []
    search.apply(
      to: &picture, new: noise(256, 256, 2).span, width: 256, changed: tiles(256, 256), moves: &moves)
    #expect(moves.isEmpty)
    #expect(picture == old)
  }

  @Test func copesWithNothingAndWithOneColour() {
    var search = CopySearch()
    var picture = [Pixel](repeating: 1, count: 128 * 128)
    var moves: [CopySearch.Move] = []
    let same = picture
    search.apply(to: &picture, new: same.span, width: 128, changed: [], moves: &moves)
    let other = [Pixel](repeating: 2, count: 128 * 128)
    search.apply(to: &picture, new: other.span, width: 128, changed: tiles(128, 128), moves: &moves)
    #expect(moves.isEmpty)
  }
}

@Suite struct PictureRowsTests {
  /// Compared with a copy that reads everything before it writes anything.
  @Test(arguments: 0..<200)
  func aMoveReadsBeforeItWrites(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let (width, height) = (Int.random(in: 1...20, using: &random), Int.random(in: 1...20, using: &random))
    var pixels = (0..<width * height).map { Pixel($0) }
    let target = Rect(
      x: .random(in: 0..<width, using: &random), y: .random(in: 0..<height, using: &random),
      width: .random(in: 1...20, using: &random), height: .random(in: 1...20, using: &random)
    ).intersection(Rect(x: 0, y: 0, width: width, height: height))
    let x = Int.random(in: 0...width - target.width, using: &random)
    let y = Int.random(in: 0...height - target.height, using: &random)
    var expected = pixels
    for row in 0..<target.height {
      for column in 0..<target.width {
        expected[(target.y + row) * width + target.x + column] = pixels[(y + row) * width + x + column]
      }
    }
    PictureRows.move(to: target, fromX: x, y: y, in: &pixels, width: width)
    #expect(pixels == expected)
  }

  @Test func aMoveFromOutsideTraps() async {
    await #expect(processExitsWith: .failure) {
      var pixels = [Pixel](repeating: 0, count: 16)
      PictureRows.move(
        to: Rect(x: 0, y: 0, width: 2, height: 2), fromX: 3, y: 0, in: &pixels, width: 4)
    }
  }
}

@Suite struct TileHistoryTests {
  @Test func keepsAllTilesUntilItIsFull() {
    let (width, height) = (192, 100)
    var history = TileHistory(width: width, height: height, searched: true)
    #expect(history.capacity == 8)
    let grid = TileGrid(width: width, height: height, side: 64)
    var random = SeededGenerator(seed: 1)
    var added: [(tile: Rect, picture: [Pixel])] = []
    for number in 0..<20 {
      let picture = (0..<width * height).map { _ in Pixel.random(in: 0...0xFFFFFF, using: &random) }
      let tile = grid.rect(column: number % 3, row: number / 3 % 2)
      history.add(tile, of: picture)
      added.append((tile, picture))
      for (back, one) in added.suffix(8).reversed().enumerated() {
        let slot = (added.count - 1 - back) % 8
        #expect(history.slot(of: one.tile, in: one.picture.span) == slot)
        var shown = [Pixel](repeating: 0, count: width * height)
        #expect(history.restore(slot, to: one.tile, in: &shown))
        #expect(PictureRows.difference(shown.span, one.picture.span, in: one.tile, width: width) == nil)
      }
      if let lost = added.dropLast(8).last {
        #expect(history.slot(of: lost.tile, in: lost.picture.span) == nil)
      }
    }
    var shown = [Pixel](repeating: 0, count: width * height)
    #expect(!history.restore(8, to: grid.rect(column: 0, row: 0), in: &shown))
  }
}
