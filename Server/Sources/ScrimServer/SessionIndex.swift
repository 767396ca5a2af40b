import Foundation
public import GRDB
import ScrimFormat
public import ScrimStore

/// What lists, filters and finds sessions quickly. Nothing is only here: all of it can be thrown away and read from the store
/// again (``rebuild(from:)``).
public final class SessionIndex: Sendable {
  /// A session as a list shows it.
  public struct Entry: Codable, FetchableRecord, Sendable {
    public var session: String
    /// Nanoseconds since 1970.
    public var start: Int64
    /// Of the last record: nanoseconds on the session's clock.
    public var last: Int64
    public var segments: Int
    public var bytes: Int64
    public var frames: Int
    public var events: Int
    public var errors: Int
    public var width: Int
    public var height: Int
    public var producer: String
    /// `open`, `sealed`, or `unknown` before a manifest came.
    public var state: String
  }

  private let database: DatabasePool

  public init(path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    // What a power cut costs is read from the store again.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    database = try DatabasePool(path: path, configuration: configuration)
    try database.write { db in
      try db.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS session(
            id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, start INTEGER NOT NULL,
            last INTEGER NOT NULL DEFAULT 0, segments INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
            frames INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
            width INTEGER NOT NULL, height INTEGER NOT NULL, policy TEXT NOT NULL, producer TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'unknown', UNIQUE(project, session));
          CREATE INDEX IF NOT EXISTS session_by_start ON session(project, start DESC, id DESC);
          CREATE TABLE IF NOT EXISTS segment(
            session INTEGER NOT NULL, place INTEGER NOT NULL, digest BLOB NOT NULL, previous BLOB NOT NULL,
            bytes INTEGER NOT NULL, PRIMARY KEY(session, place)) WITHOUT ROWID;
          CREATE TABLE IF NOT EXISTS link(
            project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, session INTEGER NOT NULL,
            PRIMARY KEY(project, kind, id, session)) WITHOUT ROWID;
          CREATE INDEX IF NOT EXISTS link_by_session ON link(session);
          CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize = 'trigram');
          """)
    }
  }

  // MARK: Checks

  /// Where a session is; nil where none of this name is known.
  func place(_ session: SessionID, project: String) throws -> SessionStore.Place? {
    try database.read { db in
      try Int64.fetchOne(
        db, sql: "SELECT start FROM session WHERE project = ? AND session = ?",
        arguments: [project, "\(session)"])
    }.map { SessionStore.Place(project: project, session: session, start: $0) }
  }

  /// Makes the session known, and says what speaks against a segment belonging to it: another start, policy or producer, or a
  /// neighbour that the chain doesn't fit.
  func conflict(with file: SealedFile, project: String) throws -> String? {
    try database.write { db in
      let id = try SessionIndex.admit(file.header, project: project, db)
      guard let id else { return "the session has another start, policy or producer" }
      if file.index > 0,
        let before = try Data.fetchOne(
          db, sql: "SELECT digest FROM segment WHERE session = ? AND place = ?",
          arguments: [id, file.index - 1]),
        Array(before) != file.seal.previous.bytes
      {
        return "the chain is broken: segment \(file.index - 1) is another than this one's seal names"
      }
      if let next = try Data.fetchOne(
        db, sql: "SELECT previous FROM segment WHERE session = ? AND place = ?",
        arguments: [id, file.index + 1]),
        Array(next) != file.digest.bytes
      {
        return "the chain is broken: segment \(file.index + 1) names another one before it"
      }
      return nil
    }
  }

  /// What speaks against a manifest: another session, or other digests than those of the stored segments.
  func conflict(with manifest: SessionManifest, project: String) throws -> String? {
    try database.write { db in
      let header = SegmentHeader(
        session: manifest.session, start: manifest.start, width: max(1, manifest.width),
        height: max(1, manifest.height),
        policy: manifest.policy, producer: manifest.producer)
      guard let id = try SessionIndex.admit(header, project: project, db) else {
        return "the session has another start, policy or producer"
      }
      for row in try Row.fetchAll(
        db, sql: "SELECT place, digest FROM segment WHERE session = ?", arguments: [id])
      {
        let place: Int = row["place"]
        let digest: Data = row["digest"]
        guard manifest.segments.indices.contains(place) else { continue }
        if manifest.segments[place].digest.bytes != Array(digest) {
          return "the manifest lists another SHA-256 for segment \(place) than the one that is stored"
        }
      }
      return nil
    }
  }

  /// The row of a session, made where it is missing; nil where it has another start, policy or producer.
  private static func admit(_ header: SegmentHeader, project: String, _ db: Database) throws -> Int64? {
    let session = "\(header.session)"
    if let row = try Row.fetchOne(
      db, sql: "SELECT id, start, policy, producer FROM session WHERE project = ? AND session = ?",
      arguments: [project, session])
    {
      let start: Int64 = row["start"]
      let policy: String = row["policy"]
      let producer: String = row["producer"]
      guard start == header.start, policy == "\(header.policy)", producer == header.producer else {
        return nil
      }
      let id: Int64 = row["id"]
      return id
    }
    try db.execute(
      sql: """
        INSERT INTO session(project, session, start, width, height, policy, producer) VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        project, session, header.start, header.width, header.height, "\(header.policy)", header.producer,
      ])
    let id = db.lastInsertedRowID
    try db.execute(
      sql: "INSERT INTO words(rowid, text) VALUES (?, ?)", arguments: [id, "\(session) \(header.producer)"])
    return id
  }

  // MARK: Additions

  /// Notes a segment that is stored.
  func add(_ file: SealedFile, project: String) throws {
    let links = EventLinks(file.events)
    try database.write { db in
      guard let id = try SessionIndex.admit(file.header, project: project, db) else { return }
      try db.execute(
        sql: "INSERT OR IGNORE INTO segment(session, place, digest, previous, bytes) VALUES (?, ?, ?, ?, ?)",
        arguments: [
          id, file.index, Data(file.digest.bytes), Data(file.seal.previous.bytes), file.bytes.count,
        ])
      guard db.changesCount > 0 else { return }
      try db.execute(
        sql: """
          UPDATE session SET segments = segments + 1, bytes = bytes + ?, frames = frames + ?, events = events + ?,
            errors = errors + ?, last = max(last, ?) WHERE id = ?
          """,
        arguments: [
          file.bytes.count, file.seal.summary.frames, file.seal.summary.events, links.errorCount,
          file.seal.summary.times?.upperBound ?? 0, id,
        ])
      try SessionIndex.add(links.errors, "error", project: project, id, db)
      try SessionIndex.add(links.traces, "trace", project: project, id, db)
    }
  }

  /// Notes a manifest that is stored.
  ///
  /// - Parameter bytes: as stored, with keys that the manifest's type doesn't know.
  func add(_ manifest: SessionManifest, _ bytes: [UInt8], project: String) throws {
    let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
    func ids(_ key: String) -> Set<String> { Set((object[key] as? [String] ?? []).prefix(100)) }
    try database.write { db in
      guard
        let id = try Int64.fetchOne(
          db, sql: "SELECT id FROM session WHERE project = ? AND session = ?",
          arguments: [project, "\(manifest.session)"])
      else { return }
      try db.execute(
        sql: "UPDATE session SET state = ? WHERE id = ?", arguments: [manifest.state.rawValue, id])
      try SessionIndex.add(ids("error_ids"), "error", project: project, id, db)
      try SessionIndex.add(ids("trace_ids"), "trace", project: project, id, db)
    }
  }

  private static func add(
    _ ids: Set<String>, _ kind: String, project: String, _ session: Int64, _ db: Database
  ) throws {
    for id in ids where !id.isEmpty && id.utf8.count <= 128 {
      try db.execute(
        sql: "INSERT OR IGNORE INTO link(project, kind, id, session) VALUES (?, ?, ?, ?)",
        arguments: [project, kind, id, session])
    }
  }

  func remove(_ session: SessionID, project: String) throws {
    try database.write { db in
      guard
        let id = try Int64.fetchOne(
          db, sql: "SELECT id FROM session WHERE project = ? AND session = ?",
          arguments: [project, "\(session)"])
      else { return }
      for sql in [
        "DELETE FROM segment WHERE session = ?", "DELETE FROM link WHERE session = ?",
        "DELETE FROM words WHERE rowid = ?", "DELETE FROM session WHERE id = ?",
      ] { try db.execute(sql: sql, arguments: [id]) }
    }
  }

  // MARK: Questions

  /// What a list asks for.
  public struct Query: Hashable, Sendable {
    public var traceID: String?
    public var errorID: String?
    /// Part of a session's id or producer; of three characters at least, or it is a prefix of the id.
    public var text: String?
    /// Where the page before ended.
    public var after: Cursor?
    public var limit = 50

    public init() {}
  }

  /// The place of a session in the list, which is by start, newest first.
  public struct Cursor: Hashable, Sendable, CustomStringConvertible {
    public var start: Int64
    public var id: Int64

    public init(start: Int64, id: Int64) {
      self.start = start
      self.id = id
    }

    public init?(_ text: some StringProtocol) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let start = Int64(parts[0]), let id = Int64(parts[1]) else { return nil }
      self.init(start: start, id: id)
    }

    public var description: String { "\(start).\(id)" }
  }

  /// One page of a project's sessions.
  public func list(_ query: Query, project: String) throws -> (entries: [Entry], next: Cursor?) {
    var conditions = ["project = ?", "(segments > 0 OR state <> 'unknown')"]
    var arguments: StatementArguments = [project]
    for (kind, id) in [("trace", query.traceID), ("error", query.errorID)] {
      guard let id else { continue }
      conditions.append("id IN (SELECT session FROM link WHERE project = ? AND kind = ? AND id = ?)")
      arguments += [project, kind, id]
    }
    if let text = query.text, !text.isEmpty {
      if text.count >= 3 {
        conditions.append("id IN (SELECT rowid FROM words WHERE words MATCH ?)")
        arguments += ["\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""]
      } else {
        conditions.append("session >= ? AND session < ?")
        arguments += [text, text + "\u{10FFFF}"]
      }
    }
    if let after = query.after {
      conditions.append("(start < ? OR (start = ? AND id < ?))")
      arguments += [after.start, after.start, after.id]
    }
    arguments += [query.limit + 1]
    let sql =
      "SELECT * FROM session WHERE " + conditions.joined(separator: " AND ")
      + " ORDER BY start DESC, id DESC LIMIT ?"
    let bound = arguments
    return try database.read { db in
      let rows = try Row.fetchAll(db, sql: sql, arguments: bound)
      let entries = try rows.prefix(query.limit).map { try Entry(row: $0) }
      let last = rows.count > query.limit ? rows[query.limit - 1] : nil
      return (entries, last.map { Cursor(start: $0["start"], id: $0["id"]) })
    }
  }

  /// Sessions that are known.
  public func count() throws -> Int {
    try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM session") ?? 0 }
  }

  // MARK: Rebuilding

  /// Brings the index in line with the store: forgets what is not there any more, and reads what is there and not known.
  ///
  /// - Returns: sessions that were read.
  @discardableResult
  public func rebuild(from store: SessionStore, fromNothing: Bool) throws -> Int {
    if fromNothing {
      try database.write { db in
        for table in ["segment", "link", "words", "session"] { try db.execute(sql: "DELETE FROM \(table)") }
      }
    }
    var places: [SessionStore.Place] = []
    try store.forEachSession { places.append($0) }
    var count = 0
    for place in places where try !store.isDeleted(place) {
      if try read(place, from: store) { count += 1 }
    }
    let there = Set(places.map { "\($0.project)/\($0.session)" })
    let known = try database.read { try Row.fetchAll($0, sql: "SELECT project, session FROM session") }
    for row in known {
      let project: String = row["project"]
      let name: String = row["session"]
      if !there.contains("\(project)/\(name)"), let session = SessionID(name) {
        try remove(session, project: project)
      }
    }
    return count
  }

  private func read(_ place: SessionStore.Place, from store: SessionStore) throws -> Bool {
    let project = place.project
    let known = try database.read { db in
      try Set(
        Int.fetchAll(
          db,
          sql: """
            SELECT place FROM segment WHERE session =
              (SELECT id FROM session WHERE project = ? AND session = ?)
            """, arguments: [project, "\(place.session)"]))
    }
    var isNew = false
    for index in try store.segments(of: place) where !known.contains(index) {
      guard let bytes = try store.segment(index, of: place), let file = try? SealedFile(bytes),
        file.session == place.session, file.index == index
      else { continue }
      try add(file, project: project)
      isNew = true
    }
    if let bytes = try store.manifest(of: place),
      let manifest = try? SessionManifest(json: bytes, path: "manifest.json"),
      manifest.session == place.session
    {
      _ = try conflict(with: manifest, project: project)
      try add(manifest, bytes, project: project)
    }
    return isNew
  }
}

