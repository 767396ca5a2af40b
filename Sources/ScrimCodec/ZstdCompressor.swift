import CScrimCodecs

/// Streaming zstd compressor: input in, compressed bytes out, in pieces of any size.
///
/// Allocates its window and its tables once, a little more than `2^windowLog + 8 × 2^tableLog` bytes;
/// ``reset()`` starts the next stream in the same memory.
@safe
public struct ZstdCompressor: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may move to another thread, and is freed once.
  private let stream: OpaquePointer

  /// - Parameters:
  ///   - level: of zstd, 1 to 19.
  ///   - windowLog: log2 of the window size in bytes, 10 to 27.
  ///   - tableLog: log2 of the number of entries in the match search tables, 6 to 24.
  /// - Throws: ``CodecError`` with the fault `outOfMemory`, or `unsupported` in a build without zstd.
  public init(level: Int, windowLog: Int, tableLog: Int) throws(CodecError) {
    precondition((1...19).contains(level), "zstd is used at levels 1 to 19")
    precondition((10...27).contains(windowLog) && (6...24).contains(tableLog), "zstd knows no such size")
    guard let stream = unsafe scrim_zstd_writer_new(Int32(level), Int32(windowLog), Int32(tableLog)) else {
      throw Zstd.cannotOpen()
    }
    unsafe self.stream = stream
  }

  deinit { unsafe scrim_zstd_writer_free(stream) }

  /// Compresses `input` and appends the result to `output`. After a flush all input so far can be decoded
  /// from the output so far.
  ///
  /// - Throws: ``CodecError`` with the fault `outOfMemory`.
  public mutating func append(_ input: Span<UInt8>, flush: Bool, to output: inout [UInt8]) throws(CodecError)
  {
    try run(input, flush ? .SCRIM_FLUSH_SYNC : .SCRIM_FLUSH_NONE, &output)
  }

  /// Ends the stream and appends its remaining output. Only ``reset()`` may follow.
  public mutating func finish(to output: inout [UInt8]) throws(CodecError) {
    try run([UInt8]().span, .SCRIM_FLUSH_FINISH, &output)
  }

  /// Starts a new stream in the same memory; it doesn't refer to the last one.
  public mutating func reset() { unsafe scrim_zstd_writer_reset(stream) }

  private mutating func run(
    _ input: Span<UInt8>, _ flush: scrim_flush, _ output: inout [UInt8]
  ) throws(CodecError) {
    var taken = 0
    var isDone = false
    while !isDone {
      let room = min(max((input.count - taken) / 2, 256), 1 << 16)
      try output.append(addingCapacity: room) { target throws(CodecError) in
        try unsafe target.withUnsafeMutableBufferPointer { space, count throws(CodecError) in
          try unsafe input.withUnsafeBufferPointer { source throws(CodecError) in
            // The step reads only from `taken` on, writes at most `room` bytes to `space`, and keeps no
            // pointer.
            let rest = unsafe UnsafeBufferPointer(rebasing: source[taken...])
            var progress = scrim_progress()
            var done: Int32 = 0
            try unsafe CodecError.check(.zstd) { message in
              unsafe scrim_zstd_writer_step(
                stream, rest.baseAddress, rest.count, space.baseAddress, room, flush, &progress, &done,
                message)
            }
            taken += progress.taken
            count = progress.given
            isDone = done != 0
          }
        }
      }
    }
  }
}
