import ScrimImage

struct GapGuard {
  static let tileSide = 8
  mutating func findSuspects(
    pixels: Span<Pixel>, width: Int, height: Int, guarded: Region, into: inout TileSet
  ) {
    into.removeAll()
  }
}
