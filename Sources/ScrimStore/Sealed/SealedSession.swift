import ScrimFormat
import Synchronization

/// Opens the segments of a sealed session with its private key.
final class SealedSession: Sendable {
  /// As it is stored.
  let listed: SessionManifest
  private let folder: SessionFolder
  private let key: PrivateKey
  /// At the key of the segment that was read last, since keys follow from one another.
  private let secret: Mutex<SessionSecret>

  /// - Throws: ``StoreError`` if there is no key, or another one.
  init(_ folder: SessionFolder, _ manifest: SessionManifest) throws(StoreError) {
    guard let envelope = manifest.envelope else { preconditionFailure("the session is a sealed one") }
    let path = folder.path
    guard let key = folder.key else { throw StoreError(path, .needsKey(envelope.key)) }
    guard key.publicKey.id == envelope.key else {
      throw StoreError(path, .wrongKey(sealedTo: envelope.key, given: key.publicKey.id))
    }
    self.folder = folder
    self.key = key
    listed = manifest
    secret = Mutex(try SealedSession.secret(of: envelope, key, path))
  }

  private static func secret(
    of envelope: SessionEnvelope, _ key: PrivateKey, _ path: String
  ) throws(StoreError) -> SessionSecret {
    do { return try SessionSecret(opening: envelope.secret, with: key) } catch {
      guard error == .refused else { throw StoreError(path, .sealing(error)) }
      throw StoreError(path, .disagrees("the session's sealed key was changed"))
    }
  }

  private func withSecret<Result>(
    at index: Int, _ body: (SessionSecret) throws(SealingError) -> Result
  ) throws(StoreError) -> Result {
    try secret.withLock { secret throws(StoreError) in
      if secret.index > index, let envelope = listed.envelope {
        secret = try SealedSession.secret(of: envelope, key, folder.path)
      }
      do throws(SealingError) { return try body(secret) } catch {
        throw StoreError(folder.path, .sealing(error))
      }
    }
  }

  /// A segment that was opened.
  struct Opened {
    var segment: Segment
    /// Its records' bytes, without a seal.
    var body: [UInt8]
    var summary: SegmentSummary
  }

  /// Reads a listed segment, and checks it against the list, the chain and the key.
  func segment(_ index: Int) throws(StoreError) -> Opened {
    let path = folder.segmentPath(index)
    let (bytes, envelope) = try folder.readEnvelope(index, of: listed)
    let opened = try open(envelope, bytes)
    let isCut = envelope.ending == .cut
    if let damage = opened.damage {
      let isRepairable = isCut && index == listed.segments.count - 1 && !listed.provesItsEnd
      throw StoreError(path, isRepairable ? .garbled(damage) : .segment(damage))
    }
    guard opened.isLast || isCut else { throw StoreError(path, .disagrees("its last message is missing")) }
    guard !isCut || index == listed.segments.count - 1 else {
      throw StoreError(path, .disagrees("it was cut off, and only a session's last segment can be"))
    }
    let found: RecoveredSegment
    do { found = try SegmentReader.recover(opened.segment) } catch { throw StoreError(path, .segment(error)) }
    if let damage = found.damage { throw StoreError(path, .segment(damage)) }
    guard let seal = found.segment.seal else {
      guard isCut, !found.segment.frames.isEmpty else { throw StoreError(path, .disagrees("it has no seal")) }
      return Opened(segment: found.segment, body: opened.segment, summary: found.summary)
    }
    guard Int(seal.index) == index, seal.previous == envelope.header.previous else {
      throw StoreError(path, .disagrees("the seal names another place in the chain"))
    }
    return Opened(
      segment: found.segment, body: Array(opened.segment.prefix(Seal.place(in: opened.segment))),
      summary: found.summary)
  }

  /// The segment as a file that is not sealed to a key: what a page embeds.
  ///
  /// - Parameter previous: the digest of the previous file in this form.
  func plainFile(
    _ opened: Opened, at index: Int, previous: SHA256Digest
  ) throws(StoreError) -> (bytes: [UInt8], entry: SessionManifest.Segment) {
    do throws(FormatError) {
      let found = try SegmentReader.recover(opened.body)
      let sealed = try SegmentWriter(continuing: found, of: opened.body)
        .seal(index: UInt32(index), previous: previous)
      let entry = SessionManifest.Segment(
        header: sealed.header, seal: sealed.seal, size: sealed.size, digest: sealed.digest)
      return (opened.body + sealed.bytes, entry)
    } catch { throw StoreError(folder.segmentPath(index), .segment(error)) }
  }

