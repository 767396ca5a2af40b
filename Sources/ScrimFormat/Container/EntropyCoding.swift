import ScrimCodec

/// Compression of frame payloads. Every build reads and writes deflate.
public enum EntropyCoding: UInt8, Hashable, Sendable {
  case deflate = 1
  /// Half the bytes of deflate, and faster; only in builds with the package's trait `Zstd`.
  case zstd = 2

  /// Whether this build reads and writes it.
  public var isBuiltIn: Bool { self == .deflate || Zstd.isBuiltIn }

  /// The coding with the smallest output that this build can write.
  public static var preferred: EntropyCoding { EntropyCoding.zstd.isBuiltIn ? .zstd : .deflate }
}
