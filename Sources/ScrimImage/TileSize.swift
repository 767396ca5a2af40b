/// Side lengths of tiles, in pixels.
public enum TileSize {
  /// Tiles in which frames are compared and damage is kept.
  public static let damage = 64
  /// Tiles in which content is cleared and withheld.
  public static let clearance = 16
  /// Tiles of the encoder's cache of earlier content. Format.md names it.
  public static let cache = 64
}
