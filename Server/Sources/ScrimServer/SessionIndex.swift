import Foundation
public import GRDB
import ScrimFormat
import ScrimPlayer
import ScrimStore

/// The index that lists, filters and finds sessions quickly. All of its content can be deleted and read from the
/// store again (``rebuild(from:)``).
public final class SessionIndex: Sendable {
  /// A session in a list.
  public struct Entry: Codable, FetchableRecord, Sendable {
    public var session: String
    /// Nanoseconds since 1970.
    public var start: Int64
    /// The time of the last record, in nanoseconds on the session's clock.
    public var last: Int64
    public var segments: Int
    public var bytes: Int64
    public var frames: Int
    public var events: Int
    public var errors: Int
    public var width: Int
    public var height: Int
    public var producer: String
    /// `open`, `sealed`, or `unknown` before the first manifest.
    public var state: String
    /// `session` or `buffer`; empty if no manifest has it.
    public var kind: String
    /// The way it ended, from the manifest; empty before the end.
    public var ended: String
    /// The numbers of failed and passed tests, from the session's events.
    public var failed: Int
    public var passed: Int
    /// The numbers of rage clicks, dead clicks and frozen screens; −1 if they are unknown, see ``count(_:)``.
    public var rages: Int
    public var dead: Int
    public var frozen: Int
    /// The first error, test or navigation, as text.
    public var headline: String
    /// The last time at which data arrived, in seconds since 1970; 0 if unknown.
    public var updated: Int64
    /// The folder within the store's folder that a recorder writes itself; nil for a delivered session.
    public var folder: String?
  }

  let database: DatabasePool
  /// Increased when the tables change: an index of an unknown version is deleted.
  private static let version = 5

  public init(path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    // Data lost by a power failure are read from the store again.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    database = try DatabasePool(path: path, configuration: configuration)
    try database.write { db in
      try SessionIndex.migrate(from: Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0, db)
      try db.execute(sql: SessionIndex.tables)
      try db.execute(sql: "PRAGMA user_version = \(SessionIndex.version)")
    }
  }

  /// Adds what an older version's tables lack, or deletes them, so that the content is read from the store again.
  private static func migrate(from version: Int, _ db: Database) throws {
    guard version != SessionIndex.version else { return }
    guard version == 3 || version == 4 else {
      for table in tableNames { try db.execute(sql: "DROP TABLE IF EXISTS \(table)") }
      return
    }
    if version == 3 {
      for column in Finding.Kind.allCases.map(\.column) {
        try db.execute(sql: "ALTER TABLE session ADD COLUMN \(column) INTEGER NOT NULL DEFAULT -1")
      }
      try db.execute(sql: "ALTER TABLE session ADD COLUMN evaluated INTEGER NOT NULL DEFAULT 0")
    }
    for column in orders { try db.execute(sql: "DROP INDEX IF EXISTS session_by_\(column)") }
    try db.execute(sql: "ALTER TABLE session ADD COLUMN shown INTEGER NOT NULL DEFAULT 0")
    try db.execute(sql: "UPDATE session SET shown = 1 WHERE segments > 0 OR state <> 'unknown'")
    // The table of lists is made with the others, and filled when it is needed.
  }

  static let tableNames = ["session", "segment", "link", "words", "remote", "finding", "listed"]
  private static let orders = ["id", "last", "bytes", "errors"] + Finding.Kind.allCases.map(\.column)

  /// An index for each order. It includes the columns of the filters, so only rows that are shown are read: finding
  /// that none of 100,000 sessions has a failed test takes some 20 ms, and 200 ms without.
  private static let indices: String = {
    var lines: [String] = []
    let filtered =
      ["errors", "failed", "ended", "state", "kind", "shown"] + Finding.Kind.allCases.map(\.column)
    for column in orders {
      let order = column == "id" ? [column] : [column, "id"]
      let rest = filtered.filter { $0 != column }
      let columns: String = (["project"] + order + rest).joined(separator: ", ")
      lines.append("CREATE INDEX IF NOT EXISTS session_by_\(column) ON session(\(columns));" as String)
    }
    return lines.joined(separator: "\n")
  }()

