import CScrimKernels
public import ScrimImage

/// FIFO tile cache: a tile that reappears is sent as a cache index. Encoder and decoder apply the same
/// insertions, so their caches stay equal; the oldest tile is replaced first.
///
/// Memory grows as tiles come, to at most half of the picture's size.
public struct TileHistory {
  /// Pixels along a tile's side.
  public static let side = TileSize.cache
  private static let area = side * side
  /// Maximum number of tiles.
  public let capacity: Int
  private let grid: TileGrid
  private var pixels: [Pixel] = []
  private var sizes: [(width: Int, height: Int)] = []
  /// Filled by the encoder only, which looks up tiles.
  private var hashes: [UInt64] = []
  private let isSearched: Bool
  private var next = 0

  /// - Parameter searched: whether ``slot(of:in:)`` will be called.
  public init(width: Int, height: Int, searched: Bool) {
    grid = TileGrid(width: width, height: height, side: TileHistory.side)
    capacity = min(max(grid.count / 2, 8), 65_535)
    isSearched = searched
  }

  /// Number of tiles held.
  public var count: Int { sizes.count }

  public mutating func removeAll() {
    pixels.removeAll(keepingCapacity: true)
    sizes.removeAll(keepingCapacity: true)
    hashes.removeAll(keepingCapacity: true)
    next = 0
  }

  /// The tile that contains a pixel of the picture.
  public func tile(atX x: Int, y: Int) -> Rect {
    grid.rect(column: x / TileHistory.side, row: y / TileHistory.side)
  }

  /// Adds the tile `tile` of a picture; replaces the oldest if the cache is full.
  public mutating func add(_ tile: Rect, of picture: [Pixel]) {
    let slot = next
    next = (next + 1) % capacity
    if slot == sizes.count {
      // Reserved memory is committed only when it is written; growing the array would copy it.
      if slot == 0 {
        pixels.reserveCapacity(capacity * TileHistory.area)
        sizes.reserveCapacity(capacity)
        if isSearched { hashes.reserveCapacity(capacity) }
      }
      sizes.append((tile.width, tile.height))
      for _ in 0..<TileHistory.area { pixels.append(0) }
      if isSearched { hashes.append(0) }
    }
    sizes[slot] = (tile.width, tile.height)
    let width = grid.width
    var target = pixels.mutableSpan
    for row in 0..<tile.height {
      let start = (tile.y + row) * width + tile.x
      PixelRow.copy(
        picture.span.extracting(start..<start + tile.width), to: &target,
        at: slot * TileHistory.area + row * tile.width)
    }
    if isSearched {
      let hash = hash(tile, of: picture.span)
      hashes[slot] = hash
    }
  }

  /// The slot that holds exactly the pixels of `tile` in a picture; nil if there is none.
  public func slot(of tile: Rect, in picture: Span<Pixel>) -> Int? {
    precondition(isSearched, "the history was made for a decoder")
    if hashes.isEmpty { return nil }
    let wanted = hash(tile, of: picture)
    for slot in hashes.indices where hashes[slot] == wanted && holds(slot, tile, picture) { return slot }
    return nil
  }

  /// Writes a cached tile to a picture. Returns false, and writes nothing, if the slot holds no tile of
  /// that size.
  public func restore(_ slot: Int, to tile: Rect, in picture: inout [Pixel]) -> Bool {
    guard slot < sizes.count, sizes[slot] == (tile.width, tile.height) else { return false }
    var target = picture.mutableSpan
    for row in 0..<tile.height {
      let start = slot * TileHistory.area + row * tile.width
      PixelRow.copy(
        pixels.span.extracting(start..<start + tile.width), to: &target,
        at: (tile.y + row) * grid.width + tile.x)
    }
    return true
  }

  private func holds(_ slot: Int, _ tile: Rect, _ picture: Span<Pixel>) -> Bool {
    guard sizes[slot] == (tile.width, tile.height) else { return false }
    for row in 0..<tile.height {
      let start = slot * TileHistory.area + row * tile.width
      let place = (tile.y + row) * grid.width + tile.x
      if PixelRow.differs(
        pixels.span.extracting(start..<start + tile.width), picture.extracting(place..<place + tile.width))
      {
        return false
      }
    }
    return true
  }

  /// Hash of a tile's pixels; a match is always confirmed by comparing pixels.
  private func hash(_ tile: Rect, of picture: Span<Pixel>) -> UInt64 {
    precondition(
      tile.x >= 0 && tile.y >= 0 && tile.maxX <= grid.width && tile.maxY * grid.width <= picture.count)
    return unsafe picture.withUnsafeBufferPointer { picture in
      // The tile lies in the picture (checked above).
      unsafe scrim_hash_tile(
        picture.baseAddress! + tile.y * grid.width + tile.x, grid.width, tile.width, tile.height)
    }
  }
}
