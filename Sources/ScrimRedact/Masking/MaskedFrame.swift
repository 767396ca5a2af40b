public import ScrimImage

/// A picture in which every masked pixel is the constant fill: the only type of picture that may be
/// compared, encoded, hashed or stored.
///
/// There is no public way to make one: its initializer and its pixels' setter are internal to this module,
/// where only ``Masker`` uses them. Every stage after masking takes a `MaskedFrame`, so code that would
/// compare or encode a raw `ScrimImage.Frame` does not compile:
///
///     let frame: Frame = …
///     deltaFinder.changes(in: frame, …)     // error: cannot convert 'Frame' to 'MaskedFrame'
///     MaskedFrame(width: 1, height: 1, fill: 0)   // error: inaccessible due to 'internal' protection level
public struct MaskedFrame: ~Copyable {
  /// Side length in pixels of the tiles of ``damage``.
  public static let damageSide = TileSize.damage
  /// Side length in pixels of the tiles in which content is cleared and withheld.
  public static let clearanceSide = TileSize.clearance

  /// Pixels.
  public let width: Int
  public let height: Int
  /// `width × height` canonical pixels.
  var storage: [Pixel]
  /// The 64-pixel tiles that the last masking changed, exactly.
  public internal(set) var damage: TileSet
  /// The 16-pixel tiles that hold, or may hold, a masked pixel.
  public internal(set) var touched: TileSet
  /// The ``Masker/version`` of its content; 0 if it has none.
  var version = 0

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

  /// - Parameter storage: `width × height` pixels.
  init(width: Int, height: Int, storage: [Pixel], damage: TileSet, touched: TileSet, version: Int) {
    self.width = width
    self.height = height
    self.storage = storage
    self.damage = damage
    self.touched = touched
    self.version = version
  }

  /// Copies some rows of the tiles of a row of tiles, in whole runs: copying tile by tile would touch one
  /// memory page per row.
  ///
  /// - Parameters:
  ///   - tiles: of the grid of ``damage``.
  ///   - picture: of the same size as this one.
  mutating func copy(_ tiles: TileSet, inRow tileRow: Int, rows: Range<Int>, of picture: [Pixel]) {
    let (width, grid) = (width, tiles.grid)
    var target = storage.mutableSpan
    var column = 0
    while column < grid.columns {
      let first = column
      while column < grid.columns, tiles[column, tileRow] { column += 1 }
      if first < column {
        let xs = first * grid.side..<min(column * grid.side, width)
        for y in rows {
          let start = y * width + xs.lowerBound
          PixelRow.copy(picture.span.extracting(start..<start + xs.count), to: &target, at: start)
        }
      }
      column += 1
    }
  }

  /// Clears the damage: the frame then equals the next frame with the same pixels and masks.
  public mutating func settle() { damage.removeAll() }

  public var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

  /// `width × height` canonical pixels, row by row.
  public var pixels: Span<Pixel> {
    @_lifetime(borrow self)
    borrowing get { storage.span }
  }

  /// Whether no pixel of a rectangle can belong to a mask. Lossy coding is allowed only in such a
  /// rectangle: elsewhere its errors would affect the fill.
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
