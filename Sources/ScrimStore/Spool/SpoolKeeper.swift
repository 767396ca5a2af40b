import Glibc
package import ScrimFormat
import ScrimSystem

/// Changes the states of a spool's segments; holds the spool's lock for its whole life. Not thread-safe:
/// one thread only.
///
/// Each change is a rename within the session's folder, synced to the disk before the step that depends on
/// it (emptying, removing). The next keeper completes a change that a crash interrupted.
package final class SpoolKeeper {
  /// Facts of a session that need no file to be read.
  struct Session {
    /// Waiting segments: largest index first, so that the oldest is taken from the end.
    var waiting: [Waiting] = []
    /// Bytes of refused and damaged files.
    var keptBytes = 0
    /// Time of the last change of the folder of waiting segments, according to the disk.
    var stamp: Int64 = -1
    /// Age of the oldest waiting segment: nanoseconds since 1970. Sessions are taken in this order.
    var date: Int64 = .max
    /// Whether the destination has deleted the session.
    var isDeleted = false
    var hasOpenSegment = false
  }

  struct Waiting {
    var index: Int
    var bytes: Int
    /// When it was sealed, by the wall clock.
    var modified: Int64
  }

  package let spool: SegmentSpool
  private let handle: OpenFile
  private(set) var sessions: [SessionID: Session] = [:]
  /// Sorted by the age of the waiting segments, then by name.
  package private(set) var order: [SessionID] = []
  /// Delivered and renamed segments; emptied once the renames are synced.
  var toEmpty: [SpooledSegment] = []
  /// What was dropped since ``takeLosses()``.
  var newLosses: [ReplayLoss] = []
  /// The digests that a session's manifest lists, its version, and whether its list is known to be on the disk.
  private var listings: [SessionID: (stamp: ManifestStamp, digests: [SHA256Digest], isSynced: Bool)] = [:]

  init(spool: SegmentSpool, handle: OpenFile) throws(StoreError) {
    self.spool = spool
    self.handle = handle
    var leftovers: [String] = []
    try Disk.forEachName(in: spool.path) { if Disk.isTemporary($0) { leftovers.append($0) } }
    for name in leftovers { try Disk.removeTree(spool.path + "/" + name) }
    try rescan()
    try finishInterruptedSteps()
  }

  /// Finds the segments that recorders have added. Reads names and sizes in changed folders, never a byte
  /// of a segment.
  ///
  /// - Returns: whether there are new waiting segments.
  @discardableResult
  package func rescan() throws(StoreError) -> Bool {
    var hasNews = false
    let there = Set(try spool.sessions())
    for session in sessions.keys where !there.contains(session) { sessions[session] = nil }
    for session in there {
      if try rescan(session) { hasNews = true }
    }
    if hasNews || order.count != sessions.count {
      order = sessions.keys.sorted {
        (sessions[$0]!.date, $0.description) < (sessions[$1]!.date, $1.description)
      }
    }
    return hasNews
  }

  private func rescan(_ name: SessionID) throws(StoreError) -> Bool {
    var session = sessions[name] ?? Session()
    let folder = spool.folder(name, .waiting)
    guard let status = try Disk.status(folder) else {
      sessions[name] = session
      return false
    }
    guard status.modified != session.stamp else { return false }
    if session.stamp == -1 {
      session.isDeleted = try Disk.status("\(spool.path)/\(name)/\(SegmentSpool.deletedFile)") != nil
      session.keptBytes = try bytes(in: name, .rejected) + bytes(in: name, .damaged)
    }
    // A change within the same clock tick leaves the stamp equal, so the folder is read again then.
    session.stamp = WallClock.now - status.modified > 50_000_000 ? status.modified : -2
    let known = Set(session.waiting.map(\.index))
    var fresh: [Int] = []
    var hasOpenSegment = false
    var damaged: [String] = []
    try Disk.forEachName(in: folder) { file in
      if let index = StoreLayout.index(ofFile: file) {
        if !known.contains(index) { fresh.append(index) }
      } else if file.hasSuffix(SessionFolder.openSuffix) {
        hasOpenSegment = true
      } else if file.hasSuffix(SessionFolder.damagedSuffix) {
        damaged.append(file)
      }
    }
    session.hasOpenSegment = hasOpenSegment
    for file in damaged {
      try Disk.makeFolder(spool.folder(name, .damaged))
      try Disk.move(folder + "/" + file, to: spool.folder(name, .damaged) + "/" + file)
    }
    for index in fresh {
      let path = spool.file(SpooledSegment(session: name, index: index), .waiting)
      guard let status = try Disk.status(path) else { continue }
      session.waiting.append(Waiting(index: index, bytes: status.bytes, modified: status.modified))
      session.date = min(session.date, status.modified)
    }
    if !fresh.isEmpty { session.waiting.sort { $0.index > $1.index } }
    sessions[name] = session
    return !fresh.isEmpty
  }

  func bytes(in session: SessionID, _ state: SegmentSpool.State) throws(StoreError) -> Int {
    var names: [String] = []
    try Disk.forEachName(in: spool.folder(session, state)) { names.append($0) }
    var sum = 0
    for name in names { sum += try Disk.status(spool.folder(session, state) + "/" + name)?.bytes ?? 0 }
    return sum
  }

  /// What was dropped since the last call.
  package func takeLosses() -> [ReplayLoss] {
    defer { newLosses = [] }
    return newLosses
  }

  // MARK: Waiting segments

  /// Number of all waiting segments.
  package var waitingCount: Int { sessions.values.reduce(0) { $0 + $1.waiting.count } }

  /// Their bytes.
  package var waitingBytes: Int { sessions.values.reduce(0) { $0 + $1.waiting.reduce(0) { $0 + $1.bytes } } }

  package func hasWaiting(_ session: SessionID) -> Bool { sessions[session]?.waiting.isEmpty == false }

  package func isDeleted(_ session: SessionID) -> Bool { sessions[session]?.isDeleted ?? false }

  /// The next segment to deliver: the oldest one of the session that has waited longest.
  ///
  /// - Parameter isReady: false skips a segment.
  package func next(where isReady: (SpooledSegment) -> Bool) -> (segment: SpooledSegment, bytes: Int)? {
    for name in order {
      guard let session = sessions[name], !session.isDeleted else { continue }
      for waiting in session.waiting.reversed() {
        let segment = SpooledSegment(session: name, index: waiting.index)
        if isReady(segment) { return (segment, waiting.bytes) }
      }
    }
    return nil
  }

  /// Where the bytes of a waiting segment are.
  package func path(of segment: SpooledSegment) -> String { spool.file(segment, .waiting) }

  func forget(_ segment: SpooledSegment) {
    guard let waiting = sessions[segment.session]?.waiting,
      let place = waiting.lastIndex(where: { $0.index == segment.index })
    else { return }
    sessions[segment.session]!.waiting.remove(at: place)
  }

  func update(_ session: SessionID, _ change: (inout Session) -> Void) {
    guard sessions[session] != nil else { return }
    change(&sessions[session]!)
  }

  /// Folders to which recorders add files.
  package var watchedFolders: [String] {
    [spool.path]
      + order.flatMap { ["\(spool.path)/\($0)", spool.folder($0, .waiting)] }
  }

  // MARK: Manifests

  package func folder(of session: SessionID) -> SessionFolder { spool.folder(of: session) }

  /// Whether the manifest lists a segment, so that its file may be removed: recovery relies on that.
  func isListed(_ segment: SpooledSegment) -> Bool {
    let folder = spool.folder(of: segment.session)
    guard let stamp = folder.manifestStamp else { return true }
    return listedDigest(of: segment, stamp) != nil
  }

  /// Syncs the list that ``isListed(_:)`` read to the disk: a recorder may have written a line and not synced it yet.
  func syncListing(of session: SessionID) throws(StoreError) {
    guard listings[session]?.isSynced == false else { return }
    try spool.folder(of: session).syncSegmentList()
    listings[session]?.isSynced = true
  }

  /// The SHA-256 that the manifest lists for a segment; nil if it isn't listed, or there is no manifest.
  package func listedDigest(of segment: SpooledSegment) -> SHA256Digest? {
    guard let stamp = spool.folder(of: segment.session).manifestStamp else { return nil }
    return listedDigest(of: segment, stamp)
  }

  private func listedDigest(of segment: SpooledSegment, _ stamp: ManifestStamp) -> SHA256Digest? {
    func known(_ digests: [SHA256Digest]) -> SHA256Digest? {
      digests.indices.contains(segment.index) ? digests[segment.index] : nil
    }
    if let listing = listings[segment.session] {
      let digest = known(listing.digests)
      if digest != nil || listing.stamp == stamp { return digest }
    }
    // An unreadable manifest is set aside by ``recover(_:)``.
    let manifest = try? spool.folder(of: segment.session).readManifest()
    let digests = manifest?.segments.map(\.digest) ?? []
    listings[segment.session] = (stamp, digests, false)
    return known(digests)
  }
}
