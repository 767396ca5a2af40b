import Foundation
import GRDB
import ScrimFormat
import ScrimPlayer
import ScrimStore

extension Finding.Kind {
  /// The column of the index with the number of findings of this kind.
  var column: String {
    switch self {
    case .rage: "rages"
    case .dead: "dead"
    case .frozen: "frozen"
    }
  }
}

extension SessionIndex.Entry {
  /// The number of findings of a kind; nil if they are unknown: the session is sealed to a key, incomplete, damaged,
  /// or not evaluated yet.
  func count(_ kind: Finding.Kind) -> Int? {
    let count =
      switch kind {
      case .rage: rages
      case .dead: dead
      case .frozen: frozen
      }
    return count < 0 ? nil : count
  }

  /// The number of errors; nil if the session's events can't be read.
  var knownErrors: Int? { isSealedToKey ? nil : errors }
}

/// Findings (rage clicks, dead clicks, frozen screens): which sessions are to be evaluated, and the results.
extension SessionIndex {
  /// A session with segments that were not evaluated.
  struct Unevaluated: Sendable {
    var id: Int64
    var project: String
    var session: SessionID
    var segments: Int
    var state: String
    var isSealedToKey: Bool
  }

  /// The maximum number of findings that are kept of a session; all are counted.
  private static let listLimit = 1000

  /// The newest session that is to be evaluated.
  ///
  /// A session that has not ended is evaluated when it is half as long again as the last time, so that all evaluations
  /// of it take at most three times as long as one; and when nothing has arrived for a while.
  /// - Parameters:
  ///   - quiet: seconds since 1970; a session without an end counts as ended if nothing has arrived since.
  ///   - onlyEnded: leaves out sessions that are being recorded.
  ///   - except: numbers of sessions that are left out.
  func unevaluated(quiet: Int64, onlyEnded: Bool, except: Set<Int64>) throws -> Unevaluated? {
    try database.read { db in
      let rows = try Row.fetchCursor(
        db,
        sql: """
          SELECT id, project, session, segments, state, width FROM session WHERE segments > evaluated AND
            (state = 'sealed' OR updated < ? OR (NOT ? AND segments > evaluated + evaluated / 2))
          ORDER BY id DESC
          """, arguments: [quiet, onlyEnded])
      while let row = try rows.next() {
        let id: Int64 = row["id"]
        let name: String = row["session"]
        guard !except.contains(id), let session = SessionID(name) else { continue }
        let width: Int = row["width"]
        return Unevaluated(
          id: id, project: row["project"], session: session, segments: row["segments"], state: row["state"],
          isSealedToKey: width == 0)
      }
      return nil
    }
  }

  /// Stores the findings of a session, unless it has ended since it was read.
  ///
  /// - Parameter findings: nil if the session can't be evaluated.
  func set(_ findings: [Finding]?, of session: Unevaluated) throws {
    func count(_ kind: Finding.Kind) -> Int { findings?.count { $0.kind == kind } ?? -1 }
    let list = try findings.map { try JSONEncoder().encode(Array($0.prefix(SessionIndex.listLimit))) }
    try database.write { db in
      try db.execute(
        sql: """
          UPDATE session SET rages = ?, dead = ?, frozen = ?, evaluated = ?
          WHERE id = ? AND project = ? AND session = ? AND state = ?
          """,
        arguments: [
          count(.rage), count(.dead), count(.frozen), session.segments, session.id, session.project,
          "\(session.session)", session.state,
        ])
      guard db.changesCount > 0 else { return }
      try db.execute(sql: "DELETE FROM finding WHERE session = ?", arguments: [session.id])
      guard let list else { return }
      try db.execute(
        sql: "INSERT INTO finding(session, list) VALUES (?, ?)", arguments: [session.id, list])
    }
  }

  /// The findings of a session in order, at most 1000; nil if they are unknown.
  func findings(of session: SessionID, project: String) throws -> [Finding]? {
    try database.read { db in
      try Data.fetchOne(
        db,
        sql: """
          SELECT list FROM finding WHERE session =
            (SELECT id FROM session WHERE project = ? AND session = ?)
          """, arguments: [project, "\(session)"])
    }.map { try JSONDecoder().decode([Finding].self, from: $0) }
  }
}
