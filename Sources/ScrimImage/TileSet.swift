/// The division of a picture into square tiles; those on the right and bottom edge may be smaller.
public struct TileGrid: Hashable, Sendable {
  /// Pixels of the picture.
  public let width: Int
  public let height: Int
  /// Side length of a tile, in pixels.
  public let side: Int
  /// Tiles in a row and in a column.
  public let columns: Int
  public let rows: Int

  public init(width: Int, height: Int, side: Int) {
    precondition(side > 0 && width >= 0 && height >= 0, "a tile grid needs a positive tile side")
    self.width = width
    self.height = height
    self.side = side
    columns = (width + side - 1) / side
    rows = (height + side - 1) / side
  }

  public var count: Int { columns * rows }

  /// The pixels of a tile, cut at the picture's edge.
  public func rect(column: Int, row: Int) -> Rect {
    Rect(
      minX: column * side, minY: row * side,
      maxX: min((column + 1) * side, width), maxY: min((row + 1) * side, height))
  }

  /// Tile columns that the pixels `xs` touch.
  public func columns(of xs: Range<Int>) -> Range<Int> {
    xs.isEmpty ? 0..<0 : xs.lowerBound / side..<(xs.upperBound - 1) / side + 1
  }
}

/// A set of tiles of one grid.
public struct TileSet: Hashable, Sendable {
  public let grid: TileGrid
  /// One byte per tile, row by row; 1 for a member.
  public private(set) var flags: [UInt8]

  public init(_ grid: TileGrid, full: Bool = false) {
    self.grid = grid
    flags = [UInt8](repeating: full ? 1 : 0, count: grid.count)
  }

  public subscript(column: Int, row: Int) -> Bool {
    get { flags[row * grid.columns + column] != 0 }
    set { flags[row * grid.columns + column] = newValue ? 1 : 0 }
  }

  public var isEmpty: Bool { !flags.contains(1) }
  public var count: Int { flags.reduce(0) { $0 + Int($1) } }

  public mutating func removeAll() {
    for index in flags.indices { flags[index] = 0 }
  }

  public mutating func insertAll() {
    for index in flags.indices { flags[index] = 1 }
  }

  public mutating func formUnion(_ other: TileSet) {
    precondition(grid == other.grid, "tile sets of different grids cannot be united")
    for index in flags.indices { flags[index] |= other.flags[index] }
  }

  /// Copies the members of another set; allocates no memory.
  public mutating func assign(_ other: TileSet) {
    precondition(grid == other.grid, "tile sets of different grids cannot be assigned")
    for index in flags.indices { flags[index] = other.flags[index] }
  }

  /// The tiles that are not members.
  public func inverted() -> TileSet {
    var result = self
    for index in result.flags.indices { result.flags[index] ^= 1 }
    return result
  }

  /// Whether any tile of a row of tiles is a member.
  public func hasMember(inRow row: Int) -> Bool {
    flags[row * grid.columns..<(row + 1) * grid.columns].contains(1)
  }

  /// The members as pixels.
  public var region: Region {
    var rects: [Rect] = []
    for row in 0..<grid.rows {
      var column = 0
      while column < grid.columns {
        guard self[column, row] else {
          column += 1
          continue
        }
        let first = column
        while column < grid.columns, self[column, row] { column += 1 }
        rects.append(
          Rect(
            minX: first * grid.side, minY: row * grid.side,
            maxX: min(column * grid.side, grid.width), maxY: min((row + 1) * grid.side, grid.height)))
      }
    }
    return Region(union: rects)
  }
}
