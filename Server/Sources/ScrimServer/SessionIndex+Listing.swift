import Foundation
import GRDB
import ScrimFormat
import ScrimPlayer

extension SessionIndex {
  /// The query of a list.
  public struct Query: Hashable, Sendable {
    public var traceID: String?
    public var errorID: String?
    /// Words to search in the session's id, producer, errors, tests and addresses. A text of fewer than three
    /// characters is a prefix of the id.
    public var text: String?
    public var filter: Filter?
    public var sort = Sort.start
    /// Ascending order.
    public var isAscending = false
    /// Sessions that began in this range of nanoseconds since 1970.
    public var starts: Range<Int64>?
    /// The end of the previous page.
    public var after: Cursor?
    public var limit = 50

    public init() {}
  }

  public enum Filter: String, Hashable, Sendable, CaseIterable {
    /// With errors.
    case errors
    /// With a failed test, or ended by a crash.
    case failed
    /// Not ended yet.
    case open
    /// Kept because of an error.
    case buffer
    /// With rage clicks, dead clicks, or a frozen screen.
    case rage, dead, frozen

    fileprivate var condition: String {
      switch self {
      case .errors: "session.errors > 0"
      case .failed: "(session.failed > 0 OR session.ended = 'crash')"
      case .open: "session.state <> 'sealed'"
      case .buffer: "session.kind = 'buffer'"
      case .rage: "session.rages > 0"
      case .dead: "session.dead > 0"
      case .frozen: "session.frozen > 0"
      }
    }
  }

  public enum Sort: String, Hashable, Sendable, CaseIterable {
    case start, length, size, errors, rage, dead, frozen

    fileprivate var column: String {
      switch self {
      case .start: "id"
      case .length: "last"
      case .size: "bytes"
      case .errors: "errors"
      case .rage: Finding.Kind.rage.column
      case .dead: Finding.Kind.dead.column
      case .frozen: Finding.Kind.frozen.column
      }
    }
  }

  /// The position of a session in a list: its sort value, then its number.
  public struct Cursor: Hashable, Sendable, CustomStringConvertible {
    public var value: Int64
    public var id: Int64

    public init(value: Int64, id: Int64) {
      self.value = value
      self.id = id
    }

    public init?(_ text: some StringProtocol) {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Int64(parts[0]), let id = Int64(parts[1]) else { return nil }
      self.init(value: value, id: id)
    }

    public var description: String { "\(value).\(id)" }
  }

  /// One page of a project's sessions.
  public func list(_ query: Query, project: String) throws -> (entries: [Entry], next: Cursor?) {
    let (sql, arguments) = SessionIndex.statement(query, project: project)
    return try database.read { db in
      let rows = try Row.fetchAll(db, sql: sql, arguments: arguments)
      let entries = try rows.prefix(query.limit).map { try Entry(row: $0) }
      let last = rows.count > query.limit ? rows[query.limit - 1] : nil
      return (entries, last.map { Cursor(value: $0[query.sort.column], id: $0["id"]) })
    }
  }

  private static func statement(_ query: Query, project: String) -> (String, StatementArguments) {
    var source = "session"
    var conditions = ["session.project = ?", "session.shown"]
    var arguments: StatementArguments = [project]
    let words = query.text.flatMap(SessionIndex.match)
    let comparison = query.isAscending ? ">" : "<"
    let order = query.isAscending ? "ASC" : "DESC"
    var column = query.sort == .start ? "session.id" : "session.\(query.sort.column)"
    if let words {
      // Ordered by number, the search returns rows in order: only shown rows are read, unless many results are
      // filtered out.
      if query.sort == .start, query.filter == nil {
        source = "words CROSS JOIN session ON session.id = words.rowid"
        conditions.append("words MATCH ?")
        column = "words.rowid"
      } else {
        // Filters use an index; the plus prevents a scan of the search table row by row.
        conditions.append("+session.id IN (SELECT rowid FROM words WHERE words MATCH ?)")
      }
      arguments += [words + " AND project : \"" + SessionIndex.words(ofProject: project) + "\""]
    } else if let text = query.text?.replacing("\0", with: ""), !text.isEmpty {
      conditions.append("session.session >= ? AND session.session < ?")
      arguments += [text, text + "\u{10FFFF}"]
    }
    for (kind, id) in [("trace", query.traceID), ("error", query.errorID)] {
      guard let id else { continue }
      conditions.append("session.id IN (SELECT session FROM link WHERE project = ? AND kind = ? AND id = ?)")
      arguments += [project, kind, id]
    }
    if let filter = query.filter { conditions.append(filter.condition) }
    if let starts = query.starts {
      conditions.append("session.id >= ? AND session.id < ?")
      arguments += [starts.lowerBound, starts.upperBound]
    }
    if let after = query.after {
      if query.sort == .start {
        conditions.append("\(column) \(comparison) ?")
        arguments += [after.id]
      } else {
        conditions.append("(\(column), session.id) \(comparison) (?, ?)")
        arguments += [after.value, after.id]
      }
    }
    arguments += [query.limit + 1]
    let sorting = query.sort == .start ? "\(column) \(order)" : "\(column) \(order), session.id \(order)"
    return (
      "SELECT session.* FROM \(source) WHERE " + conditions.joined(separator: " AND ")
        + " ORDER BY \(sorting) LIMIT ?", arguments
    )
  }