  /// The manifest that the session would have if it were not sealed to a key, from its segments and its description.
  ///
  /// - Parameters:
  ///   - faults: gets the segments that can't be read; they have no frames in the manifest.
  ///   - endFault: why the list does not end as the session did.
  func manifest(
    noting faults: inout [SegmentFault], _ endFault: inout StoreError?
  ) throws(StoreError) -> SessionManifest {
    var manifest = listed
    manifest.segments = []
    var isDescribed = false
    for index in listed.segments.indices {
      do throws(StoreError) {
        let opened = try segment(index)
        if !isDescribed { manifest.describe(by: opened.segment.header) }
        isDescribed = true
        guard manifest.isSession(of: opened.segment.header) else {
          throw StoreError(folder.segmentPath(index), .otherSession)
        }
        manifest.segments.append(try plainFile(opened, at: index, previous: manifest.lastDigest).entry)
      } catch {
        // What is wrong with the key or the library is wrong with every segment.
        if case .sealing = error.reason { throw error }
        faults.append(SegmentFault(index: index, error: error))
        manifest.segments.append(listed.segments[index])
      }
    }
    guard listed.provesItsEnd else { return manifest }
    do throws(StoreError) { manifest.about = try about() } catch {
      if case .sealing = error.reason { throw error }
      endFault = error
    }
    return manifest
  }

  private func about() throws(StoreError) -> SessionAbout {
    let path = folder.manifestPath
    let about = try withSecret(at: 0) { secret in
      Result { () throws(StoreError) in try SealedAbout(listed, with: secret, path: path) }
    }.get()
    guard about.segments == listed.segments.count, about.lastDigest == listed.lastDigest else {
      throw StoreError(
        path,
        .disagrees(
          "the session ended with \(about.segments) segments, and \(listed.segments.count) others are listed")
      )
    }
    return about.about
  }

  /// The part of the segment that is being written, or was cut off, which opens with the key; nil if there is none.
  func openSegment() throws(StoreError) -> OpenSegment? {
    let index = listed.segments.count
    guard let bytes = try? Disk.read(folder.openSegmentPath(index), upTo: SealedFile.limit),
      let envelope = try? Envelope(scanning: bytes), listed.conflict(with: envelope.header, at: index) == nil
    else { return nil }
    let opened = try open(envelope, bytes)
    guard let found = try? SegmentReader.recover(opened.segment), !found.segment.frames.isEmpty else {
      return nil
    }
    return OpenSegment(
      segment: found.segment, bytes: found.wholeBytes, tornBytes: bytes.count - opened.wholeBytes)
  }

  func open(_ envelope: Envelope, _ bytes: [UInt8]) throws(StoreError) -> Envelope.Opened {
    try withSecret(at: envelope.header.index) { secret throws(SealingError) in
      try envelope.open(bytes, with: secret)
    }
  }
}

extension SessionManifest {
  fileprivate mutating func describe(by header: SegmentHeader) {
    width = header.width
    height = header.height
    policy = header.policy
    producer = header.producer
  }
}

extension SessionFolder {
  /// Reads the envelope of a listed segment and checks all that can be checked without the key: its digest, its
  /// structure, and its place in the chain.
  func readEnvelope(
    _ index: Int, of manifest: SessionManifest
  ) throws(StoreError) -> (bytes: [UInt8], envelope: Envelope) {
    let path = segmentPath(index)
    guard Disk.exists(path) else { throw StoreError(path, .missing) }
    let (bytes, envelope, entry) = try readUnlistedEnvelope(index, of: manifest)
    guard entry == manifest.segments[index] else {
      throw StoreError(path, .disagrees("the manifest lists another SHA-256"))
    }
    return (bytes, envelope)
  }

  func readUnlistedEnvelope(
    _ index: Int, of manifest: SessionManifest
  ) throws(StoreError) -> (bytes: [UInt8], envelope: Envelope, entry: SessionManifest.Segment) {
    let path = segmentPath(index)
    let bytes = try Disk.read(path, upTo: SealedFile.limit)
    let entry = SessionManifest.Segment(envelope: bytes.count, digest: SHA256.digest(bytes.span))
    let envelope: Envelope
    do { envelope = try Envelope.read(bytes) } catch { throw StoreError(path, .segment(error)) }
    if let conflict = manifest.conflict(with: envelope.header, at: index) { throw StoreError(path, conflict) }
    return (bytes, envelope, entry)
  }
}
