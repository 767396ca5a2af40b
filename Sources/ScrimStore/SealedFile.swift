public import ScrimFormat

/// A sealed segment as the bytes of its file, checked: what is uploaded, and what a store takes.
///
/// Checked means: every record's checksum, the rules between records, the seal and its digest. Pictures are not decoded, so
/// nothing in it can make a checker take more memory than its bytes.
public struct SealedFile: Sendable {
  public let bytes: [UInt8]
  /// Of all bytes.
  public let digest: SHA256Digest
  public let header: SegmentHeader
  public let seal: Seal
  /// Its events, in their order: what a search looks at.
  public let events: [EventRecord]

  /// Most bytes that a file of the format can have.
  public static let limit = FormatLimits.segmentBytes + FormatLimits.payloadBytes

  /// - Throws: ``FormatError`` at the first byte range that isn't as Format.md says.
  public init(_ bytes: [UInt8]) throws(FormatError) {
    let segment = try SegmentReader.read(bytes)
    guard let seal = segment.seal else { preconditionFailure("the reader returns sealed segments only") }
    self.bytes = bytes
    self.seal = seal
    header = segment.header
    events = segment.events
    digest = SHA256.digest(bytes.span)
  }

  public var session: SessionID { header.session }
  /// The segment's place in its session, without gaps from 0.
  public var index: Int { Int(seal.index) }
  /// How a manifest lists it.
  public var entry: SessionManifest.Segment {
    SessionManifest.Segment(header: header, seal: seal, size: bytes.count, digest: digest)
  }
}
