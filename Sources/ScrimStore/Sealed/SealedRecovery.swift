import Glibc
import ScrimFormat
import ScrimSystem

extension SessionFolder {
  /// Cuts a sealed session's open segment after its last whole message and ends it. Without ``key`` only the structure
  /// is checked; with it, only what opens is kept.
  func recoverOpenEnvelope(
    _ manifest: inout SessionManifest, _ recovery: inout SessionRecovery, _ givesUpFrames: Bool
  ) throws(StoreError) {
    let index = manifest.segments.count
    let path = openSegmentPath(index)
    let bytes = try Disk.read(path, upTo: SealedFile.limit)
    guard var found = try? Envelope(scanning: bytes), !found.messages.isEmpty else {
      return try setAside(bytes.count, manifest, &recovery, givesUpFrames)
    }
    if let conflict = manifest.conflict(with: found.header, at: index) { throw StoreError(path, conflict) }
    if found.wholeBytes < bytes.count || (key == nil && !found.hasCertainEnding) {
      found = found.withoutEnding
    }
    if key != nil {
      let opened = try whatOpens(found, bytes, SealedSession(self, manifest))
      recovery.lostMessages = found.messages.count - opened.messages
      guard opened.messages > 0 else { return try setAside(bytes.count, manifest, &recovery, givesUpFrames) }
      found = found.prefix(opened.messages)
      if found.ending == .complete, !opened.isLast { found = found.withoutEnding }
      recovery.recovered = opened.summary
    }
    let file = try Disk.open(path, O_RDWR)
    guard let kept = try endWhatFits(found, in: file, manifest, givesUpFrames) else {
      try Disk.remove(path)
      try Disk.syncFolder(segmentsPath)
      recovery.givenUpFrames = recovery.recovered?.frames ?? found.messages.count
      recovery.tornBytes = bytes.count
      recovery.recovered = nil
      return
    }
    try publish(file, at: index)
    manifest.segments.append(try readUnlistedEnvelope(index, of: manifest).entry)
    recovery.recoveredMessages = kept.messages.count
    recovery.givenUpFrames = found.messages.count - kept.messages.count
    recovery.tornBytes = bytes.count - kept.wholeBytes
  }

  /// Messages of an envelope that open and hold intact records, up to the first that doesn't.
  ///
  /// - Returns: their number, zero if there is no frame in them; what is in them, and whether the last is the one that its
  ///   writer wrote last.
  private func whatOpens(
    _ found: Envelope, _ bytes: [UInt8], _ session: SealedSession
  ) throws(StoreError) -> (messages: Int, summary: SegmentSummary?, isLast: Bool) {
    let opened = try session.open(found, bytes)
    guard let segment = try? SegmentReader.recover(opened.segment), !segment.segment.frames.isEmpty else {
      return (0, nil, false)
    }
    let messages = opened.ends.prefix { $0 <= segment.wholeBytes }.count
    return (messages, segment.summary, opened.isLast && messages == opened.messages)
  }

  /// Cuts the last segment of a sealed session before the first message that does not open, and lists it again. A recovery
  /// without the key can't know of such a message, and ended the segment after it. Does nothing without ``key``.
  func repairLastEnvelope(
    _ manifest: inout SessionManifest, _ recovery: inout SessionRecovery, _ handle: OpenFile,
    _ givesUpFrames: Bool
  ) throws(StoreError) {
    guard key != nil, manifest.envelope != nil, let index = manifest.segments.indices.last else { return }
    // A file that is missing or was changed since it was listed stays as it is.
    guard let (bytes, found) = try? readEnvelope(index, of: manifest) else { return }
    let opened = try whatOpens(found, bytes, SealedSession(self, manifest))
    guard opened.messages < found.messages.count || (found.ending == .complete && !opened.isLast) else {
      return
    }
    // In this order, so that after a crash in between another recovery continues: the manifest without the segment, the
    // list beside it, then the file's name.
    manifest.segments.removeLast()
    manifest.state = .open
    try replaceManifest(with: manifest, handle, givesUpFrames)
    try removeSegmentList(handle)
    try Disk.rename(segmentPath(index), to: openSegmentPath(index))
    try Disk.syncFolder(segmentsPath)
    try recoverOpenEnvelope(&manifest, &recovery, givesUpFrames)
  }

  /// Cuts the file after its last whole message and marks it as cut; on a full disk after an earlier one, so that the
  /// manifest has room as well.
  ///
  /// - Returns: what was kept; nil if there is no room for even one message.
  private func endWhatFits(
    _ found: Envelope, in file: OpenFile, _ manifest: SessionManifest, _ givesUpFrames: Bool
  ) throws(StoreError) -> Envelope? {
    var (kept, step) = (found, 4096)
    while true {
      do throws(StoreError) {
        try Disk.truncate(file, to: kept.wholeBytes)
        if kept.ending == nil { try Disk.write(Envelope.Ending.cut.bytes, to: file, at: kept.wholeBytes) }
        try Disk.sync(file)
        try Disk.checkRoom(sizeBound(of: manifest), toReplace: manifestPath)
        return kept
      } catch {
        guard givesUpFrames, error.isFullDisk else { throw error }
      }
      guard let earlier = kept.without(step) else { return nil }
      kept = earlier
      step *= 2
    }
  }
}
