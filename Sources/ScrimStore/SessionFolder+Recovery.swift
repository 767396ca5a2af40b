import Glibc
public import ScrimFormat
import ScrimSystem

/// Result of ``SessionFolder/recover(givesUpFrames:)``.
public struct SessionRecovery: Hashable, Sendable {
  /// Intact segments that were only missing in the manifest.
  public var adoptedSegments = 0
  /// Frames and events of the cut-off segment that were recovered; nil if there was none.
  public var recovered: SegmentSummary?
  /// Messages of the cut-off segment that were kept, if the session is sealed to a public key: what is in them is
  /// known only with the private key. Nil if there was none.
  public var recoveredMessages: Int?
  /// Whole messages of such a segment that do not open with the key, or follow one that doesn't, and were cut off.
  public var lostMessages = 0
  /// Intact frames at its end that were given up, because the disk was full and sealing needs room.
  public var givenUpFrames = 0
  /// Bytes after its last intact record that was kept, which are lost.
  public var tornBytes = 0
  /// A file, relative to the folder, without an intact frame. It was renamed to this name and does not
  /// belong to the session.
  public var setAside: String?
  /// Indices of listed segments whose files are missing; those that a spool has delivered are not.
  public var missing: [Int] = []
  /// Segments' files, relative to the folder, that could not be listed and stay as they are: the one before them is
  /// missing, or the session had ended without them.
  public var unlisted: [String] = []
  /// The manifest after recovery; sealed.
  public var manifest: SessionManifest
}

extension SessionFolder {
  /// Repairs a session whose writing was cut off: cuts the torn end of its open segment, seals the rest,
  /// lists segments that are missing in the manifest, and seals the manifest. An intact session stays as it
  /// is.
  ///
  /// With ``key``, a sealed session's last segment is cut before the first message that does not open, also if a recovery
  /// without the key ended it before.
  ///
  /// A missing manifest is rebuilt from the segments. Missing segments are reported, and keep their lines in the list. The call can be repeated safely, also after it was
  /// interrupted by a crash.
  ///
  /// - Parameter givesUpFrames: whether, on a full disk, the last records of the open segment are given up for
  ///   the room that the seal and the manifest need: at least 4096 bytes of them, then 8192 more, and so on.
  ///   Otherwise the call fails there, and can be repeated once there is room.
  /// - Throws: ``StoreError`` if the folder is being written, isn't a session, or a sealed segment is
  ///   damaged.
  public func recover(givesUpFrames: Bool = false) throws(StoreError) -> SessionRecovery {
    let handle = try Disk.open(path, O_RDONLY | O_DIRECTORY)
    try Disk.lock(handle)
    let isRebuilt = !Disk.exists(manifestPath)
    var manifest = isRebuilt ? try rebuiltManifest() : try readManifest()
    let before = manifest
    var recovery = SessionRecovery(manifest: manifest)
    if !manifest.provesItsEnd {
      try adoptUnlistedSegments(&manifest, &recovery)
      if Disk.exists(openSegmentPath(manifest.segments.count)) {
        if manifest.envelope == nil {
          try recoverOpenSegment(&manifest, &recovery, givesUpFrames)
        } else {
          try recoverOpenEnvelope(&manifest, &recovery, givesUpFrames)
        }
      } else {
        try repairLastEnvelope(&manifest, &recovery, handle, givesUpFrames)
      }
    }
    manifest.state = .sealed
    if isRebuilt || manifest != before {
      try replaceManifest(with: manifest, handle, givesUpFrames)
    }
    try removeSegmentList(handle)
    recovery.manifest = manifest
    recovery.missing = try segmentsNowhere(manifest)
    recovery.unlisted = try unlistedFiles(manifest).filter(SessionFolder.isSegment)
    return recovery
  }