/// The ids in events by which a replay is found.
struct EventLinks {
  var errors: Set<String> = []
  var traces: Set<String> = []
  var errorCount = 0

  init(_ events: [EventRecord]) {
    for event in events {
      guard let object = (try? JSONSerialization.jsonObject(with: Data(event.json))) as? [String: Any] else {
        continue
      }
      if let trace = object["trace_id"] as? String { traces.insert(trace) }
      guard object["type"] as? String == "error" else { continue }
      errorCount += 1
      if let error = object["id"] as? String { errors.insert(error) }
    }
  }
}

extension SessionIndex {
  /// Makes up sessions, a second apart, for measuring.
  func fill(_ count: Int) throws {
    try database.write { db in
      for number in 1...count {
        try db.execute(
          sql: """
            INSERT INTO session(project, session, start, segments, bytes, width, height, policy, producer, state)
            VALUES ('p', ?, ?, 12, 1000, 64, 48, '', ?, 'sealed')
            """,
          arguments: ["session\(number)", number * 1_000_000_000, "producer \(number)"])
        let id = db.lastInsertedRowID
        try db.execute(
          sql: "INSERT INTO words(rowid, text) VALUES (?, ?)",
          arguments: [id, "session\(number) producer \(number)"])
        try db.execute(
          sql: "INSERT INTO link(project, kind, id, session) VALUES ('p', 'trace', ?, ?)",
          arguments: ["trace\(number)", id])
      }
    }
  }
}
