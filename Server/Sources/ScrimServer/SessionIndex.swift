import Foundation
public import GRDB
import ScrimFormat
import ScrimStore

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
    /// `session` or `buffer`; empty where no manifest says.
    public var kind: String
    /// How it ended, as the manifest says; empty before.
    public var ended: String
    /// Tests that failed and passed, by the session's events.
    public var failed: Int
    public var passed: Int
    /// The first error, test or navigation, in words.
    public var headline: String
    /// When something came last, in seconds since 1970; 0 where that isn't known.
    public var updated: Int64
    /// The folder within the store's that a recorder writes itself; nil for what was delivered.
    public var folder: String?
  }

  let database: DatabasePool
  /// Raised where the tables change: an index of another version is thrown away.
  private static let version = 2

  public init(path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    var configuration = Configuration()
    // What a power cut costs is read from the store again.
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    database = try DatabasePool(path: path, configuration: configuration)
    try database.write { db in
      if try Int.fetchOne(db, sql: "PRAGMA user_version") != SessionIndex.version {
        for table in ["session", "segment", "link", "words"] {
          try db.execute(sql: "DROP TABLE IF EXISTS \(table)")
        }
      }
      try db.execute(sql: SessionIndex.tables)
      try db.execute(sql: "PRAGMA user_version = \(SessionIndex.version)")
    }
  }

  /// An index for each order. It holds what lists are filtered by too, so that a session's row is read only where it is shown:
  /// of 100,000 sessions none with a failed test is found in some 20 ms, and in 200 ms without.
  private static let indices: String = {
    var lines: [String] = []
    for column in ["id", "last", "bytes", "errors"] {
      let order = column == "id" ? [column] : [column, "id"]
      let rest = ["errors", "failed", "ended", "state", "kind", "segments"].filter { $0 != column }
      let columns: String = (["project"] + order + rest).joined(separator: ", ")
      lines.append("CREATE INDEX IF NOT EXISTS session_by_\(column) ON session(\(columns));" as String)
    }
    return lines.joined(separator: "\n")
  }()

  /// A session's `id` is its start, or the next number that is free: so what is searched comes in the order of the list, too.
  private static let tables = """
    CREATE TABLE IF NOT EXISTS session(
      id INTEGER PRIMARY KEY, project TEXT NOT NULL, session TEXT NOT NULL, start INTEGER NOT NULL,
      last INTEGER NOT NULL DEFAULT 0, segments INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
      frames INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
      width INTEGER NOT NULL, height INTEGER NOT NULL, policy TEXT NOT NULL, producer TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'unknown', kind TEXT NOT NULL DEFAULT '', ended TEXT NOT NULL DEFAULT '',
      failed INTEGER NOT NULL DEFAULT 0, passed INTEGER NOT NULL DEFAULT 0, headline TEXT NOT NULL DEFAULT '',
      headline_rank INTEGER NOT NULL DEFAULT 9, updated INTEGER NOT NULL DEFAULT 0, folder TEXT,
      UNIQUE(project, session));
    \(indices)
    CREATE TABLE IF NOT EXISTS segment(
      session INTEGER NOT NULL, place INTEGER NOT NULL, digest BLOB NOT NULL, previous BLOB NOT NULL,
      bytes INTEGER NOT NULL, PRIMARY KEY(session, place)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS link(
      project TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, session INTEGER NOT NULL, time INTEGER,
      PRIMARY KEY(project, kind, id, session)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS link_by_session ON link(session);
    CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, project, tokenize = 'trigram');
    """

  // MARK: Checks

  /// Where a session is, and the folder that a recorder writes itself; nil where none of this name is known.
  func place(_ session: SessionID, project: String) throws
    -> (place: SessionStore.Place, folder: String?, updated: Int64)?
  {
    try database.read { db in
      try Row.fetchOne(
        db, sql: "SELECT start, folder, updated FROM session WHERE project = ? AND session = ?",
        arguments: [project, "\(session)"])
    }.map { row in
      let start: Int64 = row["start"]
      return (
        SessionStore.Place(project: project, session: session, start: start), row["folder"], row["updated"]
      )
    }
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

  /// Characters of a session that are searched, at most.
  private static let wordsLimit = 8000

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

  /// The start as a number that no session has: of those that begin together, the last one's and one more. A clock that is set
  /// to the end of time leaves room for them.
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

  /// As the search finds it whole, and no longer name that contains it.
  static func words(ofProject project: String) -> String { "/ \(project) /" }

  // MARK: Additions

  /// Notes a segment that is stored.
  ///
  /// - Parameter updated: seconds since 1970 where it came just now.
  func add(_ file: SealedFile, project: String, updated: Int64 = 0) throws {
    let links = EventSummary(file.events)
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
            errors = errors + ?, failed = failed + ?, passed = passed + ?, last = max(last, ?), updated = max(updated, ?)
          WHERE id = ?
          """,
        arguments: [
          file.bytes.count, file.seal.summary.frames, file.seal.summary.events, links.errorCount,
          links.failedTests, links.passedTests, file.seal.summary.times?.upperBound ?? 0, updated, id,
        ])
      if let (rank, text) = links.headline {
        // Of one rank, the one of the first segment that came.
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

  /// Notes a manifest that is stored.
  ///
  /// - Parameter bytes: as stored, with keys that the manifest's type doesn't know.
  func add(_ manifest: SessionManifest, _ bytes: [UInt8], project: String) throws {
    let object = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
    func ids(_ key: String) -> [String: Int64?] {
      Dictionary((object[key] as? [String] ?? []).prefix(100).map { ($0, nil) }, uniquingKeysWith: { $1 })
    }
    try database.write { db in
      guard
        let id = try Int64.fetchOne(
          db, sql: "SELECT id FROM session WHERE project = ? AND session = ?",
          arguments: [project, "\(manifest.session)"])
      else { return }
      try db.execute(
        sql: "UPDATE session SET state = ?, kind = ?, ended = ? WHERE id = ?",
        arguments: [
          manifest.state.rawValue, manifest.about.kind?.rawValue ?? "", manifest.about.ended?.rawValue ?? "",
          id,
        ])
      try SessionIndex.add(ids("error_ids"), "error", project: project, id, db)
      try SessionIndex.add(ids("trace_ids"), "trace", project: project, id, db)
    }
  }

  /// Ids, and when each was first seen in the session, in nanoseconds on its clock; nil where only the manifest names it.
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

  /// Notes that a recorder writes the session itself, in a folder within the store's.
  func setFolder(_ folder: String, of session: SessionID, project: String) throws {
    try database.write { db in
      try db.execute(
        sql: "UPDATE session SET folder = ? WHERE project = ? AND session = ?",
        arguments: [folder, project, "\(session)"])
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
}
