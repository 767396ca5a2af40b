import ScrimCodec
import ScrimImage

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

/// Compression of frame payloads. Every build reads and writes deflate.
public enum EntropyCoding: UInt8, Hashable, Sendable {
  case deflate = 1
  /// Half the bytes of deflate, and faster; only in builds with the package's trait `Zstd`.
  case zstd = 2

  /// Whether this build reads and writes it.
  public var isBuiltIn: Bool { self == .deflate || Zstd.isBuiltIn }

  /// The coding with the smallest output that this build can write.
  public static var preferred: EntropyCoding { EntropyCoding.zstd.isBuiltIn ? .zstd : .deflate }
}

/// Id of a session: a UUID (RFC 9562), written in lower case.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// - Parameter bytes: exactly 16.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count == 16, "a session id is 16 bytes long")
    self.bytes = bytes
  }

  /// Nil unless `text` is a UUID of the form `8-4-4-4-12`, in either case.
  public init?(_ text: some StringProtocol) {
    let parts = text.lowercased().split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
    guard let bytes = Hex.bytes(parts.joined()) else { return nil }
    self.bytes = bytes
  }

  /// A random UUID (version 4).
  public init(using generator: inout some RandomNumberGenerator) {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    self.bytes = bytes
  }

  public var description: String {
    [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.string(bytes[$0]) }.joined(separator: "-")
  }
}

/// The limits of Format.md. A writer refuses to exceed them, and a reader refuses larger values.
public enum FormatLimits {
  static let magicBytes = 8
  static let recordHeadBytes = 10
  /// Bytes of a segment before its seal.
  public static let segmentBytes = 1 << 30
  /// Bytes of one record's payload.
  public static let payloadBytes = 1 << 28
  /// Records in a segment, of any type.
  public static let records = 1 << 20
  /// Bytes of an event's JSON.
  public static let eventBytes = 1 << 20
  /// Bytes of the producer's UTF-8.
  public static let producerBytes = 255
  /// Bytes of the UTF-8 of a role's name.
  static let roleBytes = 255
  /// Pixels of a picture's width, and of its height.
  public static let side = PictureLimits.side
  /// Pixels of a picture; also the limit of withheld tiles.
  public static let pixels = PictureLimits.pixels
  /// Nanoseconds of a record's time, to either side of the session's start; also the limit of a frame's number.
  public static let time: Int64 = 1 << 61
}
