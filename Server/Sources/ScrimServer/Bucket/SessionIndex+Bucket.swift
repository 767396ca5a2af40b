import Foundation
import GRDB
import ScrimFormat
import ScrimStore

/// What the index knows of a bucket's sessions, so that a listing reads only what is new.
extension SessionIndex {
  /// The state in which a session was last seen in the bucket.
  struct Remote: Hashable, Sendable {
    /// The version of its manifest; empty before the first.
    var tag: String
    /// Whether the manifest is final, and all of its segments are in the index.
    var isComplete: Bool
  }

  func remotes(of project: String, on day: Int64) throws -> [SessionID: Remote] {
    try database.read { db in
      var found: [SessionID: Remote] = [:]
      for row in try Row.fetchAll(
        db, sql: "SELECT session, tag, complete FROM remote WHERE project = ? AND day = ?",
        arguments: [project, day])
      {
        let name: String = row["session"]
        guard let session = SessionID(name) else { continue }
        found[session] = Remote(tag: row["tag"], isComplete: row["complete"])
      }
      return found
    }
  }

  /// - Parameter place: with the midnight of its day as the start.
  func set(_ remote: Remote, of place: SessionStore.Place) throws {
    try database.write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO remote(project, day, session, tag, complete) VALUES (?, ?, ?, ?, ?)",
        arguments: [place.project, place.start, "\(place.session)", remote.tag, remote.isComplete])
    }
  }

  /// The indices of the segments that are in the index.
  func segments(of session: SessionID, project: String) throws -> Set<Int> {
    try database.read { db in
      try Set(
        Int.fetchAll(
          db,
          sql: """
            SELECT place FROM segment WHERE session =
              (SELECT id FROM session WHERE project = ? AND session = ?)
            """, arguments: [project, "\(session)"]))
    }
  }

  /// Adds the segments that a manifest lists and that are there, without their events.
  ///
  /// - Parameters:
  ///   - there: bytes of the segments in the bucket, by index.
  ///   - updated: seconds since 1970.
  func add(listedIn manifest: SessionManifest, there: [Int: Int], project: String, updated: Int64) throws {
    try database.write { db in
      guard let id = try SessionIndex.id(of: manifest.session, project: project, db) else { return }
      for (place, entry) in manifest.segments.enumerated() where there[place] == entry.bytes {
        try SessionIndex.insert(
          entry, place, previous: place == 0 ? .zero : manifest.segments[place - 1].digest,
          detail: 0, updated: updated, into: id, db)
      }
    }
  }

  /// Segments whose events are not in the index yet, those of the newest sessions first.
  func unread(limit: Int) throws -> [(place: SessionStore.Place, index: Int)] {
    try database.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT project, name, start, place FROM (SELECT session AS id, place FROM segment WHERE detail = 0
            ORDER BY session DESC, place LIMIT ?) JOIN (SELECT id, project, session AS name, start FROM session) USING (id)
          """, arguments: [limit]
      ).compactMap { row in
        let name: String = row["name"]
        guard let session = SessionID(name) else { return nil }
        let place = SessionStore.Place(project: row["project"], session: session, start: row["start"])
        return (place, row["place"])
      }
    }
  }

  /// Notes that a segment's events can't be read: it is missing, damaged, or another one than its manifest lists.
  func setUnreadable(_ index: Int, of place: SessionStore.Place) throws {
    try database.write { db in
      try db.execute(
        sql: """
          UPDATE segment SET detail = 2 WHERE detail = 0 AND place = ? AND session =
            (SELECT id FROM session WHERE project = ? AND session = ?)
          """, arguments: [index, place.project, "\(place.session)"])
    }
  }

  func remoteDays(of project: String) throws -> [Int64] {
    try database.read {
      try Int64.fetchAll(
        $0, sql: "SELECT DISTINCT day FROM remote WHERE project = ?", arguments: [project])
    }
  }

  /// The projects with sessions in the index.
  func projects() throws -> [String] {
    try database.read { try String.fetchAll($0, sql: "SELECT DISTINCT project FROM remote") }
  }
}
