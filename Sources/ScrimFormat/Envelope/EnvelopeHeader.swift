/// Start of a sealed segment's file: all that can be read of it without the key, besides the lengths of its messages.
package struct EnvelopeHeader: Hashable, Sendable {
  package var session: SessionID
  /// Start of the session: nanoseconds since 1970-01-01T00:00:00Z.
  package var start: Int64
  /// The segment's place in its session, without gaps from 0.
  package var index: Int
  /// The SHA-256 of the previous segment's whole file; zero for index 0.
  package var previous: SHA256Digest
  /// The key to whose public half it is sealed.
  package var key: KeyID
  /// The session's secret, sealed to that key; 80 bytes, the same in all segments of a session.
  package var secret: [UInt8]
  /// The header of the stream; 24 random bytes.
  package var stream: [UInt8]
  package private(set) var version = EnvelopeHeader.newest

  /// The version byte of an envelope: the high bit distinguishes it from a segment.
  package static let newest: UInt8 = 0x82
  /// The version whose ending is zero. It is read only.
  package static let zeroEndingVersion: UInt8 = 0x81
  static let versions = zeroEndingVersion...newest
  package static let byteCount =
    FormatLimits.magicBytes + 16 + 8 + 4 + 32 + KeyID.byteCount + SessionSecret.sealedBytes
    + SecretStream.headerBytes

  /// The bytes of the file from its start; every message of the file authenticates them.
  package var bytes: [UInt8] {
    var bytes = Framing.magicStem + [version, 0x0A]
    bytes += session.bytes
    bytes.appendLittleEndian(UInt64(bitPattern: start))
    bytes.appendLittleEndian(UInt32(index))
    bytes += previous.bytes
    bytes += key.bytes
    bytes += secret
    bytes += stream
    return bytes
  }

  init(reading bytes: [UInt8]) throws(FormatError.Reason) {
    guard bytes.starts(with: Framing.magicStem.prefix(bytes.count)) else { throw .notASegment }
    guard bytes.count >= EnvelopeHeader.byteCount else {
      throw .truncated(needed: EnvelopeHeader.byteCount, present: bytes.count)
    }
    guard bytes[7] == Framing.magic[7] else { throw .notASegment }
    guard EnvelopeHeader.versions.contains(bytes[6]) else { throw .unsupportedVersion(bytes[6]) }
    version = bytes[6]
    var reader = ByteReader(bytes, FormatLimits.magicBytes..<EnvelopeHeader.byteCount)
    session = SessionID(Array(bytes[try reader.take(16)]))
    start = Int64(bitPattern: try reader.littleEndian(UInt64.self))
    index = Int(try reader.littleEndian(UInt32.self))
    // Each step of the index derives a key: without a limit, a hostile index would cost minutes.
    guard index < FormatLimits.segments else {
      throw .overLimit("the index", value: index, limit: FormatLimits.segments - 1)
    }
    previous = try reader.digest()
    guard (index == 0) == (previous == .zero) else { throw .badValue("the digest of the segment before") }
    key = KeyID(Array(bytes[try reader.take(KeyID.byteCount)]))
    secret = Array(bytes[try reader.take(SessionSecret.sealedBytes)])
    stream = Array(bytes[try reader.take(SecretStream.headerBytes)])
  }

  init(
    session: SessionID, start: Int64, index: Int, previous: SHA256Digest, key: KeyID, secret: [UInt8],
    stream: [UInt8]
  ) {
    self.session = session
    self.start = start
    self.index = index
    self.previous = previous
    self.key = key
    self.secret = secret
    self.stream = stream
  }
}
