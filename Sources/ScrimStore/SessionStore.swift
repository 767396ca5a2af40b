import Glibc
public import ScrimFormat
import ScrimJSON
import ScrimSystem

/// A folder of many sessions in the layout of ``StoreLayout``: the destination of uploads to a folder, and
/// the storage of a server.
///
/// Any number of processes may read and write it at the same time. When a call reports success, the data is
/// on the disk: content, name and folders.
public struct SessionStore: Hashable, Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  public enum Outcome: Hashable, Sendable {
    case stored
    /// The same bytes were already stored.
    case alreadyThere
    /// Other content is stored under that name, and stays.
    case conflict(String)
    /// The session was deleted, and stays deleted.
    case deleted
  }

  /// Location of a session.
  public struct Place: Hashable, Sendable {
    public var project: String
    public var session: SessionID
    /// Nanoseconds since 1970.
    public var start: Int64

    public init(project: String, session: SessionID, start: Int64) {
      self.project = project
      self.session = session
      self.start = start
    }

    /// Path within the store.
    public var path: String { StoreLayout.session(session, start: start, project: project) }
    var tombstone: String { StoreLayout.tombstone(session, project: project) }
  }

  /// Result of a deletion.
  public struct Removed: Hashable, Sendable {
    public var files = 0
    public var bytes = 0

    public init() {}
  }

  public func folder(of place: Place) -> SessionFolder { SessionFolder(path: path + "/" + place.path) }

  private func segmentPath(_ index: Int, of place: Place) -> String { folder(of: place).segmentPath(index) }

  /// Folder for files before they get their final name: outside of sessions, so that leftovers of a crash
  /// belong to none.
  private func temporaries() throws(StoreError) -> String {
    let folder = path + "/.tmp"
    try Disk.makeFolder(folder)
    return folder
  }

  /// Removes leftovers of writers that were killed; files younger than an hour may still be in use and
  /// stay.
  public func removeLeftovers() throws(StoreError) {
    let folder = path + "/.tmp"
    var names: [String] = []
    try Disk.forEachName(in: folder) { if Disk.isTemporary($0) { names.append($0) } }
    for name in names {
      guard let status = try Disk.status(folder + "/" + name),
        WallClock.now - status.modified > 3_600_000_000_000
      else { continue }
      try Disk.remove(folder + "/" + name)
    }
  }

  /// Stores a segment under its session and index. Never changes one that is already stored. What is no whole segment,
  /// because the disk lost a part of it, is renamed to `{index}.scrim.damaged`, once, and makes room.
  public func put(_ file: SealedFile, project: String) throws(StoreError) -> Outcome {
    let place = Place(project: project, session: file.session, start: file.header.start)
    guard try !isDeleted(place) else { return .deleted }
    let folder = self.folder(of: place).segmentsPath
    let path = segmentPath(file.index, of: place)
    try Disk.makeLastingFolder(folder)
    if try Disk.create(path, with: file.bytes, in: folder, temporaries: temporaries()) {
      // A deletion that began in the meantime doesn't see this file, so it is removed here.
      guard try !isDeleted(place) else {
        try Disk.removeTree(self.folder(of: place).path)
        return .deleted
      }
      return .stored
    }
    let there = try Disk.read(path, upTo: SealedFile.limit)
    if there == file.bytes { return .alreadyThere }
    return try replaceDamaged(file, place)
  }

  /// Replaces a stored file that is no whole segment; it is kept under another name.
  private func replaceDamaged(_ file: SealedFile, _ place: Place) throws(StoreError) -> Outcome {
    let path = segmentPath(file.index, of: place)
    let folder = self.folder(of: place)
    let conflict = Outcome.conflict("another segment \(file.index) of this session is there already")
    // One writer at a time; the next one finds a whole segment.
    let handle = try Disk.open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { withExtendedLifetime(handle) {} }
    try Disk.waitForLock(handle)
    let there = try Disk.read(path, upTo: SealedFile.limit)
    if there == file.bytes {
      // Its writer may have been killed before it synced the name.
      try Disk.syncNames(in: folder.segmentsPath)
      return .alreadyThere
    }
    guard (try? SealedFile(there)) == nil else { return conflict }
    // Where remains are kept already, these stay, too.
    guard try Disk.keep(path, as: path + SessionFolder.damagedSuffix) else { return conflict }
    try Disk.replace(path, with: file.bytes, in: folder.segmentsPath, temporaries: temporaries())
    guard try !isDeleted(place) else {
      try Disk.removeTree(folder.path)
      return .deleted
    }
    return .stored
  }

  /// Stores a session's manifest if it continues the stored one.
  ///
  /// - Parameter bytes: stored as they are, including unknown keys.
  public func put(
    manifest bytes: [UInt8], _ manifest: SessionManifest, project: String
  ) throws(StoreError) -> Outcome {
    let place = Place(project: project, session: manifest.session, start: manifest.start)
    guard try !isDeleted(place) else { return .deleted }
    let folder = self.folder(of: place)
    try Disk.makeLastingFolder(folder.path)
    let handle = try Disk.open(folder.path, O_RDONLY | O_DIRECTORY)
    defer { withExtendedLifetime(handle) {} }
    try Disk.waitForLock(handle)
    if Disk.exists(folder.manifestPath) {
      let there = try Disk.read(folder.manifestPath, upTo: SessionFolder.manifestLimit)
      if there == bytes {
        // Its writer may have been killed before it synced the name.
        try Disk.syncNames(in: folder.path)
        return .alreadyThere
      }
      // An unreadable manifest is replaced: it holds no list that could be continued.
      if let stored = try? SessionManifest(json: there, path: folder.manifestPath) {
        if let conflict = manifest.conflict(with: stored) { return .conflict(conflict) }
      }
    }
    try Disk.replace(folder.manifestPath, with: bytes, in: folder.path, temporaries: temporaries())
    guard try !isDeleted(place) else {
      try Disk.removeTree(folder.path)
      return .deleted
    }
    return .stored
  }

  /// The bytes of a segment; nil if there is none.
  public func segment(_ index: Int, of place: Place) throws(StoreError) -> [UInt8]? {
    try read(segmentPath(index, of: place), upTo: SealedFile.limit)
  }

  /// The bytes of the manifest; nil if there is none.
  public func manifest(of place: Place) throws(StoreError) -> [UInt8]? {
    try read(folder(of: place).manifestPath, upTo: SessionFolder.manifestLimit)
  }

  private func read(_ path: String, upTo limit: Int) throws(StoreError) -> [UInt8]? {
    do throws(StoreError) {
      return try Disk.read(path, upTo: limit)
    } catch {
      if case .system(_, ENOENT) = error.reason { return nil }
      throw error
    }
  }

  public func isDeleted(_ place: Place) throws(StoreError) -> Bool {
    try Disk.status(path + "/" + place.tombstone) != nil
  }

  /// Removes every byte of a session and leaves a tombstone, because of which later uploads are refused.
  /// The tombstone is written first, so that a deletion interrupted by a crash can be repeated and nothing
  /// new is stored in between.
  ///
  /// - Parameter now: nanoseconds since 1970.
  public func delete(_ place: Place, now: Int64) throws(StoreError) -> Removed {
    let tombstone = path + "/" + place.tombstone
    let folder = String(tombstone[..<tombstone.lastIndex(of: "/")!])
    try Disk.makeLastingFolder(folder)
    _ = try Disk.create(
      tombstone, with: StoreLayout.tombstoneText(now: now), in: folder, temporaries: temporaries())
    let session = self.folder(of: place).path
    var removed = Removed()
    try count(session, &removed)
    try Disk.removeTree(session)
    try Disk.removeTree("\(path)/\(StoreLayout.thumbnail(place.session, project: place.project))")
    if let slash = session.lastIndex(of: "/"), Disk.exists(String(session[..<slash])) {
      try Disk.syncFolder(String(session[..<slash]))
    }
    return removed
  }

  private func count(_ path: String, _ removed: inout Removed) throws(StoreError) {
    guard let status = try Disk.status(path) else { return }
    guard status.isFolder else {
      removed.files += 1
      removed.bytes += status.bytes
      return
    }
    var names: [String] = []
    try Disk.forEachName(in: path) { names.append($0) }
    for name in names { try count(path + "/" + name, &removed) }
  }

  /// Names of projects, sorted.
  public func projects() throws(StoreError) -> [String] {
    try names(in: path).filter { StoreLayout.isProject($0) }
  }

  /// Calls `body` for all sessions, reading only names of folders; `start` of a place is the midnight of
  /// its day.
  public func forEachSession(_ body: (Place) -> Void) throws(StoreError) {
    for project in try projects() {
      let root = "\(path)/\(project)/sessions"
      for year in try names(in: root) {
        for month in try names(in: "\(root)/\(year)") {
          for day in try names(in: "\(root)/\(year)/\(month)") {
            guard let start = RFC3339.nanoseconds("\(year)-\(month)-\(day)T00:00:00Z") else { continue }
            try Disk.forEachName(in: "\(root)/\(year)/\(month)/\(day)") { name in
              guard let session = StoreLayout.session(named: name) else { return }
              body(Place(project: project, session: session, start: start))
            }
          }
        }
      }
    }
  }

  /// The indices of the stored segments, sorted.
  public func segments(of place: Place) throws(StoreError) -> [Int] {
    var indices: [Int] = []
    try Disk.forEachName(in: folder(of: place).segmentsPath) { name in
      if let index = StoreLayout.index(ofFile: name) { indices.append(index) }
    }
    return indices.sorted()
  }

  /// Bytes of all files of a session.
  public func size(of place: Place) throws(StoreError) -> Int {
    var sum = Removed()
    try count(folder(of: place).path, &sum)
    return sum.bytes
  }

  private func names(in path: String) throws(StoreError) -> [String] {
    guard let status = try Disk.status(path), status.isFolder else { return [] }
    var names: [String] = []
    try Disk.forEachName(in: path) { names.append($0) }
    return names.filter { !$0.hasPrefix(".") }.sorted()
  }
}

extension SessionManifest {
  /// Why this manifest can't replace an older one: another session, or a list that doesn't begin with the
  /// older's. Nil if it continues it.
  public func conflict(with older: SessionManifest) -> String? {
    guard session == older.session, start == older.start, policy == older.policy,
      envelope?.secret == older.envelope?.secret, envelope?.key == older.envelope?.key
    else {
      return "the stored manifest has another session, start or policy"
    }
    guard segments.count >= older.segments.count, segments.starts(with: older.segments) else {
      return "the stored manifest lists segments that this one doesn't"
    }
    guard !(older.state == .sealed && (state != .sealed || segments.count != older.segments.count)) else {
      return "the stored manifest is sealed"
    }
    return nil
  }
}