  /// Lists the sealed segments that follow the listed ones.
  private func adoptUnlistedSegments(
    _ manifest: inout SessionManifest, _ recovery: inout SessionRecovery
  ) throws(StoreError) {
    while Disk.exists(segmentPath(manifest.segments.count)) {
      let index = manifest.segments.count
      do throws(StoreError) {
        if manifest.envelope == nil {
          let (segment, entry) = try readSegment(index, previous: manifest.lastDigest)
          try manifest.adopt(segment.header, entry, from: segmentPath(index))
        } else {
          manifest.segments.append(try readUnlistedEnvelope(index, of: manifest).entry)
        }
      } catch {
        guard case .segment = error.reason, try isTorn(index) else { throw error }
        // A disk may lose the end of a file and keep its new name: then it is the open segment again.
        try Disk.rename(segmentPath(index), to: openSegmentPath(index))
        return try Disk.syncFolder(segmentsPath)
      }
      recovery.adoptedSegments += 1
    }
  }

  /// Whether a segment that is not listed is the last one, and has lost nothing but its end: it stops in the middle of a
  /// record, or only zeros follow. A file that is damaged in another way stays as it is.
  private func isTorn(_ index: Int) throws(StoreError) -> Bool {
    let path = segmentPath(index)
    guard !Disk.exists(openSegmentPath(index)), !Disk.exists(segmentPath(index + 1)),
      !Disk.exists(openSegmentPath(index + 1))
    else { return false }
    let bytes = try Disk.read(path, upTo: SealedFile.limit)
    let whole: (bytes: Int, damage: FormatError?)
    if let found = try? Envelope(scanning: bytes), !found.messages.isEmpty {
      whole = (found.wholeBytes, found.damage)
    } else if let found = try? SegmentReader.recover(bytes), !found.segment.frames.isEmpty {
      whole = (found.wholeBytes, found.damage)
    } else {
      return false
    }
    if case .truncated? = whole.damage?.reason { return true }
    return bytes[whole.bytes...].allSatisfy { $0 == 0 }
  }

  /// Indices of the listed segments that are neither here nor, of a spool's session, delivered or refused.
  private func segmentsNowhere(_ manifest: SessionManifest) throws(StoreError) -> [Int] {
    var missing = Set(try missingSegments(of: manifest))
    guard !missing.isEmpty else { return [] }
    for state in [SegmentSpool.State.sent, .rejected] {
      try Disk.forEachName(in: "\(path)/\(state.rawValue)") { name in
        if let index = StoreLayout.index(ofFile: name) { missing.remove(index) }
      }
    }
    return missing.sorted()
  }

  private func recoverOpenSegment(
    _ manifest: inout SessionManifest, _ recovery: inout SessionRecovery, _ givesUpFrames: Bool
  ) throws(StoreError) {
    let index = manifest.segments.count
    let path = openSegmentPath(index)
    let bytes = try Disk.read(path, upTo: FormatLimits.segmentBytes + FormatLimits.payloadBytes)
    guard let found = try? SegmentReader.recover(bytes), !found.segment.frames.isEmpty else {
      return try setAside(bytes.count, manifest, &recovery, givesUpFrames)
    }
    guard manifest.isSession(of: found.segment.header) else { throw StoreError(path, .otherSession) }
    if let seal = found.segment.seal, Int(seal.index) != index || seal.previous != manifest.lastDigest {
      throw StoreError(path, .disagrees("the seal names another place in the chain"))
    }
    let file = try Disk.open(path, O_RDWR)
    guard let kept = try sealWhatFits(found, of: bytes, in: file, manifest, givesUpFrames) else {
      try Disk.remove(path)
      try Disk.syncFolder(segmentsPath)
      recovery.givenUpFrames = found.segment.frames.count
      recovery.tornBytes = bytes.count
      return
    }
    try publish(file, at: index)
    let (segment, entry) = try readSegment(index, previous: manifest.lastDigest)
    try manifest.adopt(segment.header, entry, from: segmentPath(index))
    recovery.recovered = kept.summary
    recovery.givenUpFrames = found.segment.frames.count - kept.summary.frames
    recovery.tornBytes = bytes.count - kept.bytes
  }

