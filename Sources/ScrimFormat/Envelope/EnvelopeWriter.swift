/// Encrypts the records of one segment. Does no I/O: the caller drains ``bytes`` to wherever they go.
///
/// Not copyable: two copies would encrypt different messages with the same key and nonce.
package struct EnvelopeWriter: ~Copyable, Sendable {
  private let header: [UInt8]
  private let stream: SecretStream
  private var hash = SHA256()
  /// Bytes that were not drained yet.
  package private(set) var bytes: [UInt8]
  /// Bytes of the file so far, drained or not.
  package private(set) var size: Int
  private var isEnded = false

  /// - Parameter secret: of the session; it goes on to the key of this segment.
  package init(
    session: SessionID, start: Int64, index: Int, previous: SHA256Digest, key: KeyID, secret: SessionSecret
  ) throws(SealingError) {
    secret.advance(to: index)
    stream = try SecretStream(.segment, of: secret)
    header =
      EnvelopeHeader(
        session: session, start: start, index: index, previous: previous, key: key, secret: secret.sealed,
        stream: stream.header
      ).bytes
    bytes = header
    size = header.count
    var hash = SHA256()
    hash.update(header.span)
    self.hash = hash
  }

  /// Appends a message that holds whole records.
  package mutating func append(_ records: [UInt8], isLast: Bool = false) {
    precondition(!isEnded, "no message follows the last one")
    precondition(!records.isEmpty, "a message holds a record")
    let message = stream.encrypt(records, also: header, isLast: isLast)
    let start = bytes.count
    bytes.appendLittleEndian(UInt32(message.count))
    bytes += message
    if isLast {
      bytes += Envelope.Ending.complete.bytes
      isEnded = true
    }
    var hash = hash
    hash.update(bytes.span.extracting(start..<bytes.count))
    self.hash = hash
    size += bytes.count - start
  }

  /// The SHA-256 of the whole file so far.
  package var digest: SHA256Digest { hash.digest() }

  /// Removes all ``bytes``, after the caller stored them. Returns their number.
  @discardableResult
  package mutating func drain() -> Int {
    let count = bytes.count
    bytes.removeAll(keepingCapacity: true)
    return count
  }
}