  /// A session is shown from its first segment or manifest on. That is a column of its own, since each index has it: with
  /// the number of segments in all of them, each segment would change all of them.
  ///
  /// A session's `id` is its start, or the next free number, so search results come in the order of the list too.
  private static let tables = """
    CREATE TABLE IF NOT EXISTS session(
      id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, start INTEGER NOT NULL,
      last INTEGER NOT NULL DEFAULT 0, segments INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
      frames INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
      width INTEGER NOT NULL, height INTEGER NOT NULL, policy TEXT NOT NULL, producer TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'unknown', kind TEXT NOT NULL DEFAULT '', ended TEXT NOT NULL DEFAULT '',
      failed INTEGER NOT NULL DEFAULT 0, passed INTEGER NOT NULL DEFAULT 0, headline TEXT NOT NULL DEFAULT '',
      headline_rank INTEGER NOT NULL DEFAULT 9, updated INTEGER NOT NULL DEFAULT 0, folder TEXT,
      rages INTEGER NOT NULL DEFAULT -1, dead INTEGER NOT NULL DEFAULT -1, frozen INTEGER NOT NULL DEFAULT -1,
      evaluated INTEGER NOT NULL DEFAULT 0, shown INTEGER NOT NULL DEFAULT 0, UNIQUE(project, session));
    \(indices)
    CREATE INDEX IF NOT EXISTS session_unevaluated ON session(id) WHERE segments > evaluated;
    CREATE TABLE IF NOT EXISTS finding(session INTEGER PRIMARY KEY, list BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS segment(
      session INTEGER NOT NULL, place INTEGER NOT NULL, digest BLOB NOT NULL, previous BLOB NOT NULL,
      bytes INTEGER NOT NULL, detail INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(session, place)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS listed(session INTEGER PRIMARY KEY, digests BLOB NOT NULL);
    CREATE INDEX IF NOT EXISTS segment_unread ON segment(session, place) WHERE detail = 0;
    CREATE TABLE IF NOT EXISTS remote(
      project TEXT NOT NULL, day INTEGER NOT NULL, session TEXT NOT NULL, tag TEXT NOT NULL, complete INTEGER NOT NULL,
      PRIMARY KEY(project, day, session)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS link(
      project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, session INTEGER NOT NULL, time INTEGER,
      PRIMARY KEY(project, kind, id, session)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS link_by_session ON link(session);
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, project, tokenize = 'trigram');
    """

  // MARK: Checks

  /// The location of a session, and the folder if a recorder writes it itself; nil if the name is unknown.
  func place(_ session: SessionID, project: String) throws
    -> (place: SessionStore.Place, folder: String?, updated: Int64, isSealed: Bool)?
  {
    try database.read { db in
      try Row.fetchOne(
        db, sql: "SELECT start, folder, updated, state FROM session WHERE project = ? AND session = ?",
        arguments: [project, "\(session)"])
    }.map { row in
      let start: Int64 = row["start"]
      let state: String = row["state"]
      return (
        SessionStore.Place(project: project, session: session, start: start), row["folder"], row["updated"],
        state == SessionManifest.State.sealed.rawValue
      )
    }
  }

  /// The maximum number of searchable characters per session.
  private static let wordsLimit = 8000

