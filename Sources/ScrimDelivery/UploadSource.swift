import ScrimFormat
import ScrimStore

/// What an ``Uploader`` empties: a spool, whose files change their state, or a session folder, of which nothing is touched.
protocol UploadSource: AnyObject {
  /// Sessions, the one that has waited longest first.
  var order: [SessionID] { get }
  var waitingCount: Int { get }
  var waitingBytes: Int { get }
  /// Folders in which something may be added.
  var folders: [String] { get }

  func rescan() throws(DeliveryError) -> Bool
  func next(where isReady: (SpooledSegment) -> Bool) -> (segment: SpooledSegment, bytes: Int)?
  func hasWaiting(_ session: SessionID) -> Bool
  func path(of segment: SpooledSegment) -> String
  func manifestPath(of session: SessionID) -> String
  /// Which manifest is there now; nil where there is none.
  func manifestStamp(of session: SessionID) -> FileStamp?
  func isDeleted(_ session: SessionID) -> Bool

  /// False where the segment has to be asked for again later; it is not sent again.
  func delivered(_ segment: SpooledSegment) throws(DeliveryError) -> Bool
  func reject(_ segment: SpooledSegment, status: Int, answer: String) throws(DeliveryError)
  func setAside(_ segment: SpooledSegment) throws(DeliveryError)
  func rejectManifest(of session: SessionID, status: Int, answer: String) throws(DeliveryError)
  func discard(_ session: SessionID) throws(DeliveryError)
  /// Whether nobody writes the session any more; seals it where its recorder was killed.
  func recover(_ session: SessionID) throws(DeliveryError) -> Bool
  func removeIfDone(_ session: SessionID) throws(DeliveryError) -> Bool
  func enforce(_ limits: SpoolLimits, busy: Set<SpooledSegment>, now: Int64) throws(DeliveryError) -> Int
  func noteClockStep(_ step: Int64) throws(DeliveryError)
  func redateImplausible(now: Int64) throws(DeliveryError)
  func traffic(now: Int64) -> Int
  func noteTraffic(_ bytes: Int, now: Int64) throws(DeliveryError)
  func settle() throws(DeliveryError)
}

extension SpoolKeeper: UploadSource {
  var folders: [String] { watchedFolders }
}

/// A session folder of the user's own: its sealed segments are delivered, and nothing in it is changed or removed.
final class SessionSource: UploadSource {
  private let folder: SessionFolder
  private let session: SessionID
  private let manifest: SessionManifest
  /// Largest index first.
  private var waiting: [Int]
  private var hasEnded = false

  init(_ folder: SessionFolder) throws(DeliveryError) {
    let reader = try folder.read()
    self.folder = folder
    manifest = reader.manifest
    session = manifest.session
    waiting = manifest.segments.indices.reversed()
  }

  var order: [SessionID] { [session] }
  var waitingCount: Int { waiting.count }
  var waitingBytes: Int { waiting.reduce(0) { $0 + manifest.segments[$1].bytes } }
  var folders: [String] { [] }

  func rescan() throws(DeliveryError) -> Bool { false }

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
  func manifestPath(of session: SessionID) -> String { folder.path + "/" + StoreLayout.manifestFile }
  func manifestStamp(of session: SessionID) -> FileStamp? { FileStamp.of(manifestPath(of: session)) }
  func isDeleted(_ session: SessionID) -> Bool { hasEnded }

  private func forget(_ segment: SpooledSegment) {
    if let place = waiting.lastIndex(of: segment.index) { waiting.remove(at: place) }
  }

  func delivered(_ segment: SpooledSegment) throws(DeliveryError) -> Bool {
    forget(segment)
    return true
  }
  func reject(_ segment: SpooledSegment, status: Int, answer: String) throws(DeliveryError) {
    forget(segment)
  }
  func setAside(_ segment: SpooledSegment) throws(DeliveryError) { forget(segment) }
  func rejectManifest(of session: SessionID, status: Int, answer: String) throws(DeliveryError) {}
  func discard(_ session: SessionID) throws(DeliveryError) {
    waiting = []
    hasEnded = true
  }
  func recover(_ session: SessionID) throws(DeliveryError) -> Bool { true }
  func removeIfDone(_ session: SessionID) throws(DeliveryError) -> Bool {
    hasEnded = true
    return true
  }
  func enforce(_ limits: SpoolLimits, busy: Set<SpooledSegment>, now: Int64) throws(DeliveryError) -> Int {
    0
  }
  func noteClockStep(_ step: Int64) throws(DeliveryError) {}
  func redateImplausible(now: Int64) throws(DeliveryError) {}
  func traffic(now: Int64) -> Int { 0 }
  func noteTraffic(_ bytes: Int, now: Int64) throws(DeliveryError) {}
  func settle() throws(DeliveryError) {}
}
