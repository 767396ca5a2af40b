import Foundation
import GRDB
public import ScrimFormat
public import ScrimStore

/// Where a session's files are.
struct SessionLocation: Sendable {
  var place: SessionStore.Place
  var folder: SessionFolder
  /// Whether a recorder on this machine writes the folder itself, without delivery.
  var isLocal: Bool
  /// When something came last, in seconds since 1970; 0 where that isn't known.
  var updated: Int64
}

/// What the server does, without HTTP: checks what comes, stores it, finds it, deletes it. Its calls block on the disk.
public struct ReplayService: Sendable {
  public let store: SessionStore
  public let index: SessionIndex
  let recordings: LocalRecordings

  public init(store: SessionStore, index: SessionIndex) {
    self.store = store
    self.index = index
    recordings = LocalRecordings(store: store, index: index)
  }

  /// An answer: an HTTP status, and words where it is no success.
  public enum Answer: Sendable {
    case stored(SHA256Digest)
    case alreadyThere(SHA256Digest)
    case refused(Int, String)
  }

  /// - Parameter digest: that the sender names.
  func put(
    segment bytes: [UInt8], _ place: Int, of session: SessionID, digest: SHA256Digest, project: String
  ) throws -> Answer {
    guard SHA256.digest(bytes.span) == digest else {
      return .refused(400, "the body is not the one that Content-Digest names")
    }
    let file: SealedFile
    do { file = try SealedFile(bytes) } catch { return .refused(400, "not a whole segment: \(error)") }
    guard file.session == session else {
      return .refused(400, "the segment belongs to session \(file.session)")
    }
    guard file.index == place else { return .refused(400, "the segment's seal says index \(file.index)") }
    guard file.header.start >= 0 else { return .refused(400, "the session starts before 1970") }
    if try store.isDeleted(Self.place(file.header, project)) {
      return .refused(410, "the session was deleted")
    }
    if let conflict = try index.conflict(with: file, project: project) { return .refused(409, conflict) }
    let outcome = try store.put(file, project: project)
    switch outcome {
    case .stored, .alreadyThere:
      try index.add(file, project: project, updated: ReplayService.now)
      return outcome == .stored ? .stored(digest) : .alreadyThere(digest)
    case .conflict(let what): return .refused(409, what)
    case .deleted: return .refused(410, "the session was deleted")
    }
  }

  func put(manifest bytes: [UInt8], of session: SessionID, project: String) throws -> Answer {
    let manifest: SessionManifest
    do {
      manifest = try SessionManifest(json: bytes, path: "manifest")
    } catch { return .refused(400, "\(error)") }
    guard manifest.session == session else {
      return .refused(400, "the manifest is of session \(manifest.session)")
    }
    guard manifest.start >= 0, manifest.producer.utf8.count <= FormatLimits.producerBytes else {
      return .refused(400, "the manifest holds what no valid one says")
    }
    let place = SessionStore.Place(project: project, session: session, start: manifest.start)
    if try store.isDeleted(place) { return .refused(410, "the session was deleted") }
    if let conflict = try index.conflict(with: manifest, project: project) { return .refused(409, conflict) }
    let digest = SHA256.digest(bytes.span)
    let outcome = try store.put(manifest: bytes, manifest, project: project)
    switch outcome {
    case .stored, .alreadyThere:
      try index.add(manifest, bytes, project: project)
      return outcome == .stored ? .stored(digest) : .alreadyThere(digest)
    case .conflict(let what): return .refused(409, what)
    case .deleted: return .refused(410, "the session was deleted")
    }
  }

  private static func place(_ header: SegmentHeader, _ project: String) -> SessionStore.Place {
    SessionStore.Place(project: project, session: header.session, start: header.start)
  }

  /// What a session's name stands for.
  enum Found: Sendable {
    case here(SessionLocation)
    case deleted
    case unknown
  }

  func find(_ session: SessionID, project: String) throws -> Found {
    if let (place, folder, updated) = try index.place(session, project: project) {
      if try store.isDeleted(place) { return .deleted }
      let path = folder.map { SessionFolder(path: store.path + "/" + $0) } ?? store.folder(of: place)
      return .here(SessionLocation(place: place, folder: path, isLocal: folder != nil, updated: updated))
    }
    // The tombstone's place doesn't need the start.
    let place = SessionStore.Place(project: project, session: session, start: 0)
    return try store.isDeleted(place) ? .deleted : .unknown
  }

  /// Seconds since 1970.
  static var now: Int64 { Int64(Date().timeIntervalSince1970) }

  /// Removes every byte of a session, and what the index knows of it.
  func delete(_ place: SessionStore.Place) throws -> SessionStore.Removed {
    let removed = try store.delete(place, now: Int64(Date().timeIntervalSince1970 * 1000) * 1_000_000)
    try index.remove(place.session, project: place.project)
    return removed
  }
}
