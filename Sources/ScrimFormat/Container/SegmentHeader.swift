/// Header of a segment: the session, the size of its pictures and their coding.
public struct SegmentHeader: Hashable, Sendable {
  public var session: SessionID
  /// Start of the session: nanoseconds since 1970-01-01T00:00:00Z. Times of records count from there.
  public var start: Int64
  /// Pixels.
  public var width: Int
  public var height: Int
  public var entropyCoding: EntropyCoding
  /// The SHA-256 of the policy's canonical form.
  public var policy: SHA256Digest
  /// Name and version of the program that wrote the segment.
  public var producer: String

  public init(
    session: SessionID, start: Int64, width: Int, height: Int, entropyCoding: EntropyCoding = .deflate,
    policy: SHA256Digest, producer: String
  ) {
    self.session = session
    self.start = start
    self.width = width
    self.height = height
    self.entropyCoding = entropyCoding
    self.policy = policy
    self.producer = producer
  }

  /// Throws if a field has a value that the format doesn't allow.
  public func validate() throws(FormatError) {
    do throws(FormatError.Reason) {
      try check()
    } catch {
      throw FormatError(error, writing: true, record: 0, offset: FormatLimits.magicBytes)
    }
  }

  /// Whether both belong to one session; the size of the picture may differ between segments.
  public func isSameSession(as other: SegmentHeader) -> Bool {
    session == other.session && start == other.start && policy == other.policy && producer == other.producer
  }

  private func check() throws(FormatError.Reason) {
    guard width > 0 else { throw .badValue("the width") }
    guard height > 0 else { throw .badValue("the height") }
    guard width <= FormatLimits.side else {
      throw .overLimit("the width", value: width, limit: FormatLimits.side)
    }
    guard height <= FormatLimits.side else {
      throw .overLimit("the height", value: height, limit: FormatLimits.side)
    }
    guard width * height <= FormatLimits.pixels else {
      throw .overLimit("the number of pixels", value: width * height, limit: FormatLimits.pixels)
    }
    guard producer.utf8.count <= FormatLimits.producerBytes else {
      throw .overLimit(
        "the producer's length", value: producer.utf8.count, limit: FormatLimits.producerBytes)
    }
  }

  var payload: [UInt8] {
    var payload = session.bytes
    payload.appendLittleEndian(UInt64(bitPattern: start))
    payload.appendLittleEndian(UInt32(width))
    payload.appendLittleEndian(UInt32(height))
    payload.append(entropyCoding.rawValue)
    payload += policy.bytes
    payload.appendVarint(UInt64(producer.utf8.count))
    payload += Array(producer.utf8)
    return payload
  }

  init(payload reader: inout ByteReader) throws(FormatError.Reason) {
    session = SessionID(Array(reader.bytes[try reader.take(16)]))
    start = Int64(bitPattern: try reader.littleEndian(UInt64.self))
    width = Int(try reader.littleEndian(UInt32.self))
    height = Int(try reader.littleEndian(UInt32.self))
    let coding = try reader.byte()
    guard let known = EntropyCoding(rawValue: coding) else { throw .unsupportedEntropyCoding(coding) }
    entropyCoding = known
    policy = try reader.digest()
    let length = try reader.count(of: "the producer's length", upTo: FormatLimits.producerBytes)
    let text = reader.bytes[try reader.take(length)]
    guard let producer = String(validating: text, as: UTF8.self) else { throw .badValue("the producer") }
    self.producer = producer
    try check()
  }
}
