import CScrimCodecs

/// Streaming deflate compressor with a window of 32 KB: input in, compressed bytes out, in pieces of any
/// size.
///
/// Allocates 268 KB once; ``reset(preset:)`` starts the next stream in the same memory.
@safe
public struct Deflater: ~Copyable, @unchecked Sendable {
  // Owned by this value alone, which cannot be copied: so it may move to another thread, and is freed once.
  private let stream: OpaquePointer
  private let wrapper: Deflate.Wrapper
  private var isFinished = false

  /// - Parameter level: of zlib, 0 (stored) to 9 (smallest).
  /// - Throws: ``CodecError`` with the fault `outOfMemory`.
  public init(
    level: Int = 6, strategy: Deflate.Strategy = .standard, wrapper: Deflate.Wrapper = .raw
  ) throws(CodecError) {
    precondition((0...9).contains(level), "zlib has levels 0 to 9")
    let kind: scrim_strategy =
      switch strategy {
      case .standard: .SCRIM_STRATEGY_DEFAULT
      case .filtered: .SCRIM_STRATEGY_FILTERED
      case .huffmanOnly: .SCRIM_STRATEGY_HUFFMAN
      case .runLength: .SCRIM_STRATEGY_RLE
      }
    guard let stream = unsafe scrim_deflater_new(Int32(level), kind, wrapper.code) else {
      throw CodecError(.deflate, .outOfMemory, "a stream could not be opened")
    }
    unsafe self.stream = stream
    self.wrapper = wrapper
  }

  deinit { unsafe scrim_deflater_free(stream) }

  /// Compresses `input` and appends the result to `output`.
  public mutating func append(
    _ input: Span<UInt8>, flush: Deflate.Flush = .none, to output: inout [UInt8]
  ) {
    run(input, flush == .sync ? .SCRIM_FLUSH_SYNC : .SCRIM_FLUSH_NONE, &output)
  }

  /// Ends the stream and appends its remaining output. Only ``reset(preset:)`` may follow.
  public mutating func finish(to output: inout [UInt8]) {
    run([UInt8]().span, .SCRIM_FLUSH_FINISH, &output)
    isFinished = true
  }

  /// Starts a new stream in the same memory; it doesn't refer to the last one.
  ///
  /// - Parameter preset: a preset dictionary, to which the stream may refer as if it came before; the last
  ///   32 KB count. The decompressor must get the same. Only for raw streams.
  public mutating func reset(preset: [UInt8] = []) {
    precondition(preset.isEmpty || wrapper == .raw, "only a raw stream takes a preset")
    unsafe preset.withUnsafeBufferPointer { bytes in
      // zlib copies the preset before it returns.
      unsafe scrim_deflater_reset(stream, bytes.baseAddress, bytes.count)
    }
    isFinished = false
  }

  private mutating func run(_ input: Span<UInt8>, _ flush: scrim_flush, _ output: inout [UInt8]) {
    precondition(!isFinished, "the stream is finished; reset it first")
    var taken = 0
    var isDone = false
    while !isDone {
      // Large enough that a flush marker never fills it: zlib would then write a second one.
      let room = min(max((input.count - taken) / 2, 256), 1 << 16)
      output.append(addingCapacity: room) { target in
        unsafe target.withUnsafeMutableBufferPointer { space, count in
          unsafe input.withUnsafeBufferPointer { source in
            // The step reads only from `taken` on, writes at most `room` bytes to `space`, and keeps no
            // pointer.
            let rest = unsafe UnsafeBufferPointer(rebasing: source[taken...])
            let progress = unsafe scrim_deflater_step(
              stream, rest.baseAddress, rest.count, space.baseAddress, room, flush)
            taken += progress.taken
            count = progress.given
            isDone = taken == source.count && progress.given < room
          }
        }
      }
    }
  }
}

extension Deflate.Wrapper {
  var code: scrim_wrapper {
    switch self {
    case .raw: .SCRIM_RAW
    case .zlib: .SCRIM_ZLIB
    }
  }
}
