import CScrimCodecs

/// Common loop of the streaming decompressors: input in pieces of any size, and output up to a limit.
struct BoundedOutput {
  /// One step of a stream's C functions: reads from the input, writes to the output, returns how far it
  /// came and whether the stream ended.
  typealias Step = (
    _ stream: OpaquePointer?, _ input: UnsafePointer<UInt8>?, _ inputCount: Int,
    _ output: UnsafeMutablePointer<UInt8>?, _ outputCount: Int,
    _ progress: UnsafeMutablePointer<scrim_progress>?, _ atEnd: UnsafeMutablePointer<Int32>?,
    _ message: UnsafeMutablePointer<CChar>?
  ) -> scrim_status

  let format: CodecError.Format
  /// Whether the stream's end was reached.
  private(set) var isFinished = false
  private var hasFailed = false

  init(_ format: CodecError.Format) { self.format = format }

  /// Begins the next stream.
  mutating func reset() {
    isFinished = false
    hasFailed = false
  }

  /// Decompresses all of `input` and appends the result to `output`: at most `limit` bytes; memory is
  /// allocated as they come.
  ///
  /// If it throws, `output` is as before, and only ``reset()`` may follow.
  ///
  /// - Parameter step: of `stream`; keeps no pointer.
  mutating func append(
    _ input: Span<UInt8>, to output: inout [UInt8], limit: Int, from stream: OpaquePointer, by step: Step
  ) throws(CodecError) {
    precondition(!hasFailed, "the stream has failed; reset it first")
    precondition(limit >= 0, "a limit is a number of bytes")
    let start = output.count
    do throws(CodecError) {
      try unsafe run(input, &output, end: start + min(limit, Int.max - 1 - start), stream, step)
    } catch {
      output.removeLast(output.count - start)
      hasFailed = true
      throw error
    }
  }

  private mutating func run(
    _ input: Span<UInt8>, _ output: inout [UInt8], end: Int, _ stream: OpaquePointer, _ step: Step
  ) throws(CodecError) {
    var taken = 0
    var isDrained = false
    while !isFinished, !isDrained {
      // One byte above the limit shows whether there would be more output.
      let room = min(max((input.count - taken) * 4, 256), 1 << 16, end - output.count + 1)
      try output.append(addingCapacity: room) { target throws(CodecError) in
        try unsafe target.withUnsafeMutableBufferPointer { space, count throws(CodecError) in
          try unsafe input.withUnsafeBufferPointer { source throws(CodecError) in
            // The step reads only from `taken` on, writes at most `room` bytes to `space`, and keeps no
            // pointer.
            let rest = unsafe UnsafeBufferPointer(rebasing: source[taken...])
            var progress = scrim_progress()
            var atEnd: Int32 = 0
            try unsafe CodecError.check(format) { message in
              unsafe step(
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
        throw CodecError(format, .overLimit, "the output is larger than was allowed")
      }
    }
    guard taken == input.count else {
      throw CodecError(format, .trailingBytes(input.count - taken), "input follows the end of the stream")
    }
  }
}
