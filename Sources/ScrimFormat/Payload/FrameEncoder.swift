public import ScrimCodec
public import ScrimRedact

/// Options of frame coding.
public struct CodingOptions: Hashable, Sendable {
  /// nil is lossless. 1...100: large photographic rectangles without masks may be stored as JPEG of that
  /// quality.
  public var quality: Int?
  /// Effort of the entropy coder, 1...9.
  public var level: Int
  /// Compression of payloads; the segment's header names it.
  public var entropyCoding: EntropyCoding

  public init(quality: Int? = nil, level: Int = 6, entropyCoding: EntropyCoding = .preferred) {
    precondition(quality.map { (1...100).contains($0) } ?? true, "a JPEG quality lies in 1...100")
    precondition((1...9).contains(level), "a level lies in 1...9")
    self.quality = quality
    self.level = level
    self.entropyCoding = entropyCoding
  }
}

/// Encodes masked frames to the payloads of frame records, one after the other. ``FrameDecoder`` reads
/// them.
///
/// Its two halves, `FrameSerializer` and `PayloadCompressor`, can also run on two threads.
public struct FrameEncoder: ~Copyable {
  private var serializer: FrameSerializer
  private var compressor: PayloadCompressor

  /// - Throws: `CodecError` if memory is short, or this build lacks the entropy coding.
  public init(width: Int, height: Int, options: CodingOptions) throws(CodecError) {
    serializer = FrameSerializer(width: width, height: height, quality: options.quality)
    compressor = try PayloadCompressor(options)
  }

  /// The payload that turns the previous frame into `frame`, or an empty picture if it is a keyframe. Empty
  /// if nothing changed.
  public mutating func encode(_ frame: borrowing MaskedFrame, keyframe: Bool) throws(CodecError) -> [UInt8] {
    var payload: [UInt8] = []
    try encode(frame, keyframe: keyframe, into: &payload)
    return payload
  }

  /// The same, into memory that the caller reuses.
  ///
  /// - Parameter payload: its old content is replaced.
  public mutating func encode(
    _ frame: borrowing MaskedFrame, keyframe: Bool, into payload: inout [UInt8]
  ) throws(CodecError) {
    swap(&payload, &compressor.payload)
    defer { swap(&payload, &compressor.payload) }
    compressor.begin(keyframe: keyframe)
    try serializer.serialize(frame, keyframe: keyframe, to: &compressor)
  }
}