  /// The row of a session, created if it is missing; nil if it has another start, policy or producer.
  static func admit(_ header: SegmentHeader, project: String, _ db: Database) throws -> Int64? {
    let session = "\(header.session)"
    let query = "SELECT id, start, policy, producer FROM session WHERE project = ? AND session = ?"
    if let row = try Row.fetchOne(db.cachedStatement(sql: query), arguments: [project, session]) {
      let start: Int64 = row["start"]
      let policy: String = row["policy"]
      let producer: String = row["producer"]
      guard start == header.start, policy == "\(header.policy)", producer == header.producer else {
        return nil
      }
      let id: Int64 = row["id"]
      return id
    }
    let id = try SessionIndex.number(startingAt: header.start, db)
    try db.execute(
      sql: """
        INSERT INTO session(id, project, session, start, width, height, policy, producer)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        id, project, session, header.start, header.width, header.height, "\(header.policy)", header.producer,
      ])
    try db.execute(
      sql: "INSERT INTO words(rowid, text, project) VALUES (?, ?, ?)",
      arguments: [id, "\(session) \(header.producer)", words(ofProject: project)])
    return id
  }

  /// A unique number from the start: for sessions that begin at the same time, the last number plus one. It is
  /// limited so that a clock set to the end of time leaves room for them.
  private static func number(startingAt start: Int64, _ db: Database) throws -> Int64 {
    var id = min(start, .max - (1 << 40))
    let last = try Int64.fetchOne(
      db, sql: "SELECT max(id) FROM session WHERE id >= ? AND id < ?", arguments: [id, id + 1_000_000])
    if let last, try Bool.fetchOne(db, sql: "SELECT 1 FROM session WHERE id = ?", arguments: [id]) != nil {
      id = last + 1
      while try Bool.fetchOne(db, sql: "SELECT 1 FROM session WHERE id = ?", arguments: [id]) != nil {
        id += 1
      }
    }
    return id
  }

  /// A form in which the search finds the complete name, and no longer name that contains it.
  static func words(ofProject project: String) -> String { "/ \(project) /" }

  // MARK: Additions

  /// Adds a stored segment to the index.
  ///
  /// - Parameter updated: seconds since 1970 if it arrived just now.
  func add(_ file: SealedFile, project: String, updated: Int64 = 0) throws {
    let links = EventSummary(file.events)
    try database.write { db in
      guard let id = try SessionIndex.admit(file.header, project: project, db) else { return }
      let isNew = try SessionIndex.insert(
        file.entry, file.index, previous: file.seal.previous, detail: 1, updated: updated, into: id, db)
      if !isNew {
        // A segment that a manifest listed counts already; its events are added once.
        try db.run(
          "UPDATE segment SET detail = 1 WHERE session = ? AND place = ? AND detail = 0 AND digest = ?",
          [id, file.index, Data(file.digest.bytes)])
        guard db.changesCount > 0 else { return }
      }
      // Each change of the numbers changes every index of the table.
      if links.errorCount + links.failedTests + links.passedTests > 0 {
        try db.run(
          "UPDATE session SET errors = errors + ?, failed = failed + ?, passed = passed + ? WHERE id = ?",
          [links.errorCount, links.failedTests, links.passedTests, id])
      }
      if let (rank, text) = links.headline {
        // Among those of equal rank, the one of the segment that arrived first.
        try db.execute(
          sql: "UPDATE session SET headline = ?, headline_rank = ? WHERE id = ? AND headline_rank > ?",
          arguments: [text, rank, id, rank])
      }
      if !links.words.isEmpty {
        try db.execute(
          sql: "UPDATE words SET text = text || ' ' || ? WHERE rowid = ? AND length(text) < ?",
          arguments: [links.words, id, SessionIndex.wordsLimit])
      }
      try SessionIndex.add(links.errors, "error", project: project, id, db)
      try SessionIndex.add(links.traces, "trace", project: project, id, db)
    }
  }

  /// Adds a segment to the totals of its session, unless it is counted already.
  ///
  /// - Parameter detail: 1 if its events are added as well, otherwise 0.
  /// - Returns: whether it was not there yet.
  @discardableResult
  static func insert(
    _ entry: SessionManifest.Segment, _ place: Int, previous: SHA256Digest, detail: Int, updated: Int64,
    into id: Int64, _ db: Database
  ) throws -> Bool {
    try db.run(
      "INSERT OR IGNORE INTO segment(session, place, digest, previous, bytes, detail) VALUES (?, ?, ?, ?, ?, ?)",
      [id, place, Data(entry.digest.bytes), Data(previous.bytes), entry.bytes, detail])
    guard db.changesCount > 0 else { return false }
    try db.run(
      """
      UPDATE session SET segments = segments + 1, bytes = bytes + ?, frames = frames + ?, events = events + ?,
        last = max(last, ?), updated = max(updated, ?) WHERE id = ?
      """, [entry.bytes, entry.frames, entry.events, entry.times.upperBound, updated, id])
    try show(id, db)
    return true
  }

  private static func show(_ id: Int64, _ db: Database) throws {
    try db.run("UPDATE session SET shown = 1 WHERE id = ? AND shown = 0", [id])
  }

  /// The number of a session in the tables; nil if it is not in the index.
  static func id(of session: SessionID, project: String, _ db: Database) throws -> Int64? {
    try Int64.fetchOne(
      db, sql: "SELECT id FROM session WHERE project = ? AND session = ?",
      arguments: [project, "\(session)"])
  }

  /// Adds a stored manifest to the index.
  ///
  /// - Parameter bytes: the stored bytes, with keys that the manifest's type doesn't have.
  func add(_ manifest: SessionManifest, _ bytes: [UInt8], project: String) throws {
    let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
    func ids(_ key: String) -> [String: Int64?] {
      Dictionary((object[key] as? [String] ?? []).prefix(100).map { ($0, nil) }, uniquingKeysWith: { $1 })
    }
    try database.write { db in
      guard let id = try SessionIndex.id(of: manifest.session, project: project, db) else { return }
      try db.execute(
        // A session that has just ended is evaluated again: segments may be missing at its end.
        sql: """
          UPDATE session SET evaluated = CASE WHEN state = ? THEN evaluated ELSE 0 END, state = ?, kind = ?, ended = ?
          WHERE id = ?
          """,
        arguments: [
          manifest.state.rawValue, manifest.state.rawValue, manifest.about.kind?.rawValue ?? "",
          manifest.about.ended?.rawValue ?? "",
          id,
        ])
      try SessionIndex.show(id, db)
      try SessionIndex.setList(manifest.segments.map(\.digest), of: id, db)
      try SessionIndex.add(ids("error_ids"), "error", project: project, id, db)
      try SessionIndex.add(ids("trace_ids"), "trace", project: project, id, db)
    }
  }

  /// Ids with the time of their first use in the session, in nanoseconds on its clock; nil if only the manifest
  /// names the id.
  private static func add(
    _ ids: [String: Int64?], _ kind: String, project: String, _ session: Int64, _ db: Database
  ) throws {
    for (id, time) in ids where !id.isEmpty && id.utf8.count <= 128 {
      try db.execute(
        sql: """
          INSERT INTO link(project, kind, id, session, time) VALUES (?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET time = min(coalesce(time, excluded.time), coalesce(excluded.time, time))
          """,
        arguments: [project, kind, id, session, time])
    }
  }

  /// Notes that a recorder writes the session itself, in a folder within the store's folder.
  func setFolder(_ folder: String, of session: SessionID, project: String) throws {
    try database.write { db in
      try db.execute(
        sql: "UPDATE session SET folder = ? WHERE project = ? AND session = ?",
        arguments: [folder, project, "\(session)"])
    }
  }

  func remove(_ session: SessionID, project: String) throws {
    try database.write { db in
      guard let id = try SessionIndex.id(of: session, project: project, db) else { return }
      for sql in [
        "DELETE FROM segment WHERE session = ?", "DELETE FROM link WHERE session = ?",
        "DELETE FROM words WHERE rowid = ?", "DELETE FROM finding WHERE session = ?",
        "DELETE FROM listed WHERE session = ?",
        "DELETE FROM session WHERE id = ?",
      ] { try db.execute(sql: sql, arguments: [id]) }
      try db.execute(
        sql: "DELETE FROM remote WHERE project = ? AND session = ?", arguments: [project, "\(session)"])
    }
  }
}

extension Database {
  /// Executes a statement that is prepared once: preparing takes longer than executing a small one.
  func run(_ sql: String, _ arguments: StatementArguments) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }
}
