import Foundation
import ScrimFormat
import ScrimStore

extension ReplayService {
  /// Seconds after its last segment for which an unsealed delivered session counts as being recorded: an uploader
  /// sends a segment at least every 15 seconds.
  static let deliverySeconds: Int64 = 90

  /// The present state of the session for a page.
  func view(_ location: SessionLocation) throws -> SessionView {
    guard !location.isLocal else {
      guard let reader = try? location.folder.read() else {
        throw Refusal(404, "the session's folder can't be read")
      }
      let isOpen = reader.manifest.state == .open
      return SessionView(
        manifest: reader.manifest, open: reader.openSegment,
        isRecording: isOpen && location.folder.isBeingWritten, interval: 500)
    }
    let manifest = try storedManifest(location)
    return SessionView(
      manifest: manifest, open: nil, isRecording: isRecording(manifest.state.rawValue, location.updated),
      interval: 3000)
  }

  private func isRecording(_ state: String, _ updated: Int64) -> Bool {
    state != SessionManifest.State.sealed.rawValue
      && ReplayService.now - updated < ReplayService.deliverySeconds
  }

  /// Whether a listed session is being recorded.
  func isRecording(_ entry: SessionIndex.Entry) -> Bool {
    guard let folder = entry.folder else { return isRecording(entry.state, entry.updated) }
    return entry.state == SessionManifest.State.open.rawValue
      && SessionFolder(path: store.path + "/" + folder).isBeingWritten
  }

  /// The manifest, which is sent at most once a minute, and the segments received since.
  private func storedManifest(_ location: SessionLocation) throws -> SessionManifest {
    let place = location.place
    var manifest: SessionManifest
    if let bytes = try store.manifest(of: place) {
      manifest = try SessionManifest(json: bytes, path: "manifest.json")
    } else {
      guard let bytes = try store.segment(0, of: place), let first = try? SealedFile(bytes) else {
        throw Refusal(404, "the session's first segment has not come yet")
      }
      manifest = SessionManifest(header: first.header)
    }
    while manifest.state == .open, let bytes = try store.segment(manifest.segments.count, of: place) {
      guard let file = try? SealedFile(bytes), file.seal.previous == manifest.lastDigest else { break }
      manifest.segments.append(file.entry)
    }
    return manifest
  }

  /// The bytes of a sealed segment; nil if there is none.
  func segment(_ index: Int, of location: SessionLocation) throws -> [UInt8]? {
    guard location.isLocal else { return try store.segment(index, of: location.place) }
    let reader = try location.folder.read()
    guard reader.manifest.segments.indices.contains(index) else { return nil }
    return try reader.file(index)
  }

  /// The bytes of the manifest; nil if there is none.
  func manifest(of location: SessionLocation) throws -> [UInt8]? {
    guard location.isLocal else { return try store.manifest(of: location.place) }
    return try location.folder.manifestToDeliver().bytes
  }
}
