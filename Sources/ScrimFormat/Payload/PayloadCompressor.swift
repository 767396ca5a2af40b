package import ScrimCodec

/// Compresses the output of a ``FrameSerializer`` to the payloads of frame records: the half of coding that
/// reads no pixels.
///
/// For each frame, call ``begin(keyframe:)`` and append its parts; then ``payload`` is complete.
package struct PayloadCompressor: ~Copyable, SerializedFrameSink {
  private var operationStream = EntropyWriter()
  private var sampleStream = EntropyWriter()
  /// Payload of the current frame so far.
  package internal(set) var payload: [UInt8] = []
  /// Offset in it where the current part begins, and whether the part has any bytes.
  private var partStart = 0
  private var hasBytes = false
  /// Scratch: the length field of a part.
  private var length: [UInt8] = []

  /// - Throws: ``CodecError`` if memory is short, or this build lacks the entropy coding.
  package init(_ options: CodingOptions) throws(CodecError) {
    try operationStream.open(options.entropyCoding, .operations, effort: options.level)
    try sampleStream.open(options.entropyCoding, .samples, effort: options.level)
    length.reserveCapacity(10)
  }

  /// Begins the payload of the next frame.
  package mutating func begin(keyframe: Bool) {
    payload.removeAll(keepingCapacity: true)
    partStart = 0
    hasBytes = false
    guard keyframe else { return }
    operationStream.reset()
    sampleStream.reset()
  }

  package mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) throws(CodecError) {
    hasBytes = hasBytes || !plain.isEmpty
    switch part {
    case .operations: try operationStream.append(plain, flush: ends, to: &payload)
    // A frame without photographs writes nothing to the sample stream.
    case .samples: if hasBytes { try sampleStream.append(plain, flush: ends, to: &payload) }
    case .pictures: payload += plain
    }
    guard ends, part != .pictures else { return }
    length.removeAll(keepingCapacity: true)
    length.appendVarint(UInt64(payload.count - partStart))
    // Moving the bytes is cheaper than a second buffer of the same size.
    payload.insert(contentsOf: length, at: partStart)
    partStart = payload.count
    hasBytes = false
  }
}
