import CScrimCodecs

/// Streaming deflate decompressor: compressed bytes in, in pieces of any size, and the original out, never
/// more than the caller allows.
///
/// Allocates 40 KB once; ``reset(preset:)`` starts the next stream in the same memory.
@safe
public struct Inflater: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may move to another thread, and is freed once.
  private let stream: OpaquePointer
  private let wrapper: Deflate.Wrapper
  private var bounded = BoundedOutput(.deflate)

  /// Whether the stream's end was reached. A stream that is flushed but never finished has none.
  public var isFinished: Bool { bounded.isFinished }

  /// - Throws: ``CodecError`` with the fault `outOfMemory`.
  public init(wrapper: Deflate.Wrapper = .raw) throws(CodecError) {
    guard let stream = unsafe scrim_inflater_new(wrapper.code) else {
      throw CodecError(.deflate, .outOfMemory, "a stream could not be opened")
    }
    unsafe self.stream = stream
    self.wrapper = wrapper
  }

  deinit { unsafe scrim_inflater_free(stream) }

  /// Decompresses the whole of `input` and appends the result to `output`.
  ///
  /// Input that ends within the stream is no error here, since more may follow: a caller who expects a
  /// certain number of bytes counts them, and one who expects the end calls ``finish()``.
  ///
  /// - Parameter limit: maximum bytes of output of this call; memory is allocated as they come.
  /// - Throws: ``CodecError`` with the fault `damaged`, `overLimit`, or `trailingBytes` if input follows
  ///   the stream's end. `output` is then as before, and only ``reset(preset:)`` may follow.
  public mutating func append(
    _ input: Span<UInt8>, to output: inout [UInt8], limit: Int
  ) throws(CodecError) {
    // The stream belongs to this value, and lives as long.
    try unsafe bounded.append(input, to: &output, limit: limit, from: stream, by: scrim_inflater_step)
  }

  /// Checks that the stream is complete.
  ///
  /// - Throws: ``CodecError`` with the fault `truncated` if its end was not reached.
  public func finish() throws(CodecError) {
    guard isFinished else { throw CodecError(.deflate, .truncated, "the input ends before the stream does") }
  }

  /// Starts a new stream in the same memory, also after an error.
  ///
  /// - Parameter preset: the deflater's preset dictionary. Only for raw streams.
  public mutating func reset(preset: [UInt8] = []) {
    precondition(preset.isEmpty || wrapper == .raw, "only a raw stream takes a preset")
    unsafe preset.withUnsafeBufferPointer { bytes in
      // zlib copies the preset before it returns.
      unsafe scrim_inflater_reset(stream, bytes.baseAddress, bytes.count)
    }
    bounded.reset()
  }
}
