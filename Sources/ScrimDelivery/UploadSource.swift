import ScrimFormat
import ScrimStore

/// Source of an ``Uploader``: a spool, whose files change their state, or a session folder, which stays
/// unchanged.
protocol UploadSource: AnyObject {
  /// Sessions, the one that has waited longest first.
  var order: [SessionID] { get }
  var waitingCount: Int { get }
  var waitingBytes: Int { get }
  /// Whether no file is ever moved, removed or changed; otherwise another process may have taken a missing one.
  var keepsFiles: Bool { get }
  /// Folders in which files may be added.
  var folders: [String] { get }

  func rescan() throws(StoreError) -> Bool
  func next(where isReady: (SpooledSegment) -> Bool) -> (segment: SpooledSegment, bytes: Int)?
  func hasWaiting(_ session: SessionID) -> Bool
  func path(of segment: SpooledSegment) -> String
  /// The SHA-256 that the manifest lists for a segment; nil if it isn't listed yet.
  func listedDigest(of segment: SpooledSegment) -> SHA256Digest?
  func folder(of session: SessionID) -> SessionFolder
  func isDeleted(_ session: SessionID) -> Bool

  /// False if the segment is not listed yet and must be confirmed again later; it is not sent again.
  func delivered(_ segment: SpooledSegment) throws(StoreError) -> Bool
  func reject(_ segment: SpooledSegment, status: Int, answer: String) throws(StoreError)
  func setAside(_ segment: SpooledSegment) throws(StoreError)
  func rejectManifest(of session: SessionID, status: Int, answer: String) throws(StoreError)
  func discard(_ session: SessionID) throws(StoreError)
  /// Whether the session is no longer being written; seals it if its recorder was killed.
  func recover(_ session: SessionID) throws(StoreError) -> Bool
  func removeIfDone(_ session: SessionID) throws(StoreError) -> Bool
  func enforce(_ limits: SpoolLimits, busy: Set<SpooledSegment>, now: Int64) throws(StoreError) -> Int
  func noteClockStep(_ step: Int64) throws(StoreError)
  func redateImplausible(now: Int64) throws(StoreError)
  func traffic(now: Int64) -> Int
  func noteTraffic(_ bytes: Int, now: Int64) throws(StoreError)
  func note(_ rate: TransferRate) throws(StoreError)
  func settle() throws(StoreError)
  /// What was dropped since the last call.
  func takeLosses() -> [ReplayLoss]
}

extension SpoolKeeper: UploadSource {
  var folders: [String] { watchedFolders }
  var keepsFiles: Bool { false }
}

/// A session folder of the user: its sealed segments are delivered, and nothing in it is changed or
/// removed.
final class SessionSource: UploadSource {
  private let folder: SessionFolder
  private let session: SessionID
  private let manifest: SessionManifest
  /// Largest index first.
  private var waiting: [Int]
  private var hasEnded = false

  init(_ folder: SessionFolder) throws(StoreError) {
    // The list alone: a session that is sealed to a key is delivered without the key.
    self.folder = folder
    manifest = try folder.manifestToDeliver().manifest
    session = manifest.session
    waiting = manifest.segments.indices.reversed()
  }

  var order: [SessionID] { [session] }
  var waitingCount: Int { waiting.count }
  var waitingBytes: Int { waiting.reduce(0) { $0 + manifest.segments[$1].bytes } }
  var folders: [String] { [] }
  var keepsFiles: Bool { true }

  func rescan() throws(StoreError) -> Bool { false }

  func next(where isReady: (SpooledSegment) -> Bool) -> (segment: SpooledSegment, bytes: Int)? {
    for index in waiting.reversed() {
      let segment = SpooledSegment(session: session, index: index)
      if isReady(segment) { return (segment, manifest.segments[index].bytes) }
    }
    return nil
  }

  func hasWaiting(_ session: SessionID) -> Bool { !waiting.isEmpty }
  func path(of segment: SpooledSegment) -> String {
    folder.path + "/" + SessionFolder.segmentFile(segment.index)
  }
  func listedDigest(of segment: SpooledSegment) -> SHA256Digest? { manifest.segments[segment.index].digest }
  func folder(of session: SessionID) -> SessionFolder { folder }
  func isDeleted(_ session: SessionID) -> Bool { hasEnded }

  private func forget(_ segment: SpooledSegment) {
    if let place = waiting.lastIndex(of: segment.index) { waiting.remove(at: place) }
  }

  func delivered(_ segment: SpooledSegment) throws(StoreError) -> Bool {
    forget(segment)
    return true
  }
  func reject(_ segment: SpooledSegment, status: Int, answer: String) throws(StoreError) {
    forget(segment)
  }
  func setAside(_ segment: SpooledSegment) throws(StoreError) { forget(segment) }
  func rejectManifest(of session: SessionID, status: Int, answer: String) throws(StoreError) {}
  func discard(_ session: SessionID) throws(StoreError) {
    waiting = []
    hasEnded = true
  }
  func recover(_ session: SessionID) throws(StoreError) -> Bool { true }
  func removeIfDone(_ session: SessionID) throws(StoreError) -> Bool {
    hasEnded = true
    return true
  }
  func enforce(_ limits: SpoolLimits, busy: Set<SpooledSegment>, now: Int64) throws(StoreError) -> Int {
    0
  }
  func noteClockStep(_ step: Int64) throws(StoreError) {}
  func redateImplausible(now: Int64) throws(StoreError) {}
  func traffic(now: Int64) -> Int { 0 }
  func noteTraffic(_ bytes: Int, now: Int64) throws(StoreError) {}
  func note(_ rate: TransferRate) throws(StoreError) {}
  func settle() throws(StoreError) {}
  func takeLosses() -> [ReplayLoss] { [] }
}
