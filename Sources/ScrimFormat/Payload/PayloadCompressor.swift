public import ScrimCodec

/// Makes the payloads of frame records of what a ``FrameSerializer`` tells: the half of coding that looks at no pixels.
///
/// For each frame: ``begin(keyframe:)``, then what is told, and ``payload`` is whole.
public struct PayloadCompressor: ~Copyable, SerializedFrameSink {
  private var operationStream = EntropyWriter()
  private var sampleStream = EntropyWriter()
  /// What the present frame takes so far.
  public internal(set) var payload: [UInt8] = []
  /// Where the present part begins in it, and whether any bytes came for it.
  private var partStart = 0
  private var hasBytes = false
  /// Scratch: the length of a part, as it stands before it.
  private var length: [UInt8] = []

  /// - Throws: ``CodecError`` where memory is short, or this build lacks the entropy coding.
  public init(_ options: CodingOptions) throws(CodecError) {
    try operationStream.open(options.entropyCoding, .operations, effort: options.level)
    try sampleStream.open(options.entropyCoding, .samples, effort: options.level)
    length.reserveCapacity(10)
  }

  /// Begins the payload of the next frame.
  public mutating func begin(keyframe: Bool) {
    payload.removeAll(keepingCapacity: true)
    partStart = 0
    hasBytes = false
    guard keyframe else { return }
    operationStream.reset()
    sampleStream.reset()
  }

  public mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) throws(CodecError) {
    hasBytes = hasBytes || !plain.isEmpty
    switch part {
    case .operations: try operationStream.append(plain, flush: ends, to: &payload)
    // A frame without photographs leaves no trace in their stream.
    case .samples: if hasBytes { try sampleStream.append(plain, flush: ends, to: &payload) }
    case .pictures: payload += plain
    }
    guard ends, part != .pictures else { return }
    length.removeAll(keepingCapacity: true)
    length.appendVarint(UInt64(payload.count - partStart))
    // The bytes are moved, which is cheaper than a second buffer as large as they are.
    payload.insert(contentsOf: length, at: partStart)
    partStart = payload.count
    hasBytes = false
  }
}
