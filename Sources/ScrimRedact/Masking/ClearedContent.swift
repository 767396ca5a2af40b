import ScrimImage

/// What was cleared last of every tile, and what was cleared of it before: so that a change is known as one, and what comes back is
/// known again.
///
/// As long as a tile shows what was cleared, nothing is kept of it; its pixels are copied when they change. They are compared pixel by
/// pixel, never by a digest. It takes a kibibyte a tile that changed and is not cleared again, which is at most the size of the
/// picture, and ``memoryLimit`` kibibytes of what was shown before.
struct ClearedContent {
  let grid: TileGrid
  /// The pixels of which it is known what was cleared there last.
  private(set) var known = Region()
  /// By tile: where its copy stands; -1 where the tile shows what was cleared.
  private var slots: [Int32]
  private var pixels: [Pixel] = []
  private var bits: [TileBits] = []
  private var free: [Int32] = []
  private var memory: [Memory] = []
  private var nextMemory = 0
  private var memoriesByTile: [Int: [Int]] = [:]
  private var scratch = [Pixel](repeating: 0, count: 16)
  /// Scratch: the tile as it is now.
  private var tile = [Pixel](repeating: 0, count: 256)

  /// A tile as it was shown once.
  private struct Memory {
    var tile: Int
    var owner: UInt64
    var bits: TileBits
    var pixels: [Pixel]
  }

  /// Tiles remembered: hovered buttons, opened menus, a caret. Larger changes are the tree's to explain.
  static let memoryLimit = 2048
  /// A change of more tiles than this is not remembered: it would push everything else out.
  static let rememberedChange = 512

  init(_ grid: TileGrid) {
    self.grid = grid
    slots = [Int32](repeating: -1, count: grid.count)
  }

  private func rect(_ tile: Int) -> Rect { grid.rect(column: tile % grid.columns, row: tile / grid.columns) }

  /// Tiles that may not show what was cleared of them last.
  var differing: [Int] { slots.indices.filter { slots[$0] >= 0 } }

  func isDiffering(_ tile: Int) -> Bool { slots[tile] >= 0 }

  // MARK: What was cleared

  /// Copies what was cleared of tiles before they change, or are masked.
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

  /// The pixels of `kept` in a tile that show something else than what was cleared, or of which that isn't known.
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

  /// What was cleared of a tile that differs: its pixels and which of them are known.
  func cleared(_ tile: Int) -> (pixels: ArraySlice<Pixel>, known: TileBits) {
    let slot = Int(slots[tile])
    return (pixels[slot * 256..<slot * 256 + 256], bits[slot])
  }

  /// Takes over that a tile shows what is cleared of it.
  ///
  /// - Parameters:
  ///   - kept: the pixels that are cleared.
  ///   - waiting: pixels under masks that the boxes don't give any more: what was cleared there is still kept.
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

  /// Takes over what was cleared in some tiles.
  mutating func settle(_ tiles: Region, kept: Region, masked: Region) {
    known = known.subtracting(tiles.intersection(masked)).union(tiles.intersection(kept))
  }

  // MARK: What was shown before

  /// Remembers what was cleared of a tile that shows something else now.
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

  /// Whether some pixels of a tile were cleared before, all at once, as they are now.
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
