public import ScrimImage

/// A picture in which every masked pixel is the constant fill: the only thing that may be diffed, encoded, hashed or stored.
///
/// There is no public way to make one: its initializer and its pixels' setter are internal to this module, where only
/// ``Masker`` uses them. Everything behind the mask stage takes a `MaskedFrame`, so code that would diff or encode a raw
/// ``ScrimImage/Frame`` does not compile:
///
///     let frame: Frame = …
///     deltaFinder.changes(in: frame, …)     // error: cannot convert 'Frame' to 'MaskedFrame'
///     MaskedFrame(width: 1, height: 1, fill: 0)   // error: inaccessible due to 'internal' protection level
public struct MaskedFrame: ~Copyable {
  /// Pixels along a side of the tiles of ``damage``.
  public static let damageSide = 64
  /// Pixels along a side of the tiles in which content is cleared and withheld.
  public static let clearanceSide = 16

  /// Pixels.
  public let width: Int
  public let height: Int
  /// `width × height` canonical pixels.
  var storage: [Pixel]
  /// The 64-pixel tiles that the last masking changed, exactly.
  public internal(set) var damage: TileSet
  /// The 16-pixel tiles that hold a masked pixel, or may.
  public internal(set) var touched: TileSet

  init(width: Int, height: Int, fill: Pixel) {
    precondition(width > 0 && height > 0, "a frame needs at least one pixel")
    self.width = width
    self.height = height
    storage = [Pixel](repeating: fill, count: width * height)
    damage = TileSet(
      TileGrid(width: width, height: height, side: MaskedFrame.damageSide), full: true)
    touched = TileSet(
      TileGrid(width: width, height: height, side: MaskedFrame.clearanceSide), full: true)
  }

  /// Another one that shows the same.
  public init(copying other: borrowing MaskedFrame) {
    width = other.width
    height = other.height
    storage = other.storage
    damage = other.damage
    touched = other.touched
  }

  /// Becomes a later frame of its stream.
  ///
  /// - Parameter tiles: of the grid of ``damage``; the only ones that are copied. All others must be equal.
  public mutating func advance(to next: borrowing MaskedFrame, from tiles: TileSet) {
    precondition(width == next.width && height == next.height, "frames of one stream have one size")
    damage.assign(next.damage)
    touched.assign(next.touched)
    let (width, height, grid) = (width, height, tiles.grid)
    var target = storage.mutableSpan
    for row in 0..<grid.rows where tiles.hasMember(inRow: row) {
      var column = 0
      while column < grid.columns {
        let first = column
        while column < grid.columns, tiles[column, row] { column += 1 }
        // Whole runs: one tile after the other touches a page a row.
        if first < column {
          let xs = first * grid.side..<min(column * grid.side, width)
          for y in row * grid.side..<min((row + 1) * grid.side, height) {
            let start = y * width + xs.lowerBound
            PixelRow.copy(next.storage.span.extracting(start..<start + xs.count), to: &target, at: start)
          }
        }
        column += 1
      }
    }
  }

  /// Becomes the frame behind it, which has the same pixels and masks.
  public mutating func settle() { damage.removeAll() }

  public var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  /// `width × height` canonical pixels, row by row.
  public var pixels: Span<Pixel> {
    @_lifetime(borrow self)
    borrowing get { storage.span }
  }

  /// Whether no pixel of a rectangle can be a mask's. A lossy codec may touch such a rectangle only: elsewhere its
  /// errors would spill over the fill.
  public func isFreeOfMasks(_ rect: Rect) -> Bool {
    let inside = rect.intersection(bounds)
    let side = MaskedFrame.clearanceSide
    for row in inside.y / side..<(inside.maxY + side - 1) / side {
      for column in touched.grid.columns(of: inside.x..<inside.maxX) where touched[column, row] {
        return false
      }
    }
    return true
  }
}