  /// Renames the open segment's file, which holds nothing that a session could show.
  func setAside(
    _ bytes: Int, _ manifest: SessionManifest, _ recovery: inout SessionRecovery, _ givesUpFrames: Bool
  ) throws(StoreError) {
    let index = manifest.segments.count
    let path = openSegmentPath(index)
    recovery.tornBytes = bytes
    // What the manifest needs comes first.
    if givesUpFrames, isFull(for: manifest) {
      try Disk.remove(path)
      try Disk.syncFolder(segmentsPath)
      return
    }
    try Disk.rename(path, to: segmentPath(index) + SessionFolder.damagedSuffix)
    try Disk.syncFolder(segmentsPath)
    recovery.setAside = SessionFolder.segmentFile(index) + SessionFolder.damagedSuffix
  }

  /// Cuts the file after its last intact record and seals it; on a full disk after an earlier one, so that
  /// the manifest has room as well.
  ///
  /// - Returns: what was sealed, and its bytes without the seal; nil if there is no room for even one frame.
  private func sealWhatFits(
    _ found: RecoveredSegment, of bytes: [UInt8], in file: OpenFile, _ manifest: SessionManifest,
    _ givesUpFrames: Bool
  ) throws(StoreError) -> (summary: SegmentSummary, bytes: Int)? {
    var (found, bytes, step) = (found, bytes, 4096)
    while true {
      do throws(StoreError) {
        try Disk.truncate(file, to: found.wholeBytes)
        if let seal = found.segment.seal { return (seal.summary, found.wholeBytes) }
        let sealed = try seal(
          SegmentWriter(continuing: found, of: bytes), at: manifest.segments.count,
          previous: manifest.lastDigest)
        try Disk.write(sealed.bytes, to: file, at: found.wholeBytes)
        try Disk.sync(file)
        try Disk.checkRoom(sizeBound(of: manifest), toReplace: manifestPath)
        return (sealed.seal.summary, found.wholeBytes)
      } catch {
        guard givesUpFrames, error.isFullDisk else { throw error }
      }
      bytes = Array(bytes.prefix(max(0, found.wholeBytes - step)))
      step *= 2
      guard let earlier = try? SegmentReader.recover(bytes), !earlier.segment.frames.isEmpty else {
        return nil
      }
      found = earlier
    }
  }

  /// Bytes of a manifest with one more segment, at most.
  func sizeBound(of manifest: SessionManifest) -> Int { manifest.json.count + 1024 }

  private func isFull(for manifest: SessionManifest) -> Bool {
    do throws(StoreError) {
      try Disk.checkRoom(sizeBound(of: manifest), toReplace: manifestPath)
      return false
    } catch { return error.isFullDisk }
  }

  /// - Parameter removesFirst: whether, on a full disk, the list and then the old manifest make room: all that
  ///   both say is in the segments, from which a missing manifest is rebuilt.
  func replaceManifest(
    with manifest: SessionManifest, _ handle: OpenFile, _ removesFirst: Bool
  ) throws(StoreError) {
    for old in [segmentListPath, manifestPath] {
      do throws(StoreError) {
        return try Disk.replace(manifestPath, with: manifest.json, in: handle)
      } catch {
        guard removesFirst, error.isFullDisk else { throw error }
      }
      try Disk.remove(old)
    }
    try Disk.replace(manifestPath, with: manifest.json, in: handle)
  }

  /// The manifest of the session that the first segment's header names.
  private func rebuiltManifest() throws(StoreError) -> SessionManifest {
    guard Disk.exists(segmentPath(0)) else { throw StoreError(path, .notASession) }
    let bytes = try Disk.read(segmentPath(0), upTo: SealedFile.limit)
    if Envelope.isEnvelope(bytes) {
      do { return SessionManifest(envelope: try Envelope.read(bytes).header) } catch {
        throw StoreError(segmentPath(0), .segment(error))
      }
    }
    return SessionManifest(header: try readSegment(0, previous: .zero).segment.header)
  }
}

extension SessionManifest {
  /// Whether nothing can follow the listed segments: the description of a sealed session says how many there are.
  var provesItsEnd: Bool { envelope?.about.isEmpty == false }

  fileprivate mutating func adopt(
    _ header: SegmentHeader, _ entry: Segment, from path: String
  ) throws(StoreError) {
    guard isSession(of: header) else { throw StoreError(path, .otherSession) }
    segments.append(entry)
  }
}
