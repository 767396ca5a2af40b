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
  var touched: TileSet

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

  /// Becomes the frame behind it, of which only damaged tiles are copied.
  ///
  /// - Parameter next: this frame after one more masking.
  public mutating func advance(to next: borrowing MaskedFrame) {
    precondition(width == next.width && height == next.height, "frames of one stream have one size")
    damage.assign(next.damage)
    touched.assign(next.touched)
    let (width, tiles) = (width, next.damage)
    let grid = tiles.grid
    var target = storage.mutableSpan
    for row in 0..<grid.rows where tiles.hasMember(inRow: row) {
      for column in 0..<grid.columns where tiles[column, row] {
        let tile = grid.rect(column: column, row: row)
        for y in tile.y..<tile.maxY {
          let start = y * width + tile.x
          PixelRow.copy(next.storage.span.extracting(start..<start + tile.width), to: &target, at: start)
        }
      }
    }
  }

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
