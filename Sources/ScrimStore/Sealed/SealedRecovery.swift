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
    if found.wholeBytes < bytes.count { found = found.withoutEnding }
    if key != nil {
      let opened = try SealedSession(self, manifest).open(found, bytes)
      guard opened.messages > 0, let segment = try? SegmentReader.recover(opened.segment) else {
        return try setAside(bytes.count, manifest, &recovery, givesUpFrames)
      }
      found = found.prefix(opened.messages)
      recovery.recovered = segment.summary
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
