import Glibc
package import ScrimFormat
import ScrimJSON
import ScrimSystem

extension SpoolKeeper {
  /// Marks a segment as delivered: renames it into the folder of sent ones. ``settle()`` empties the file.
  ///
  /// - Returns: false if the manifest doesn't list it yet; call again when the recorder has written it.
  package func delivered(_ segment: SpooledSegment) throws(StoreError) -> Bool {
    guard isListed(segment) else { return false }
    try syncListing(of: segment.session)
    try Disk.makeFolder(spool.folder(segment.session, .sent))
    if try Disk.move(spool.file(segment, .waiting), to: spool.file(segment, .sent)) {
      toEmpty.append(segment)
    }
    forget(segment)
    if toEmpty.count >= 64 { try settle() }
    return true
  }

  /// Syncs the renames of delivered segments to the disk, then empties the files: in this order, so that no
  /// power cut leaves an empty file among the waiting ones.
  package func settle() throws(StoreError) {
    guard !toEmpty.isEmpty else { return }
    for session in Set(toEmpty.map(\.session)) {
      try Disk.syncFolder(spool.folder(session, .sent))
      try Disk.syncFolder(spool.folder(session, .waiting))
    }
    for segment in toEmpty {
      try Disk.truncate(try Disk.open(spool.file(segment, .sent), O_WRONLY), to: 0)
    }
    toEmpty.removeAll()
  }

  /// Marks a segment that the destination refused for a permanent reason: keeps it with the answer beside
  /// it.
  package func reject(
    _ segment: SpooledSegment, status: Int, answer: String
  ) throws(StoreError) {
    let folder = spool.folder(segment.session, .rejected)
    try Disk.makeFolder(folder)
    let file = "\(folder)/\(StoreLayout.digits(segment.index)).json"
    try Disk.replace(file, with: SpoolKeeper.answer(status, answer), in: folder, temporaries: spool.path)
    try keep(segment, .rejected)
  }

  /// Notes that the destination refused a session's manifest: writes the answer beside its refused
  /// segments.
  package func rejectManifest(of session: SessionID, status: Int, answer: String) throws(StoreError) {
    let folder = spool.folder(session, .rejected)
    try Disk.makeFolder(folder)
    let words = SpoolKeeper.answer(status, answer)
    try Disk.replace("\(folder)/manifest.json", with: words, in: folder, temporaries: spool.path)
  }

  private static func answer(_ status: Int, _ answer: String) -> [UInt8] {
    JSON.object([
      .init("answer", .string(answer)), .init("at", .string(RFC3339.string(WallClock.now))),
      .init("status", .number(Double(status))),
    ]).canonicalBytes + [0x0A]
  }

  /// Renames a segment that can't be read and keeps it, so that the next one can be sent.
  package func setAside(_ segment: SpooledSegment) throws(StoreError) {
    try Disk.makeFolder(spool.folder(segment.session, .damaged))
    try keep(segment, .damaged)
  }

  private func keep(_ segment: SpooledSegment, _ state: SegmentSpool.State) throws(StoreError) {
    let bytes = try Disk.status(spool.file(segment, .waiting))?.bytes ?? 0
    if try Disk.move(spool.file(segment, .waiting), to: spool.file(segment, state)) {
      update(segment.session) { $0.keptBytes += bytes }
    }
    try Disk.syncFolder(spool.folder(segment.session, state))
    forget(segment)
  }

  /// Moves refused and damaged segments back to the waiting ones.
  ///
  /// - Returns: their number.
  package func retryRejected() throws(StoreError) -> Int {
    var count = 0
    for session in try spool.sessions() {
      for index in try indices(session, .rejected) {
        let segment = SpooledSegment(session: session, index: index)
        if try Disk.move(spool.file(segment, .rejected), to: spool.file(segment, .waiting)) { count += 1 }
        try Disk.remove("\(spool.folder(session, .rejected))/\(StoreLayout.digits(index)).json")
      }
      update(session) {
        $0.keptBytes = 0
        $0.stamp = -2
      }
    }
    try rescan()
    return count
  }

