import Glibc
public import ScrimFormat

/// Result of ``SessionFolder/recover()``.
public struct SessionRecovery: Hashable, Sendable {
  /// Intact segments that were only missing in the manifest.
  public var adoptedSegments = 0
  /// Frames and events of the cut-off segment that were recovered; nil if there was none.
  public var recovered: SegmentSummary?
  /// Bytes after its last intact record, which are lost.
  public var tornBytes = 0
  /// A file, relative to the folder, without an intact frame. It was renamed to this name and does not
  /// belong to the session.
  public var setAside: String?
  /// The manifest after recovery; sealed.
  public var manifest: SessionManifest
}

extension SessionFolder {
  /// Repairs a session whose writing was cut off: cuts the torn end of its open segment, seals the rest,
  /// lists segments that are missing in the manifest, and seals the manifest. An intact session stays as it
  /// is.
  ///
  /// A missing manifest is rebuilt from the segments. The call can be repeated safely, also after it was
  /// interrupted by a crash.
  /// - Throws: ``StoreError`` if the folder is being written, isn't a session, or a sealed segment is
  ///   damaged.
  public func recover() throws(StoreError) -> SessionRecovery {
    let handle = try Disk.open(path, O_RDONLY | O_DIRECTORY)
    try Disk.lock(handle)
    let isRebuilt = !Disk.exists(manifestPath)
    var manifest = isRebuilt ? try rebuiltManifest() : try readManifest()
    let before = manifest
    var recovery = SessionRecovery(manifest: manifest)
    while Disk.exists(segmentPath(manifest.segments.count)) {
      let index = manifest.segments.count
      let (segment, entry) = try readSegment(index, previous: manifest.lastDigest)
      try manifest.adopt(segment.header, entry, from: segmentPath(index))
      recovery.adoptedSegments += 1
    }
    if Disk.exists(openSegmentPath(manifest.segments.count)) {
      try recoverOpenSegment(&manifest, &recovery)
    }
    manifest.state = .sealed
    if isRebuilt || manifest != before {
      try Disk.replace(manifestPath, with: manifest.json, in: handle)
    }
    try removeSegmentList(handle)
    recovery.manifest = manifest
    return recovery
  }

  private func recoverOpenSegment(
    _ manifest: inout SessionManifest, _ recovery: inout SessionRecovery
  ) throws(StoreError) {
    let index = manifest.segments.count
    let path = openSegmentPath(index)
    let bytes = try Disk.read(path, upTo: FormatLimits.segmentBytes + FormatLimits.payloadBytes)
    guard let found = try? SegmentReader.recover(bytes), !found.segment.frames.isEmpty else {
      try Disk.rename(path, to: segmentPath(index) + SessionFolder.damagedSuffix)
      try Disk.syncFolder(segmentsPath)
      recovery.setAside = SessionFolder.segmentFile(index) + SessionFolder.damagedSuffix
      recovery.tornBytes = bytes.count
      return
    }
    guard manifest.isSession(of: found.segment.header) else { throw StoreError(path, .otherSession) }
    if let seal = found.segment.seal, Int(seal.index) != index || seal.previous != manifest.lastDigest {
      throw StoreError(path, .disagrees("the seal names another place in the chain"))
    }
    let file = try Disk.open(path, O_RDWR)
    try Disk.truncate(file, to: found.wholeBytes)
    let summary: SegmentSummary
    if let seal = found.segment.seal {
      summary = seal.summary
    } else {
      let sealed = try self.seal(
        SegmentWriter(continuing: found, of: bytes), at: index, previous: manifest.lastDigest)
      try Disk.write(sealed.bytes, to: file, at: found.wholeBytes)
      summary = sealed.seal.summary
    }
    try publish(file, at: index)
    let (segment, entry) = try readSegment(index, previous: manifest.lastDigest)
    try manifest.adopt(segment.header, entry, from: segmentPath(index))
    recovery.recovered = summary
    recovery.tornBytes = found.tornBytes
  }

  /// The manifest of the session that the first segment's header names.
  private func rebuiltManifest() throws(StoreError) -> SessionManifest {
    guard Disk.exists(segmentPath(0)) else { throw StoreError(path, .notASession) }
    return SessionManifest(header: try readSegment(0, previous: .zero).segment.header)
  }
}

extension SessionManifest {
  fileprivate mutating func adopt(
    _ header: SegmentHeader, _ entry: Segment, from path: String
  ) throws(StoreError) {
    guard isSession(of: header) else { throw StoreError(path, .otherSession) }
    segments.append(entry)
  }
}
