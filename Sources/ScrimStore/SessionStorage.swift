public import ScrimFormat
import ScrimJSON

/// Storage of many sessions in the layout of ``StoreLayout``: a folder (``SessionStore``), or a bucket of an
/// object store.
///
/// Any number of processes, also on other machines, may read and write it at the same time. When a call reports
/// success, the data is stored durably. Calls block.
public protocol SessionStorage: Sendable {
  /// Stores a segment under its session and index. Never changes one that is already stored.
  func put(_ file: SealedFile, project: String) throws(StoreError) -> SessionStore.Outcome

  /// Stores a session's manifest if it continues the stored one.
  ///
  /// - Parameter bytes: stored as they are, including unknown keys.
  func put(
    manifest bytes: [UInt8], _ manifest: SessionManifest, project: String
  ) throws(StoreError) -> SessionStore.Outcome

  /// The bytes of a segment; nil if there is none.
  func segment(_ index: Int, of place: SessionStore.Place) throws(StoreError) -> [UInt8]?

  /// The bytes of the manifest; nil if there is none.
  func manifest(of place: SessionStore.Place) throws(StoreError) -> [UInt8]?

  func isDeleted(_ place: SessionStore.Place) throws(StoreError) -> Bool

  /// Names of projects, sorted.
  func projects() throws(StoreError) -> [String]

  /// Removes every byte of a session and leaves a tombstone, because of which later uploads are refused.
  ///
  /// - Parameter now: nanoseconds since 1970.
  func delete(_ place: SessionStore.Place, now: Int64) throws(StoreError) -> SessionStore.Removed

  /// Calls `body` for all sessions; `start` of a place is the midnight of its day. Reads only names.
  func forEachSession(_ body: (SessionStore.Place) -> Void) throws(StoreError)

  /// All sessions of a project with the bytes of their files; of all projects if it is nil.
  func sizes(project: String?) throws(StoreError) -> [(place: SessionStore.Place, bytes: Int)]

  /// Appends to the store's audit log, durably.
  func note(_ entries: [AuditEntry]) throws(StoreError)
}

/// A line of the audit log: who read or deleted a session.
public struct AuditEntry: Hashable, Sendable {
  /// Nanoseconds since 1970.
  public var time: Int64
  /// The name of the key, or of the user of a command.
  public var key: String
  /// The address of the client; `-` if it is this machine.
  public var remote: String
  public var project: String
  public var session: SessionID
  /// Such as `view`, `read segment 3`, `delete`.
  public var action: String

  public init(
    time: Int64, key: String, remote: String, project: String, session: SessionID, action: String
  ) {
    self.time = time
    self.key = key
    self.remote = remote
    self.project = project
    self.session = session
    self.action = action
  }

  /// One JSON object with a line feed.
  public var line: [UInt8] {
    JSON.object([
      .init("action", .string(action)), .init("at", .string(RFC3339.string(time))),
      .init("key", .string(key)), .init("project", .string(project)), .init("remote", .string(remote)),
      .init("session", .string("\(session)")),
    ]).canonicalBytes + [0x0A]
  }
}

extension SessionStore: SessionStorage {
  /// Where the audit log is, in the store's folder.
  public static let auditFile = "audit.jsonl"

  public func sizes(project: String?) throws(StoreError) -> [(place: Place, bytes: Int)] {
    var places: [Place] = []
    try forEachSession { if project == nil || $0.project == project { places.append($0) } }
    var sizes: [(place: Place, bytes: Int)] = []
    for place in places { sizes.append((place, try size(of: place))) }
    return sizes
  }

  public func note(_ entries: [AuditEntry]) throws(StoreError) {
    guard !entries.isEmpty else { return }
    try Disk.append(lines: entries.flatMap(\.line), to: path + "/" + SessionStore.auditFile)
  }
}
