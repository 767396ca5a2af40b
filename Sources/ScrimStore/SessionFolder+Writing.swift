import Glibc
public import ScrimFormat
import ScrimSystem

extension SessionFolder {
  /// Checks early whether ``create(_:about:)`` can make the session: before a display is opened or a stream is
  /// read.
  ///
  /// - Parameter byTrying: whether a folder is made there and removed. Without it, permissions are asked only, and nothing
  ///   is written.
  /// - Throws: ``StoreError`` if the folder is not empty, or it, or its nearest existing parent, can't be
  ///   written.
  public func checkIsFree(byTrying: Bool = false) throws(StoreError) {
    if Disk.exists(path) {
      guard try Disk.names(in: path).isEmpty else {
        throw StoreError(path, .folderNotEmpty(holdsSession: Disk.exists(manifestPath)))
      }
    }
    try Disk.checkWritable(path, byTrying: byTrying)
  }

  /// Begins a session in a new or empty folder; makes it and its parents if they are missing.
  ///
  /// - Parameters:
  ///   - header: has the session's id and the size of the first pictures.
  ///   - about: what is known of the session at its start, which it keeps if its end is not written.
  /// - Throws: ``StoreError`` if the folder is not empty, can't be written, or the header isn't valid.
  public func create(
    _ header: SegmentHeader, about: SessionAbout = SessionAbout()
  ) throws(StoreError) -> SessionWriter {
    do {
      try header.validate()
    } catch {
      throw StoreError(path, .segment(error))
    }
    var manifest = SessionManifest(header: header)
    manifest.about = about
    let secret = try newSecret()
    if let secret, let sealTo { manifest.envelope = SessionEnvelope(key: sealTo.id, secret: secret.sealed) }
    let handle = try makeLocked()
    guard try Disk.names(in: path).isEmpty else {
      throw StoreError(path, .folderNotEmpty(holdsSession: Disk.exists(manifestPath)))
    }
    do throws(StoreError) {
      try Disk.makeFolder(segmentsPath)
      let writer = SessionWriter(folder: self, handle: handle, manifest: manifest, secret: secret)
      try writer.writeManifest()
      return writer
    } catch {
      // Otherwise the next attempt would find a folder that is not empty.
      for file in [manifestPath, manifestPath + ".tmp"] where Disk.exists(file) { try? Disk.remove(file) }
      try? Disk.removeTree(segmentsPath)
      throw error
    }
  }

  /// Makes the folder, and locks it for this process.
  ///
  /// An uploader removes a folder without segments that no process has locked, as one whose session is delivered. So
  /// a new folder is locked under a temporary name, and gets its own name afterwards. The name is synced to the disk,
  /// since segments that are synced within the folder would be lost with it.
  private func makeLocked() throws(StoreError) -> OpenFile {
    var attempts = 0
    while true {
      let isThere = Disk.exists(path)
      let name = isThere ? path : temporaryPath
      do throws(StoreError) {
        if !isThere { try Disk.makeLastingFolder(Disk.parent(of: path)) }
        try Disk.makeFolder(name)
        let handle = try Disk.open(name, O_RDONLY | O_DIRECTORY)
        try Disk.lock(handle)
        if !isThere, try Disk.move(name, to: path) { try Disk.syncNames(in: Disk.parent(of: path)) }
        if try Disk.isAt(path, handle) { return handle }
        throw StoreError(path, .system(doing: "opening", errno: ENOENT))
      } catch {
        // The folder was removed meanwhile, by an uploader that took it for a leftover, or another recorder made
        // one of that name. The next attempt finds out.
        attempts += 1
        guard error.isMissingFile || Disk.exists(path) != isThere, attempts < 10 else {
          throw StoreError(error.path == name ? path : error.path, error.reason)
        }
      }
    }
  }

  /// The folder's name before it is locked: beside it, so that it can be renamed, and one of those that an
  /// uploader removes after a crash.
  private var temporaryPath: String {
    let name = path.split(separator: "/").last ?? ""
    return "\(Disk.parent(of: path))/.\(name).tmp"
  }

  /// The secret of a session that is sealed to ``sealTo``; nil without that.
  private func newSecret() throws(StoreError) -> SessionSecret? {
    guard let sealTo else { return nil }
    do { return try SessionSecret(sealingTo: sealTo) } catch { throw StoreError(path, .sealing(error)) }
  }
}

/// Writes the segments of one session, one after the other. Holds the folder's lock for its whole life.
///
/// If a system call fails (disk full), no data is lost: a record that could not be written is kept and
/// written first by the next call. ``begin(_:)``, ``seal()`` and ``finish()`` may be called again once the
/// cause is gone. After a crash, ``SessionFolder/recover(givesUpFrames:)`` seals the intact part.
public struct SessionWriter: ~Copyable, Sendable, SegmentOutput {
  private struct Open: ~Copyable, Sendable {
    var writer: SegmentWriter
    var file: OpenFile
    /// Bytes of the file that are known to be written.
    var written: Int
    /// Encrypts what goes to the file; nil unless the session is sealed to a key.
    var envelope: EnvelopeWriter?

