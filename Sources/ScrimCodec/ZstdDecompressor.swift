import CScrimCodecs

/// The way back from ``ZstdCompressor``: compressed bytes in, in pieces of any size, and the original out, never more of it
/// than the caller allows.
@safe
public struct ZstdDecompressor: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may go to another thread, and is freed once.
  private let stream: OpaquePointer
  /// Whether the stream's end was reached. A stream that is flushed but never finished has none.
  public private(set) var isFinished = false
  private var hasFailed = false

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
    precondition(!hasFailed, "the stream has failed; reset it first")
    precondition(limit >= 0, "a limit is a number of bytes")
    let start = output.count
    do throws(CodecError) {
      try run(input, &output, end: start + min(limit, Int.max - 1 - start))
    } catch {
      output.removeLast(output.count - start)
      hasFailed = true
      throw error
    }
  }

  /// Starts a new stream in the same memory, whatever became of the last one.
  public mutating func reset() {
    unsafe scrim_zstd_reader_reset(stream)
    isFinished = false
    hasFailed = false
  }

  private mutating func run(_ input: Span<UInt8>, _ output: inout [UInt8], end: Int) throws(CodecError) {
    var taken = 0
    var isDrained = input.isEmpty
    while !isFinished, !isDrained {
      // One byte over the limit shows whether more would come.
      let room = min(max((input.count - taken) * 4, 256), 1 << 16, end - output.count + 1)
      try output.append(addingCapacity: room) { target throws(CodecError) in
        try unsafe target.withUnsafeMutableBufferPointer { space, count throws(CodecError) in
          try unsafe input.withUnsafeBufferPointer { source throws(CodecError) in
            // The step reads only behind `taken`, writes at most `room` bytes to `space`, and keeps no pointer.
            let rest = unsafe UnsafeBufferPointer(rebasing: source[taken...])
            var progress = scrim_progress()
            var atEnd: Int32 = 0
            try unsafe CodecError.check(.zstd) { message in
              unsafe scrim_zstd_reader_step(
                stream, rest.baseAddress, rest.count, space.baseAddress, room, &progress, &atEnd, message)
            }
            taken += progress.taken
            count = progress.given
            isFinished = atEnd != 0
            isDrained = taken == source.count && progress.given < room
          }
        }
      }
      guard output.count <= end else {
        throw CodecError(.zstd, .overLimit, "more bytes come out than were allowed")
      }
    }
    guard taken == input.count else {
      throw CodecError(.zstd, .trailingBytes(input.count - taken), "input follows the end of the stream")
    }
  }
}
