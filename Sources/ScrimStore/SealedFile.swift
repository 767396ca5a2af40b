public import ScrimFormat

/// The verified bytes of a sealed segment's file: the unit of upload and storage.
///
/// Verified are every record's checksum, the rules between records, the seal and its digest. Pictures are
/// not decoded, so a hostile file can't cause more memory use than its size.
public struct SealedFile: Sendable {
  public let bytes: [UInt8]
  /// SHA-256 of all bytes.
  public let digest: SHA256Digest
  public let header: SegmentHeader
  public let seal: Seal
  /// Its events in order, for search.
  public let events: [EventRecord]
  /// The public key to which it is sealed; nil for a segment that everybody can read. Then only structure, session,
  /// start, index and chain are known: ``header`` and ``seal`` hold 0, empty text and zeros for all else.
  public let key: KeyID?

  /// Maximum size of a file in this format.
  public static let limit = FormatLimits.segmentBytes + FormatLimits.payloadBytes

  /// - Throws: ``FormatError`` for the first bytes that violate Format.md.
  public init(_ bytes: [UInt8]) throws(FormatError) {
    digest = SHA256.digest(bytes.span)
    self.bytes = bytes
    if Envelope.isEnvelope(bytes) {
      let found = try Envelope.read(bytes).header
      header = SegmentHeader(
        session: found.session, start: found.start, width: 0, height: 0, policy: .zero, producer: "")
      seal = Seal(index: found.index, previous: found.previous)
      events = []
      key = found.key
      return
    }
    key = nil
    let segment = try SegmentReader.read(bytes)
    guard let seal = segment.seal else { preconditionFailure("the reader returns sealed segments only") }
    self.seal = seal
    header = segment.header
    events = segment.events
  }

  public var session: SessionID { header.session }
  /// The segment's place in its session, without gaps from 0.
  public var index: Int { Int(seal.index) }
  /// The segment's entry in a manifest.
  public var entry: SessionManifest.Segment {
    SessionManifest.Segment(header: header, seal: seal, size: bytes.count, digest: digest)
  }
}