  func indices(_ session: SessionID, _ state: SegmentSpool.State) throws(StoreError) -> [Int] {
    var indices: [Int] = []
    try Disk.forEachName(in: spool.folder(session, state)) { name in
      if let index = StoreLayout.index(ofFile: name) { indices.append(index) }
    }
    return indices.sorted()
  }

  // MARK: Dropping

  /// Drops segments: moves them out of the way, counts them in `dropped.jsonl`, removes them. After a crash
  /// in between, the next keeper counts and removes them; a duplicate line counts once.
  package func drop(_ segments: [SpooledSegment], _ reason: DropReason) throws(StoreError) {
    try drop(segments, from: .waiting, reason)
  }

  func drop(
    _ segments: [SpooledSegment], from state: SegmentSpool.State, _ reason: DropReason
  ) throws(StoreError) {
    guard !segments.isEmpty else { return }
    var lines: [UInt8] = []
    var gone: [SpooledSegment] = []
    for segment in segments {
      let bytes = try Disk.status(spool.file(segment, state))?.bytes
      try Disk.makeFolder(spool.folder(segment.session, .dropping))
      var isMoved = state == .dropping
      if !isMoved { isMoved = try Disk.move(spool.file(segment, state), to: spool.file(segment, .dropping)) }
      if isMoved {
        gone.append(segment)
        lines += SpoolKeeper.line(segment, bytes: bytes ?? 0, reason)
        note(ReplayLoss(session: segment.session, reason: reason, segments: 1, bytes: bytes ?? 0))
      }
      if state == .waiting { forget(segment) }
    }
    for session in Set(gone.map(\.session)) {
      try Disk.syncFolder(spool.folder(session, .dropping))
      try Disk.syncFolder(spool.folder(session, state))
    }
    try DroppedLog(spool: spool).append(lines)
    for segment in gone { try Disk.remove(spool.file(segment, .dropping)) }
  }

  private func note(_ loss: ReplayLoss) {
    let place = newLosses.firstIndex { $0.session == loss.session && $0.reason == loss.reason }
    guard let place else { return newLosses.append(loss) }
    newLosses[place].segments += loss.segments
    newLosses[place].bytes += loss.bytes
  }

  private static func line(_ segment: SpooledSegment, bytes: Int, _ reason: DropReason) -> [UInt8] {
    JSON.object([
      .init("at", .string(RFC3339.string(WallClock.now))), .init("bytes", .number(Double(bytes))),
      .init("index", .number(Double(segment.index))), .init("reason", .string(reason.rawValue)),
      .init("replay_state", .string("dropped")),
      .init("session", .string("\(segment.session)")),
    ]).canonicalBytes + [0x0A]
  }

  /// Notes that the destination has deleted the session, so that later segments are discarded, and drops
  /// the waiting ones.
  package func discard(_ session: SessionID) throws(StoreError) {
    let folder = "\(spool.path)/\(session)"
    if try Disk.status(folder + "/" + SegmentSpool.deletedFile) == nil {
      _ = try Disk.create(
        folder + "/" + SegmentSpool.deletedFile, with: [], in: folder, temporaries: spool.path)
    }
    update(session) { $0.isDeleted = true }
    try discardWhatCame(session)
  }

  /// Drops the segments that arrived after the session was deleted.
  func discardWhatCame(_ session: SessionID) throws(StoreError) {
    guard let state = sessions[session], state.isDeleted else { return }
    try drop(state.waiting.map { SpooledSegment(session: session, index: $0.index) }, .deleted)
    for kept in [SegmentSpool.State.rejected, .damaged] {
      try drop(
        try indices(session, kept).map { SpooledSegment(session: session, index: $0) }, from: kept, .deleted)
    }
    update(session) { $0.keptBytes = 0 }
  }

  // MARK: Ends

  /// Seals the segment that a killed recorder left open, and lists the segments missing in its manifest.
  /// Does nothing while the session is being recorded.
  ///
  /// - Returns: whether the session is sealed and no process writes it.
  package func recover(_ session: SessionID) throws(StoreError) -> Bool {
    let folder = spool.folder(of: session)
    for _ in 0..<3 {
      do throws(StoreError) {
        _ = try folder.recover()
        update(session) {
          $0.hasOpenSegment = false
          $0.stamp = -2
        }
        return true
      } catch {
        switch error.reason {
        case .inUse: return false
        case .system: throw error
        default:
          // A session that can't be repaired is kept aside, and the others continue.
          guard try setAside(path: error.path, of: session) else { return true }
        }
      }
    }
    return true
  }

