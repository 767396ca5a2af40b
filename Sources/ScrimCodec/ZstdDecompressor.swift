import CScrimCodecs

/// Streaming zstd decompressor: compressed bytes in, in pieces of any size, and the original out, never
/// more than the caller allows.
@safe
public struct ZstdDecompressor: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may move to another thread, and is freed once.
  private let stream: OpaquePointer
  private var bounded = BoundedOutput(.zstd)

  /// Whether the stream's end was reached. A stream that is flushed but never finished has none.
  public var isFinished: Bool { bounded.isFinished }

  /// - Parameter windowLog: log2 of the largest window that is accepted; memory for a window is allocated
  ///   only when a stream needs it.
  /// - Throws: ``CodecError`` with the fault `outOfMemory`, or `unsupported` in a build without zstd.
  public init(windowLog: Int) throws(CodecError) {
    precondition((10...27).contains(windowLog), "zstd has no such window")
    guard let stream = unsafe scrim_zstd_reader_new(Int32(windowLog)) else { throw Zstd.cannotOpen() }
    unsafe self.stream = stream
  }

  deinit { unsafe scrim_zstd_reader_free(stream) }

  /// Decompresses the whole of `input` and appends the result to `output`.
  ///
  /// - Parameter limit: maximum bytes of output of this call; memory is allocated as they come.
  /// - Throws: ``CodecError`` with the fault `damaged`, `unsupported` (too large a window), `overLimit`, or
  ///   `trailingBytes` if input follows the stream's end. `output` is then as before, and only ``reset()``
  ///   may follow.
  public mutating func append(
    _ input: Span<UInt8>, to output: inout [UInt8], limit: Int
  ) throws(CodecError) {
    // The output of earlier pieces was already returned with them.
    if input.isEmpty { return }
    // The stream belongs to this value, and lives as long.
    try unsafe bounded.append(input, to: &output, limit: limit, from: stream, by: scrim_zstd_reader_step)
  }

  /// Starts a new stream in the same memory, also after an error.
  public mutating func reset() {
    unsafe scrim_zstd_reader_reset(stream)
    bounded.reset()
  }
}
