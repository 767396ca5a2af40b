import CScrimCodecs

/// Common parts of ``ZstdCompressor`` and ``ZstdDecompressor``.
public enum Zstd {
  /// Whether this build has zstd: the package's trait `Zstd`. Without it, streams cannot be opened.
  public static var isBuiltIn: Bool { scrim_zstd_is_built() != 0 }

  static func cannotOpen() -> CodecError {
    isBuiltIn
      ? CodecError(.zstd, .outOfMemory, "a stream could not be opened")
      : CodecError(
        .zstd, .unsupported, "this build of Scrim has no zstd; use one built with the package trait Zstd")
  }
}