  /// The query of the search table: each word if all have at least three characters, otherwise the text unchanged.
  /// Nil if it is too short.
  private static func match(_ text: String) -> String? {
    let text = String(text.map { $0.isWhitespace || $0 == "\0" ? " " : $0 }).trimmingCharacters(
      in: .whitespaces)
    guard text.count >= 3 else { return nil }
    let words = text.split(separator: " ")
    let phrases = words.allSatisfy { $0.count >= 3 } ? words.map(String.init) : [text]
    return phrases.map { "text : \"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: " AND ")
  }

  /// The position of a trace or an error in a replay.
  public struct Link: Hashable, Sendable {
    public var session: String
    /// Nanoseconds on the session's clock; nil if only the manifest names the id.
    public var time: Int64?
  }

  /// The sessions that contain an id, newest first; at most `limit`.
  public func links(_ kind: LinkKind, _ id: String, project: String, limit: Int) throws -> [Link] {
    try database.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT session.session AS name, link.time AS time FROM link JOIN session ON session.id = link.session
          WHERE link.project = ? AND link.kind = ? AND link.id = ? ORDER BY session.id DESC LIMIT ?
          """, arguments: [project, kind.rawValue, id, limit]
      ).map { Link(session: $0["name"], time: $0["time"]) }
    }
  }

  public enum LinkKind: String, Sendable { case trace, error }

  /// The number of sessions in the index.
  public func count() throws -> Int {
    try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM session") ?? 0 }
  }
}

extension SessionIndex {
  /// A UUID in the form of a random one.
  static func name(_ number: Int) -> String {
    var generator = SplitMix(state: UInt64(number))
    return "\(SessionID((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }))"
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  /// Generates sessions for measurements, one second apart: one of 50 has errors, one of 40 rage clicks, and each has
  /// one of 16 programs.
  func fill(_ count: Int) throws {
    try database.write { db in
      for number in 1...count {
        let id = Int64(number) * 1_000_000_000
        try db.execute(
          sql: """
            INSERT INTO session(id, project, session, start, last, segments, bytes, errors, width, height, policy, producer,
              state, headline, rages, dead, frozen, evaluated, shown)
            VALUES (?, 'p', ?, ?, ?, 12, ?, ?, 64, 48, '', ?, 'sealed', 'https://shop.example/checkout', ?, ?, 0, 12, 1)
            """,
          arguments: [
            id, Self.name(number), id, number % 3600 * 1_000_000_000, number * 7919 % 1_000_003,
            number % 50 == 0 ? number % 7 + 1 : 0, "producer \(number % 16)",
            number % 40 == 0 ? number % 3 + 1 : 0, number % 9 - 1,
          ])
        try db.execute(
          sql: "INSERT INTO words(rowid, text, project) VALUES (?, ?, ?)",
          arguments: [
            id, "\(Self.name(number)) producer \(number % 16) https://shop.example/checkout",
            SessionIndex.words(ofProject: "p"),
          ])
        try db.execute(
          sql: "INSERT INTO link(project, kind, id, session) VALUES ('p', 'trace', ?, ?)",
          arguments: ["trace\(number)", id])
      }
    }
  }
}
