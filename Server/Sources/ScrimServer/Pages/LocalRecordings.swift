import Foundation
import ScrimFormat
import ScrimStore
import Synchronization

/// Session folders directly in the store's folder, which a recorder on this machine writes itself (`scrim record
/// --out STORE/NAME`). They can be watched during the recording, and belong to the project `default`.
final class LocalRecordings: Sendable {
  static let project = "default"

  private struct State {
    /// The sessions, by the folder's name.
    var known: [String: Known] = [:]
    var looked: ContinuousClock.Instant?
  }

  private struct Known {
    var stamp: ManifestStamp
    var session: SessionID
    var segments: Int
  }

  private let store: SessionStore
  private let index: SessionIndex
  private let state = Mutex(State())
  /// The minimum interval between two scans of the folders.
  private static let rest = Duration.seconds(1)
  private static let limit = 10_000

  init(store: SessionStore, index: SessionIndex) {
    self.store = store
    self.index = index
  }

  /// Updates the index from the folders. During another thread's scan, the caller gets the known state.
  func refresh() throws {
    try state.withLockIfAvailable { state in
      if let looked = state.looked, ContinuousClock.now - looked < LocalRecordings.rest { return }
      defer { state.looked = .now }
      let names = (try? FileManager.default.contentsOfDirectory(atPath: store.path)) ?? []
      var found: Set<String> = []
      for name in names.prefix(LocalRecordings.limit) where !name.hasPrefix(".") {
        let folder = SessionFolder(path: store.path + "/" + name)
        guard let stamp = folder.manifestStamp else { continue }
        found.insert(name)
        if state.known[name]?.stamp == stamp { continue }
        // An unreadable folder is read again later.
        state.known[name] = try? read(folder, name, stamp, after: state.known[name])
      }
      for (name, known) in state.known where !found.contains(name) {
        try index.remove(known.session, project: LocalRecordings.project)
        state.known[name] = nil
      }
    }
  }

  private func read(_ folder: SessionFolder, _ name: String, _ stamp: ManifestStamp, after known: Known?)
    throws
    -> Known
  {
    let (bytes, manifest) = try folder.manifestToDeliver()
    let project = LocalRecordings.project
    // Adds the session to the index, whether segments of it were delivered or not.
    _ = try index.conflict(with: manifest, project: project)
    let first = known?.session == manifest.session ? known?.segments ?? 0 : 0
    if let sealed = try folder.sealedManifest() {
      try index.add(sealed, first, in: folder, project: project)
    } else {
      let reader = try folder.read()
      for place in first..<max(first, min(manifest.segments.count, reader.manifest.segments.count)) {
        guard let file = try? SealedFile(reader.file(place)) else { continue }
        try index.add(file, project: project, updated: ReplayService.now)
      }
    }
    try index.add(manifest, bytes, project: project)
    try index.setFolder(name, of: manifest.session, project: project)
    return Known(stamp: stamp, session: manifest.session, segments: manifest.segments.count)
  }
}
