import Foundation
import GRDB
import ScrimFormat
public import ScrimStore

extension SessionIndex {
  /// Updates the index from the store: removes sessions that no longer exist, and reads those that are not indexed.
  ///
  /// - Returns: the number of sessions that were read.
  @discardableResult
  public func rebuild(from store: SessionStore, fromNothing: Bool) throws -> Int {
    if fromNothing { try removeAll() }
    // Read before the store is: a session that arrives meanwhile is in the store before it is in the index, so what is
    // known here and missing there was deleted.
    let known = try database.read {
      try Row.fetchAll($0, sql: "SELECT project, session, folder FROM session")
    }
    var places: [SessionStore.Place] = []
    try store.forEachSession { places.append($0) }
    var count = 0
    for place in places where try !store.isDeleted(place) {
      if try read(place, from: store) { count += 1 }
    }
    let there = Set(places.map { "\($0.project)/\($0.session)" })
    for row in known where row["folder"] == nil {
      let project: String = row["project"]
      let name: String = row["session"]
      if !there.contains("\(project)/\(name)"), let session = SessionID(name) {
        try remove(session, project: project)
      }
    }
    return count
  }

  func removeAll() throws {
    try database.write { db in
      for table in SessionIndex.tableNames { try db.execute(sql: "DELETE FROM \(table)") }
    }
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
