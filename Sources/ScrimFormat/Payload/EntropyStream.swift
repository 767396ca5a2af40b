import ScrimCodec

/// The two compressed streams of a segment's frames, and their settings.
enum EntropyStream {
  /// Operations, indices and colours: repeats over long distances, so a large window pays.
  case operations
  /// Samples of photographs: few repeats, so only entropy coding pays.
  case samples

  /// Log2 of the largest zstd window that a reader accepts.
  static let largestWindow = 23

  var windowLog: Int { self == .operations ? 22 : 19 }
  var tableLog: Int { self == .operations ? 17 : 15 }

  func zstdLevel(_ effort: Int) -> Int { self == .operations ? effort + 3 : 1 }
  func deflateLevel(_ effort: Int) -> Int { self == .operations ? effort : min(effort, 3) }
}

/// Compresses one of the streams of a segment, in the segment's coding. It must be opened first.
struct EntropyWriter: ~Copyable {
  private var deflater: Deflater?
  private var compressor: ZstdCompressor?

  mutating func open(_ coding: EntropyCoding, _ stream: EntropyStream, effort: Int) throws(CodecError) {
    switch coding {
    case .deflate:
      deflater = try Deflater(
        level: stream.deflateLevel(effort), strategy: stream == .samples ? .filtered : .standard)
    case .zstd:
      compressor = try ZstdCompressor(
        level: stream.zstdLevel(effort), windowLog: stream.windowLog, tableLog: stream.tableLog)
    }
  }

  /// Starts a new stream, which doesn't refer to the last one.
  mutating func reset() {
    deflater?.reset()
    compressor?.reset()
  }

  /// - Parameter flush: whether all input so far must be decodable from the output so far.
  mutating func append(_ bytes: [UInt8], flush: Bool, to output: inout [UInt8]) throws(CodecError) {
    deflater?.append(bytes.span, flush: flush ? .sync : .none, to: &output)
    try compressor?.append(bytes.span, flush: flush, to: &output)
  }
}

/// Decompresses what an ``EntropyWriter`` wrote.
struct EntropyReader: ~Copyable {
  private var inflater: Inflater?
  private var decompressor: ZstdDecompressor?

  mutating func open(_ coding: EntropyCoding) throws(CodecError) {
    switch coding {
    case .deflate:
      inflater = try Inflater()
    case .zstd:
      decompressor = try ZstdDecompressor(windowLog: EntropyStream.largestWindow)
    }
  }

  mutating func reset() {
    inflater?.reset()
    decompressor?.reset()
  }

  /// - Parameter limit: maximum bytes of output.
  mutating func append(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8], limit: Int) throws(CodecError) {
    try inflater?.append(bytes.span, to: &output, limit: limit)
    try decompressor?.append(bytes.span, to: &output, limit: limit)
  }
}
