import Foundation
import GRDB
import ScrimFormat
import ScrimStore

/// Whether what arrives can belong to a session: it is held against the stored segments, and against the digests that the
/// stored manifest lists.
extension SessionIndex {
  enum Check: Hashable, Sendable {
    case fits
    /// The reason.
    case conflict(String)
    /// The digests of the stored manifest are needed first: ``setList(of:project:_:)``.
    case lacksList

    var isConflict: Bool { if case .conflict = self { true } else { false } }
  }

  /// Adds the session to the index, and checks whether a segment can belong to it: no other start, policy or producer, and
  /// no neighbour and no manifest that contradicts the chain.
  func check(_ file: SealedFile, project: String) throws -> Check {
    try database.write { db in
      guard let id = try SessionIndex.admit(file.header, project: project, db) else {
        return .conflict("the session has another start, policy or producer")
      }
      let neighbours = try db.cachedStatement(
        sql: "SELECT place, digest, previous FROM segment WHERE session = ? AND place BETWEEN ? AND ?")
      for row in try Row.fetchAll(neighbours, arguments: [id, file.index - 1, file.index + 1]) {
        let place: Int = row["place"]
        let digest: Data = row["digest"]
        let previous: Data = row["previous"]
        if place == file.index, Array(digest) != file.digest.bytes {
          return .conflict("another segment \(place) of this session is there already")
        }
        if place < file.index, Array(digest) != file.seal.previous.bytes {
          return .conflict("the chain is broken: segment \(place) is another than this one's seal names")
        }
        if place > file.index, Array(previous) != file.digest.bytes {
          return .conflict("the chain is broken: segment \(place) names another one before it")
        }
      }
      return try SessionIndex.checkList(file, of: id, db)
    }
  }

  private static func checkList(_ file: SealedFile, of id: Int64, _ db: Database) throws -> Check {
    guard
      let row = try Row.fetchOne(
        db.cachedStatement(
          sql: """
            SELECT session.state, listed.session IS NULL AS lacks, substr(digests, ?, 32) AS own,
              substr(digests, ?, 32) AS before
            FROM session LEFT JOIN listed ON listed.session = session.id WHERE session.id = ?
            """), arguments: [file.index * 32 + 1, max(1, file.index * 32 - 31), id])
    else { return .fits }
    let lacks: Bool = row["lacks"]
    let state: String = row["state"]
    // Before the first manifest there is no list.
    if lacks, state != "unknown" { return .lacksList }
    let own: Data? = row["own"]
    if let own, own.count == 32, Array(own) != file.digest.bytes {
      return .conflict("the stored manifest lists another SHA-256 for segment \(file.index)")
    }
    let before: Data? = row["before"]
    if file.index > 0, let before, before.count == 32, Array(before) != file.seal.previous.bytes {
      return .conflict(
        "the chain is broken: the manifest lists another segment \(file.index - 1) than this seal names")
    }
    return .fits
  }

  /// The reason to refuse a manifest: another session, or digests that contradict the stored segments.
  func conflict(with manifest: SessionManifest, project: String) throws -> String? {
    try database.write { db in
      // Only a session that is sealed to a key has no size.
      let least = manifest.envelope == nil ? 1 : 0
      let header = SegmentHeader(
        session: manifest.session, start: manifest.start, width: max(least, manifest.width),
        height: max(least, manifest.height),
        policy: manifest.policy, producer: manifest.producer)
      guard let id = try SessionIndex.admit(header, project: project, db) else {
        return "the session has another start, policy or producer"
      }
      let list = manifest.segments
      for row in try Row.fetchAll(
        db, sql: "SELECT place, digest, previous FROM segment WHERE session = ?", arguments: [id])
      {
        let place: Int = row["place"]
        let digest: Data = row["digest"]
        let previous: Data = row["previous"]
        if list.indices.contains(place), list[place].digest.bytes != Array(digest) {
          return "the manifest lists another SHA-256 for segment \(place) than the one that is stored"
        }
        if list.indices.contains(place - 1), list[place - 1].digest.bytes != Array(previous) {
          return
            "the chain is broken: the manifest lists another segment \(place - 1) than the stored segment \(place) names"
        }
      }
      return nil
    }
  }

  /// Notes the digests that the stored manifest lists.
  func setList(of session: SessionID, project: String, _ digests: [SHA256Digest]) throws {
    try database.write { db in
      guard let id = try SessionIndex.id(of: session, project: project, db) else { return }
      try SessionIndex.setList(digests, of: id, db)
    }
  }

  static func setList(_ digests: [SHA256Digest], of id: Int64, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR REPLACE INTO listed(session, digests) VALUES (?, ?)",
      arguments: [id, Data(digests.flatMap(\.bytes))])
  }
}