    /// Encrypts the records that were not encrypted yet.
    ///
    /// - Returns: all that is still to be written.
    mutating func encrypt() -> [UInt8] {
      guard var envelope = envelope.take() else { return [] }
      envelope.append(writer.bytes)
      writer.drain()
      let bytes = envelope.bytes
      self.envelope = consume envelope
      return bytes
    }
  }

  /// The end of an encrypted segment, which is written again until that succeeds: it can't be encrypted again.
  private struct Ending: Sendable {
    var file: OpenFile
    /// What is still to be written, and where.
    var bytes: [UInt8]
    var offset: Int
    var entry: SessionManifest.Segment
  }

  public let folder: SessionFolder
  /// The manifest as written, or as it will be written next.
  public private(set) var manifest: SessionManifest
  private let handle: OpenFile
  private var open: Open?
  private var ending: Ending?
  /// Nil unless the session is sealed to a key.
  private let secret: SessionSecret?
  /// `segments.jsonl`, from the first segment on, and the segments and bytes that are known to be in it.
  private var list: OpenFile?
  private var listed = (segments: 0, bytes: 0)

  fileprivate init(
    folder: SessionFolder, handle: OpenFile, manifest: SessionManifest, secret: SessionSecret?
  ) {
    self.folder = folder
    self.handle = handle
    self.manifest = manifest
    self.secret = secret
  }

  /// Size of the open segment and a summary of its content; nil between segments.
  public var openSegment: (size: Int, summary: SegmentSummary)? {
    switch open {
    case .some(let open): (open.writer.size, open.writer.summary)
    case .none: nil
    }
  }

  public var openSegmentSize: Int? { openSegment?.size }

  /// Bytes of the sealed segments, and of the open one so far.
  public var bytes: Int { sealedBytes + (openSegmentSize ?? 0) }

  private var sealedBytes = 0

  /// Takes ownership of a segment and writes its records so far; more may follow. A session that buffers
  /// passes its segments when it flushes.
  ///
  /// - Parameter segment: of this session, with its first frame, and with none of its bytes drained.
  public mutating func begin(_ segment: consuming SegmentWriter) throws(StoreError) {
    precondition(openSegmentSize == nil, "a segment is begun when the previous one is sealed")
    precondition(segment.bytes.count == segment.size, "a segment is begun with all of its bytes")
    precondition(segment.summary.frames > 0, "a segment is begun with its first frame")
    precondition(manifest.state == .open, "a sealed session takes no segment")
    guard manifest.isSession(of: segment.header) else { throw StoreError(folder.path, .otherSession) }
    try finishEnding()
    let index = manifest.segments.count
    guard index < SessionFolder.segmentLimit else { throw StoreError(folder.path, .tooManySegments) }
    let file = try Disk.open(folder.openSegmentPath(index), O_RDWR | O_CREAT | O_TRUNC)
    if var envelope = try newEnvelope(index) {
      envelope.append(segment.bytes)
      segment.drain()
      try Disk.write(envelope.bytes, to: file, at: 0)
      let written = envelope.drain()
      open = Open(writer: segment, file: file, written: written, envelope: envelope)
    } else {
      try Disk.write(segment.bytes, to: file, at: 0)
      let written = segment.drain()
      open = Open(writer: segment, file: file, written: written, envelope: nil)
    }
  }

  private func newEnvelope(_ index: Int) throws(StoreError) -> EnvelopeWriter? {
    guard let secret, let key = manifest.envelope?.key else { return nil }
    do {
      return try EnvelopeWriter(
        session: manifest.session, start: manifest.start, index: index, previous: manifest.lastDigest,
        key: key,
        secret: secret)
    } catch { throw StoreError(folder.openSegmentPath(index), .sealing(error)) }
  }

  public mutating func append(_ frame: FrameRecord) throws(StoreError) {
    try append { segment throws(FormatError) in try segment.append(frame) }
  }

  public mutating func append(_ event: EventRecord) throws(StoreError) {
    try append { segment throws(FormatError) in try segment.append(event) }
  }

  public mutating func append(_ note: NoteRecord) throws(StoreError) {
    try append { segment throws(FormatError) in try segment.append(note) }
  }

  /// Ends the open segment: seals it, syncs it to the disk, renames it to its final name and lists it.
  ///
  /// If it throws and ``openSegment`` is nil, only the list could not be written; ``finish()`` and the next
  /// ``seal()`` write it.
  public mutating func seal() throws(StoreError) {
    precondition(openSegmentSize != nil, "there is no open segment to seal")
    let index = manifest.segments.count
    let sealed = try folder.seal(open!.writer, at: index, previous: manifest.lastDigest)
    if secret != nil {
      beginEnding(sealed)
      return try finishEnding()
    }
    try Disk.write(sealed.bytes, to: open!.file, at: open!.written)
    try folder.publish(open!.file, at: index)
    self.open = nil
    sealedBytes += sealed.size
    manifest.segments.append(
      SessionManifest.Segment(
        header: sealed.header, seal: sealed.seal, size: sealed.size, digest: sealed.digest))
    try listSegments()
  }

