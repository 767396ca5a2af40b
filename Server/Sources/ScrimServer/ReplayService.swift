import Foundation
import GRDB
public import ScrimDelivery
public import ScrimFormat
public import ScrimStore

/// The location of a session's files.
struct SessionLocation: Sendable {
  var place: SessionStore.Place
  /// Nil for a session in a bucket.
  var folder: SessionFolder?
  /// Whether a recorder on this machine writes the folder itself, without delivery.
  var isLocal: Bool
  /// The last time at which data arrived, in seconds since 1970; 0 if unknown.
  var updated: Int64
  /// Whether its manifest is final.
  var isSealed: Bool
}

/// The functions of the server without HTTP: checks, stores, finds and deletes sessions. Its calls block on the
/// disk.
public struct ReplayService: Sendable {
  public let store: any SessionStorage
  public let index: SessionIndex
  /// A folder of this machine for what can be made again: pictures, and the index.
  let cache: String
  let thumbnails: ThumbnailCache
  /// The store if it is a folder.
  let folder: SessionStore?
  private let recordings: LocalRecordings?
  private let arrivals = Arrivals()
  /// Follows the store if it is a bucket.
  let watch: BucketWatch?

  public init(store: SessionStore, index: SessionIndex) {
    self.store = store
    self.index = index
    cache = store.path
    thumbnails = ThumbnailCache(path: cache)
    folder = store
    recordings = LocalRecordings(store: store, index: index)
    watch = nil
  }

  /// - Parameters:
  ///   - cache: a folder of this machine that no other server uses.
  ///   - interval: seconds between two listings of new sessions.
  ///   - report: called with what goes wrong while nobody asks.
  public init(
    bucket: BucketStore, index: SessionIndex, cache: String, interval: Double,
    report: @escaping @Sendable (String) -> Void
  ) {
    store = bucket
    self.index = index
    self.cache = cache
    let thumbnails = ThumbnailCache(path: cache)
    self.thumbnails = thumbnails
    folder = nil
    recordings = nil
    watch = BucketWatch(
      store: bucket, index: index, options: BucketWatch.Options(interval: interval),
      forget: { thumbnails.remove($0) }, report: report)
  }

  /// Brings the index up to date with what others write, at most once a second.
  func refresh() throws {
    try recordings?.refresh()
  }

  /// - Throws: if the store can't be used now.
  func check() throws {
    if let watch { return try watch.check() }
    let path = cache + "/.health"
    defer { try? FileManager.default.removeItem(atPath: path) }
    guard FileManager.default.createFile(atPath: path, contents: Data([1])) else {
      throw ServerError(description: "the store can't be written")
    }
  }

  /// An answer: an HTTP status, and a message for a failure.
  public enum Answer: Sendable {
    case stored(SHA256Digest)
    case alreadyThere(SHA256Digest)
    case refused(Int, String)
    /// Another upload must end first; the same request may succeed afterwards.
    case busy(String)
  }

  private static let busy = Answer.busy("another upload that this one contradicts is being stored")

  /// - Parameter digest: the digest that the sender gives.
  func put(
    segment bytes: [UInt8], _ place: Int, of session: SessionID, digest: SHA256Digest, project: String
  ) throws -> Answer {
    let mismatch = Answer.refused(400, "the body does not match its Content-Digest")
    let file: SealedFile
    do { file = try SealedFile(bytes) } catch {
      return SHA256.digest(bytes.span) == digest ? .refused(400, "not a whole segment: \(error)") : mismatch
    }
    guard file.digest == digest else { return mismatch }
    guard file.session == session else {
      return .refused(400, "the segment belongs to session \(file.session)")
    }
    guard file.index == place else { return .refused(400, "the segment's seal says index \(file.index)") }
    guard file.header.start >= 0 else { return .refused(400, "the session starts before 1970") }
    if try store.isDeleted(Self.place(file.header, project)) {
      return .refused(410, "the session was deleted")
    }
    let item = Arrivals.Item.segment(index: place, digest: digest, previous: file.seal.previous)
    return try arrivals.with(item, of: session, project: project) { try accept(file, project: project) }
      ?? Self.busy
  }

  private func accept(_ file: SealedFile, project: String) throws -> Answer {
    let (digest, place) = (file.digest, Self.place(file.header, project))
    try watch?.prepare(place, before: file.index)
    if let conflict = try conflict(with: file, place) { return .refused(409, conflict) }
    let outcome = try store.put(file, project: project)
    switch outcome {
    case .stored, .alreadyThere:
      try index.add(file, project: project, updated: ReplayService.now)
      return outcome == .stored ? .stored(digest) : .alreadyThere(digest)
    case .conflict(let what): return .refused(409, what)
    case .deleted: return .refused(410, "the session was deleted")
    }
  }

  /// Why a segment can't belong to its session; nil if it can.
  private func conflict(with file: SealedFile, _ place: SessionStore.Place) throws -> String? {
    switch try index.check(file, project: place.project) {
    case .fits: return nil
    case .conflict(let words): return words
    case .lacksList: break
    }
    // An index of an older version doesn't have the digests of the stored manifest.
    let manifest = try store.manifest(of: place).flatMap { try? SessionManifest(json: $0, path: "manifest") }
    try index.setList(of: place.session, project: place.project, manifest?.segments.map(\.digest) ?? [])
    guard case .conflict(let words) = try index.check(file, project: place.project) else { return nil }
    return words
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
      return .refused(400, "the manifest has invalid values")
    }
    let place = SessionStore.Place(project: project, session: session, start: manifest.start)
    if try store.isDeleted(place) { return .refused(410, "the session was deleted") }
    let item = Arrivals.Item.manifest(manifest.segments.map(\.digest))
    return try arrivals.with(item, of: session, project: project) {
      try accept(manifest, bytes, place)
    } ?? Self.busy
  }

  private func accept(
    _ manifest: SessionManifest, _ bytes: [UInt8], _ place: SessionStore.Place
  ) throws -> Answer {
    let project = place.project
    try watch?.prepare(place)
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

  /// The result of looking up a session by its name.
  enum Found: Sendable {
    case here(SessionLocation)
    case deleted
    case unknown
  }

  func find(_ session: SessionID, project: String) throws -> Found {
    var known = try index.place(session, project: project)
    if known == nil, let watch {
      try watch.refresh()
      known = try index.place(session, project: project)
    }
    if let (place, name, updated, isSealed) = known {
      if try store.isDeleted(place) {
        // Deleted elsewhere, or a deletion was interrupted: nothing of it stays.
        if name == nil { _ = try delete(place) }
        return .deleted
      }
      let path = name.map { SessionFolder(path: cache + "/" + $0) } ?? folder?.folder(of: place)
      return .here(
        SessionLocation(
          place: place, folder: path, isLocal: name != nil, updated: updated, isSealed: isSealed))
    }
    // The path of the tombstone doesn't need the start.
    let place = SessionStore.Place(project: project, session: session, start: 0)
    return try store.isDeleted(place) ? .deleted : .unknown
  }

  /// Seconds since 1970.
  static var now: Int64 { Int64(Date().timeIntervalSince1970) }

  /// Removes all files of a session, and its entries in the index.
  func delete(_ place: SessionStore.Place) throws -> SessionStore.Removed {
    let removed = try store.delete(place, now: Int64(Date().timeIntervalSince1970 * 1000) * 1_000_000)
    try index.remove(place.session, project: place.project)
    thumbnails.remove(place)
    return removed
  }
}
