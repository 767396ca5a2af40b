/// Side lengths of tiles, in pixels.
package enum TileSize {
  /// Tiles in which frames are compared and damage is kept.
  package static let damage = 64
  /// Tiles in which content is cleared and withheld.
  package static let clearance = 16
  /// Tiles of the encoder's cache of earlier content. Format.md names it.
  package static let cache = 64
}
