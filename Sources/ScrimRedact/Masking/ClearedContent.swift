import ScrimImage

/// The content of every tile that was cleared last, and earlier cleared content: detects changes, and
/// recognises content that reappears.
///
/// While a tile shows its cleared content, nothing is stored for it; its pixels are copied when they
/// change. They are compared pixel by pixel, never by a digest. Takes 1 KiB per tile that changed and is
/// not cleared again, at most the size of the picture, plus ``memoryLimit`` KiB for earlier content.
struct ClearedContent {
  let grid: TileGrid
  /// The pixels whose last cleared content is known.
  private(set) var known = Region()
  /// By tile: index of its copy; -1 if the tile shows its cleared content.
  private var slots: [Int32]
  private var pixels: [Pixel] = []
  private var bits: [TileBits] = []
  private var free: [Int32] = []
  private var memory: [Memory] = []
  private var nextMemory = 0
  private var memoriesByTile: [Int: [Int]] = [:]
  private var scratch = [Pixel](repeating: 0, count: 16)
  /// Scratch: the current content of the tile.
  private var tile = [Pixel](repeating: 0, count: 256)

  /// Earlier content of a tile.
  private struct Memory {
    var tile: Int
    var owner: UInt64
    var bits: TileBits
    var pixels: [Pixel]
  }

  /// Maximum number of tiles remembered: hovered buttons, opened menus, a caret. The tree must explain
  /// larger changes.
  static let memoryLimit = 2048
  /// A change of more tiles is not remembered: it would evict everything else.
  static let rememberedChange = 512

  init(_ grid: TileGrid) {
    self.grid = grid
    slots = [Int32](repeating: -1, count: grid.count)
  }

  private func rect(_ tile: Int) -> Rect { grid.rect(column: tile % grid.columns, row: tile / grid.columns) }

  /// Tiles whose content may differ from the cleared one.
  var differing: [Int] { slots.indices.filter { slots[$0] >= 0 } }

  func isDiffering(_ tile: Int) -> Bool { slots[tile] >= 0 }

  // MARK: Cleared content

  /// Copies the cleared content of tiles before they change or are masked.
  ///
  /// - Parameters:
  ///   - frame: the last one that shows it.
  ///   - masked: its masks, of which no pixel is read.
  mutating func keep(_ tiles: some Sequence<Int>, of frame: Frame, masked: Region) {
    for tile in tiles where slots[tile] < 0 {
      let rect = rect(tile)
      let open = known.bits(rect) & ~masked.bits(rect)
      if open.isEmpty { continue }
      let slot: Int32
      if let reused = free.popLast() {
        slot = reused
      } else {
        slot = Int32(bits.count)
        bits.append(.none)
        pixels.append(contentsOf: repeatElement(0, count: 256))
      }
      slots[tile] = slot
      bits[Int(slot)] = open
      frame.read(rect, open, into: &pixels, at: Int(slot) * 256, scratch: &scratch)
    }
  }

  /// The pixels of `kept` in a tile that differ from the cleared content, or whose cleared content is
  /// unknown.
  mutating func changes(_ tile: Int, _ frame: Frame, kept: TileBits) -> TileBits {
    let slot = Int(slots[tile])
    let comparable = bits[slot] & kept
    frame.read(rect(tile), comparable, into: &self.tile, at: 0, scratch: &scratch)
    var changed = kept & ~bits[slot]
    comparable.forEachRun { row, run in
      for x in run where self.tile[row * 16 + x] != pixels[slot * 256 + row * 16 + x] {
        changed[row] |= 1 << UInt16(x)
      }
    }
    return changed
  }

  /// The cleared content of a changed tile: its pixels, and which of them are known.
  func cleared(_ tile: Int) -> (pixels: ArraySlice<Pixel>, known: TileBits) {
    let slot = Int(slots[tile])
    return (pixels[slot * 256..<slot * 256 + 256], bits[slot])
  }

  /// Notes that the current content of a tile is cleared.
  ///
  /// - Parameters:
  ///   - kept: the pixels that are cleared.
  ///   - waiting: pixels under masks that the current boxes no longer have: the earlier cleared content of
  ///     these stays stored.
  mutating func settle(_ tile: Int, _ frame: Frame, kept: TileBits, waiting: TileBits) {
    let slot = Int(slots[tile])
    guard slot >= 0 else { return }
    if (bits[slot] & waiting).isEmpty {
      free.append(Int32(slot))
      slots[tile] = -1
      return
    }
    frame.read(rect(tile), kept, into: &pixels, at: slot * 256, scratch: &scratch)
    bits[slot] = bits[slot] & waiting | kept
  }

  /// Notes that the content of some tiles is cleared.
  mutating func settle(_ tiles: Region, kept: Region, masked: Region) {
    known = known.subtracting(tiles.intersection(masked)).union(tiles.intersection(kept))
  }

  // MARK: Earlier content

  /// Remembers the cleared content of a tile that shows something else now.
  mutating func remember(_ tile: Int, owner: UInt64) {
    let (content, known) = cleared(tile)
    if known.isEmpty
      || memories(tile, owner).contains(where: { $0.bits == known && $0.pixels[...] == content })
    {
      return
    }
    let new = Memory(tile: tile, owner: owner, bits: known, pixels: Array(content))
    if memory.count < ClearedContent.memoryLimit {
      memoriesByTile[tile, default: []].append(memory.count)
      memory.append(new)
      return
    }
    let old = memory[nextMemory].tile
    memoriesByTile[old]?.removeAll { $0 == nextMemory }
    memoriesByTile[tile, default: []].append(nextMemory)
    memory[nextMemory] = new
    nextMemory = (nextMemory + 1) % memory.count
  }

  private func memories(_ tile: Int, _ owner: UInt64) -> [Memory] {
    (memoriesByTile[tile] ?? []).lazy.map { memory[$0] }.filter { $0.owner == owner }
  }

  /// Whether the current pixels of a tile, all together, were cleared before.
  mutating func wasShown(_ tile: Int, _ frame: Frame, _ wanted: TileBits, owner: UInt64) -> Bool {
    let candidates = memories(tile, owner).filter { (wanted & ~$0.bits).isEmpty }
    if candidates.isEmpty { return false }
    frame.read(rect(tile), wanted, into: &self.tile, at: 0, scratch: &scratch)
    return candidates.contains { candidate in
      var isSame = true
      wanted.forEachRun { row, run in
        for x in run where candidate.pixels[row * 16 + x] != self.tile[row * 16 + x] { isSame = false }
      }
      return isSame
    }
  }
}
