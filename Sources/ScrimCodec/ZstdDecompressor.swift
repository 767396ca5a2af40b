import CScrimCodecs

/// The way back from ``ZstdCompressor``: compressed bytes in, in pieces of any size, and the original out, never more of it
/// than the caller allows.
@safe
public struct ZstdDecompressor: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may go to another thread, and is freed once.
  private let stream: OpaquePointer
  private var bounded = BoundedOutput(.zstd)

  /// Whether the stream's end was reached. A stream that is flushed but never finished has none.
  public var isFinished: Bool { bounded.isFinished }

  /// - Parameter windowLog: a stream whose window is larger is refused; memory for a window is taken only as a stream
  ///   asks for it.
  /// - Throws: ``CodecError`` with the fault `outOfMemory`, or `unsupported` in a build without zstd.
  public init(windowLog: Int) throws(CodecError) {
    precondition((10...27).contains(windowLog), "zstd knows no such window")
    guard let stream = unsafe scrim_zstd_reader_new(Int32(windowLog)) else { throw Zstd.cannotOpen() }
    unsafe self.stream = stream
  }

  deinit { unsafe scrim_zstd_reader_free(stream) }

  /// Decompresses the whole of `input`, appending what comes out to `output`.
  ///
  /// - Parameter limit: bytes that may come out of this call; memory is taken as they come.
  /// - Throws: ``CodecError`` with the fault `damaged`, `unsupported` (too large a window), `overLimit`, or `trailingBytes`
  ///   where input follows the stream's end. `output` is then as before, and only ``reset()`` may follow.
  public mutating func append(
    _ input: Span<UInt8>, to output: inout [UInt8], limit: Int
  ) throws(CodecError) {
    // All that earlier pieces held came out with them.
    if input.isEmpty { return }
    // The stream is this one's, and lives as long.
    try unsafe bounded.append(input, to: &output, limit: limit, from: stream, by: scrim_zstd_reader_step)
  }

  /// Starts a new stream in the same memory, whatever became of the last one.
  public mutating func reset() {
    unsafe scrim_zstd_reader_reset(stream)
    bounded.reset()
  }
}