  /// Encrypts the seal. From here on the segment takes no record, even if its end can't be written yet.
  private mutating func beginEnding(_ sealed: SealedSegment) {
    guard var open = open.take(), var envelope = open.envelope.take() else { return }
    envelope.append(sealed.bytes, isLast: true)
    ending = Ending(
      file: open.file, bytes: envelope.bytes, offset: open.written,
      entry: SessionManifest.Segment(envelope: envelope.size, digest: envelope.digest))
  }

  private mutating func finishEnding() throws(StoreError) {
    guard let ending else { return }
    try Disk.write(ending.bytes, to: ending.file, at: ending.offset)
    try folder.publish(ending.file, at: manifest.segments.count)
    self.ending = nil
    sealedBytes += ending.entry.bytes
    manifest.segments.append(ending.entry)
    try listSegments()
  }

  /// Appends lines for the segments that are not listed yet: unlike rewriting the manifest, the cost does
  /// not grow with the session.
  private mutating func listSegments() throws(StoreError) {
    if list == nil {
      list = try Disk.open(folder.segmentListPath, O_RDWR | O_CREAT | O_TRUNC)
      try Disk.sync(handle)
    }
    guard let list else { return }
    var lines: [UInt8] = []
    for index in listed.segments..<manifest.segments.count {
      lines += manifest.line(index)
    }
    try Disk.write(lines, to: list, at: listed.bytes)
    try Disk.sync(list)
    listed = (manifest.segments.count, listed.bytes + lines.count)
  }

  /// Sets the session's metadata for the next time the manifest is written.
  public mutating func describe(_ about: SessionAbout) { manifest.about = about }

  /// Ends the session: seals the open segment, if there is one, and the manifest.
  @discardableResult
  public mutating func finish() throws(StoreError) -> SegmentTotals {
    if openSegmentSize != nil { try seal() }
    try finishEnding()
    manifest.state = .sealed
    if let secret {
      let about: [UInt8]
      do { about = try SealedAbout.encrypted(manifest, with: secret) } catch {
        throw StoreError(folder.manifestPath, .sealing(error))
      }
      manifest.envelope?.about = about
    }
    try writeManifest()
    try folder.removeSegmentList(handle)
    return SegmentTotals(
      segments: manifest.segments.count, bytes: sealedBytes)
  }

  private mutating func append(
    _ record: (inout SegmentWriter) throws(FormatError) -> Void
  ) throws(StoreError) {
    precondition(openSegmentSize != nil, "records are appended to an open segment")
    do {
      try record(&open!.writer)
    } catch {
      throw StoreError(folder.openSegmentPath(manifest.segments.count), .segment(error))
    }
    try flush()
  }

  /// Overwrites the bytes that a failed call may have left after `written`.
  private mutating func flush() throws(StoreError) {
    if secret != nil { return try flushEnvelope() }
    // In place: a copy of the open segment would copy its bytes.
    try Disk.write(open!.writer.bytes, to: open!.file, at: open!.written)
    open!.written += open!.writer.drain()
  }

  /// Each record is encrypted once; bytes that could not be written are kept and written first by the next call.
  private mutating func flushEnvelope() throws(StoreError) {
    let bytes = open!.encrypt()
    try Disk.write(bytes, to: open!.file, at: open!.written)
    open!.written += bytes.count
    open!.envelope?.drain()
  }

  fileprivate func writeManifest() throws(StoreError) {
    try Disk.replace(folder.manifestPath, with: manifest.json, in: handle)
  }
}

extension SessionFolder {
  /// Removes the list, once the manifest lists all segments.
  func removeSegmentList(_ folder: OpenFile) throws(StoreError) {
    guard Disk.exists(segmentListPath) else { return }
    try Disk.remove(segmentListPath)
    try Disk.sync(folder)
  }

  func seal(
    _ writer: consuming SegmentWriter, at index: Int, previous: SHA256Digest
  ) throws(StoreError) -> SealedSegment {
    do {
      return try writer.seal(index: UInt32(index), previous: previous)
    } catch {
      throw StoreError(openSegmentPath(index), .segment(error))
    }
  }

  /// Syncs a sealed segment to the disk and renames it to its final name.
  func publish(_ file: OpenFile, at index: Int) throws(StoreError) {
    try Disk.sync(file)
    try Disk.rename(openSegmentPath(index), to: segmentPath(index))
    try Disk.syncFolder(segmentsPath)
  }
}
