public import ScrimFormat

/// What can be verified of a sealed session without its private key: that no segment was changed, swapped, left out
/// or cut. Contents are not read.
public struct SealedCheck: Hashable, Sendable {
  public var key: KeyID
  /// Segments that the manifest lists, and indices of those whose files are missing. The chain in the manifest and in the
  /// envelopes proves that the list is complete up to its end.
  public var listed: Int
  public var missing: [Int] = []
  /// Those that are not the ones that belong in their places.
  public var damaged: [SegmentFault] = []
  /// Intact ones, their messages and bytes.
  public var segments = 0
  public var messages = 0
  public var bytes = 0
  /// Whether the last segment was cut off and ended by recovery.
  public var isCut = false
  /// Whether the encrypted description is there, which says how many segments the session had when it ended.
  public var hasDescription: Bool
  /// Whether the manifest is open.
  public var isOpen: Bool
  /// The segment that was not ended; nil if there is none.
  public var openSegment: Open?
  /// Files that the manifest doesn't list.
  public var unlisted: [String] = []

  public struct Open: Hashable, Sendable {
    /// Whole messages, and the bytes of a torn one after them.
    public var messages: Int
    public var tornBytes: Int
  }

  init(key: KeyID, listed: Int, isOpen: Bool, hasDescription: Bool) {
    self.key = key
    self.listed = listed
    self.hasDescription = hasDescription
    self.isOpen = isOpen
  }
}

/// A segment that is not intact, and why.
public struct SegmentFault: Hashable, Sendable {
  public var index: Int
  public var error: StoreError
}

extension SessionFolder {
  /// The manifest of a session that is sealed to a public key, as it is stored, with the segments sealed so far; nil if
  /// everybody can read the session.
  public func sealedManifest() throws(StoreError) -> SessionManifest? {
    let manifest = try readManifest()
    return manifest.envelope == nil ? nil : manifest
  }

  /// The file of a segment of such a session as it is stored, if it is the one that the manifest lists.
  public func sealedFile(_ index: Int, of manifest: SessionManifest) throws(StoreError) -> [UInt8] {
    precondition(manifest.segments.indices.contains(index), "the manifest lists no such segment")
    return try readEnvelope(index, of: manifest).bytes
  }

  /// Checks digests, structure, index and chain of a sealed session without its private key, past what is missing or
  /// damaged.
  ///
  /// - Returns: nil if the session is not sealed to a public key.
  /// - Throws: ``StoreError`` if there is no manifest, or it isn't valid.
  public func checkSealed() throws(StoreError) -> SealedCheck? {
    let manifest = try readManifest()
    guard let sealed = manifest.envelope else { return nil }
    var check = SealedCheck(
      key: sealed.key, listed: manifest.segments.count, isOpen: manifest.state == .open,
      hasDescription: manifest.provesItsEnd)
    check.missing = try missingSegments(of: manifest)
    let missing = Set(check.missing)
    for index in manifest.segments.indices where !missing.contains(index) {
      do throws(StoreError) {
        let (bytes, envelope) = try readEnvelope(index, of: manifest)
        let isCut = envelope.ending == .cut
        guard !isCut || (index == manifest.segments.count - 1 && !check.isOpen) else {
          throw StoreError(
            segmentPath(index), .disagrees("it was cut off, and only a session's last segment can be"))
        }
        check.isCut = isCut
        check.segments += 1
        check.messages += envelope.messages.count
        check.bytes += bytes.count
      } catch {
        check.damaged.append(SegmentFault(index: index, error: error))
      }
    }
    check.unlisted = try unlistedFiles(manifest)
    let index = manifest.segments.count
    if let bytes = try? Disk.read(openSegmentPath(index), upTo: SealedFile.limit),
      let found = try? Envelope(scanning: bytes), manifest.conflict(with: found.header, at: index) == nil
    {
      check.openSegment = SealedCheck.Open(
        messages: found.messages.count, tornBytes: bytes.count - found.wholeBytes)
    }
    return check
  }
}
