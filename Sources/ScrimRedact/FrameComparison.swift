import ScrimImage

/// Compares raw frames outside masks, which is the only way in which raw frames are ever compared.
struct FrameComparison {
  private let grid: TileGrid
  private var first: [Pixel]
  private var second: [Pixel]
  private var marks: [UInt8]

  init(width: Int, height: Int) {
    grid = TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide)
    first = [Pixel](repeating: 0, count: width)
    second = first
    marks = [UInt8](repeating: 0, count: grid.columns)
  }

  /// The 16-pixel tiles in which two frames differ at a pixel of `kept`. No other pixel is read.
  mutating func changedTiles(_ a: Frame, _ b: Frame, kept: Region) -> TileSet {
    var tiles = TileSet(grid)
    if a.isSameStorage(as: b) { return tiles }
    for band in kept.bands {
      for y in band.minY..<band.maxY {
        for span in kept.spans[band.firstSpan..<band.endSpan] {
          guard differs(a, b, y, span) else { continue }
          for column in grid.columns(of: span) where marks[column] != 0 {
            tiles[column, y / grid.side] = true
            marks[column] = 0
          }
        }
      }
    }
    return tiles
  }

  private mutating func differs(_ a: Frame, _ b: Frame, _ y: Int, _ xs: Range<Int>) -> Bool {
    var rowA = first.mutableSpan
    a.readRow(y, xs, into: &rowA)
    var rowB = second.mutableSpan
    b.readRow(y, xs, into: &rowB)
    return FrameComparison.mark(first, second, xs, side: grid.side, marks: &marks)
  }

  private static func mark(
    _ a: [Pixel], _ b: [Pixel], _ xs: Range<Int>, side: Int, marks: inout [UInt8]
  ) -> Bool {
    PixelRow.markDifferences(
      a.span.extracting(0..<xs.count), b.span.extracting(0..<xs.count), origin: xs.lowerBound, side: side,
      marks: &marks)
  }
}
