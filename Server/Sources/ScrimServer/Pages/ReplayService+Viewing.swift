import Foundation
import ScrimFormat
import ScrimStore

extension ReplayService {
  /// Seconds after its last segment for which an unsealed delivered session counts as being recorded: an uploader
  /// sends a segment at least every 15 seconds.
  static let deliverySeconds: Int64 = 90

  /// The present state of the session for a page.
  func page(of location: SessionLocation) throws -> SessionView {
    var view = try view(location)
    view.findings = try index.findings(of: location.place.session, project: location.place.project)
    return view
  }

  /// The present state of the session in the store.
  func view(_ location: SessionLocation) throws -> SessionView {
    if location.isLocal, let folder = location.folder {
      if let view = try sealedView(folder) { return view }
      guard let reader = try? folder.read() else {
        throw Refusal(404, "the session's folder can't be read")
      }
      let isOpen = reader.manifest.state == .open
      return SessionView(
        manifest: reader.manifest, open: reader.openSegment, isRecording: isOpen && folder.isBeingWritten,
        interval: 500)
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
      && SessionFolder(path: cache + "/" + folder).isBeingWritten
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
    guard location.isLocal, let folder = location.folder else {
      return try store.segment(index, of: location.place)
    }
    if let sealed = try folder.sealedManifest() {
      return sealed.segments.indices.contains(index) ? try folder.sealedFile(index, of: sealed) : nil
    }
    let reader = try folder.read()
    guard reader.manifest.segments.indices.contains(index) else { return nil }
    return try reader.file(index)
  }

  /// A sealed segment, to send it; nil if there is none.
  func content(ofSegment index: Int, of location: SessionLocation) throws -> StoredContent? {
    guard !location.isLocal, let folder else {
      return try segment(index, of: location).map { StoredContent($0) }
    }
    guard let stored = try folder.storedSegment(index, of: location.place) else { return nil }
    guard stored.bytes <= AnswerBodies.small else { return .file(stored) }
    return .bytes(try stored.read(0..<stored.bytes), stored.digest)
  }

  /// The bytes of the manifest; nil if there is none.
  func manifest(of location: SessionLocation) throws -> [UInt8]? {
    guard location.isLocal, let folder = location.folder else {
      return try store.manifest(of: location.place)
    }
    return try folder.manifestToDeliver().bytes
  }

  /// Calls `body` with a reader of the session, in which the middle segment can be read. The segment of a bucket is in
  /// a temporary folder for that time.
  ///
  /// - Returns: nil if there is none yet.
  func reading<Value>(_ location: SessionLocation, _ body: (SessionReader) throws -> Value) throws -> Value? {
    if let folder = location.folder { return try (try? folder.read()).map(body) }
    let manifest = try storedManifest(location)
    let middle = manifest.segments.count / 2
    guard !manifest.segments.isEmpty, let bytes = try store.segment(middle, of: location.place) else {
      return nil
    }
    let path = "\(cache)/.reading/\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try FileManager.default.createDirectory(
      atPath: path + "/segments", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try Data(manifest.json).write(to: URL(fileURLWithPath: path + "/manifest.json"))
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + SessionFolder.segmentFile(middle)))
    return try (try? SessionFolder(path: path).read()).map(body)
  }
}