  private func setAside(path: String, of session: SessionID) throws(StoreError) -> Bool {
    let folder = "\(spool.path)/\(session)/"
    guard path.hasPrefix(folder), let name = path.split(separator: "/").last, try Disk.status(path) != nil,
      path != folder + "segments"
    else { return false }
    try Disk.makeFolder(spool.folder(session, .damaged))
    try Disk.move(path, to: spool.folder(session, .damaged) + "/" + name)
    if let index = StoreLayout.index(ofFile: name) { forget(SpooledSegment(session: session, index: index)) }
    return true
  }

  /// Removes the folder of a session without waiting or refused segments that is not being recorded.
  ///
  /// - Returns: whether it was removed.
  package func removeIfDone(_ session: SessionID) throws(StoreError) -> Bool {
    try remove(session) { () throws(StoreError) in
      var isEmpty = true
      for state in [SegmentSpool.State.waiting, .rejected, .damaged, .dropping] {
        try Disk.forEachName(in: self.spool.folder(session, state)) { _ in isEmpty = false }
      }
      return isEmpty
    }
  }

  /// Removes every byte of a session, and counts its segments as deleted. While it is being recorded its folder stays, and
  /// later segments are discarded.
  package func delete(_ session: SessionID) throws(StoreError) -> SpoolDeletion {
    var deletion = SpoolDeletion(wasDeleted: try spool.isDeleted(session))
    guard try spool.holds(session) else { return deletion }
    deletion.isThere = true
    for state in [SegmentSpool.State.waiting, .rejected, .damaged] {
      deletion.segments += try indices(session, state).count
    }
    try discard(session)
    // What is left in the folder was delivered or is not whole; without a line nothing would say that it was deleted.
    if deletion.segments == 0, !deletion.wasDeleted { try DroppedLog(spool: spool).noteDeletion(of: session) }
    deletion.isBeingRecorded = try !remove(session) { true }
    return deletion
  }

  /// - Parameter isReady: whether it may be removed; called when no process can write it.
  private func remove(
    _ session: SessionID, if isReady: () throws(StoreError) -> Bool
  ) throws(StoreError) -> Bool {
    try settle()
    let folder = "\(spool.path)/\(session)"
    guard try Disk.status(folder) != nil else { return true }
    let handle = try Disk.open(folder, O_RDONLY | O_DIRECTORY)
    guard try Disk.tryLock(handle) else { return false }
    guard try isReady() else { return false }
    let leftover = "\(spool.path)/.\(session).tmp"
    try Disk.move(folder, to: leftover)
    try Disk.syncFolder(spool.path)
    try Disk.removeTree(leftover)
    update(session) { $0 = Session() }
    try rescan()
    return true
  }

  /// Completes steps that a crash interrupted: sent files that are not empty yet, dropped ones that are not
  /// counted or removed.
  func finishInterruptedSteps() throws(StoreError) {
    for session in sessions.keys {
      for index in try indices(session, .sent) {
        let segment = SpooledSegment(session: session, index: index)
        if let status = try Disk.status(spool.file(segment, .sent)), status.bytes > 0 {
          toEmpty.append(segment)
        }
      }
      try settle()
      let dropping = try indices(session, .dropping).map { SpooledSegment(session: session, index: $0) }
      try drop(dropping, from: .dropping, sessions[session]!.isDeleted ? .deleted : .budget)
    }
  }
}

/// Result of ``SpoolKeeper/delete(_:)``.
package struct SpoolDeletion: Hashable, Sendable {
  /// Whether it had been deleted before.
  package var wasDeleted: Bool
  /// Whether the spool held anything of it.
  package var isThere = false
  /// Removed segments that waited or were kept.
  package var segments = 0
  package var isBeingRecorded = false
}
