import Foundation
import NIOPosix
import ScrimExport
import ScrimStore
import Synchronization

/// Small pictures of sessions, made from a player's pictures, on disk beside the index. They can be deleted and are
/// made again.
final class ThumbnailCache: Sendable {
  /// Width in pixels.
  static let width = 480
  /// Seconds after which the picture of a session that has not ended is made again.
  private static let freshSeconds = 10.0
  /// The maximum size of all pictures in bytes; the oldest are removed.
  private static let limit = 256 << 20
  /// The number of new pictures after which the total size is checked.
  private static let step = 200

  private let path: String
  private let made = Mutex(0)
  /// Decoding uses the processor: at most two pictures are made at a time.
  private let workers: NIOThreadPool

  /// - Parameter path: a folder, in which they are below ``StoreLayout/thumbnails``.
  init(path: String) {
    self.path = path
    workers = NIOThreadPool(numberOfThreads: 2)
    workers.start()
  }

  /// - Returns: a JPEG; nil if there is no picture.
  func picture(of location: SessionLocation, by service: ReplayService) async throws -> [UInt8]? {
    try await workers.runIfActive { try self.read(location, service) }
  }

  private func file(of place: SessionStore.Place) -> String {
    path + "/" + StoreLayout.thumbnail(place.session, project: place.project)
  }

  /// Removes the picture of a session that was deleted.
  func remove(_ place: SessionStore.Place) {
    try? FileManager.default.removeItem(atPath: file(of: place))
  }

  private func read(_ location: SessionLocation, _ service: ReplayService) throws -> [UInt8]? {
    let path = file(of: location.place)
    let age = try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    if let age, location.isSealed || -age.timeIntervalSinceNow < ThumbnailCache.freshSeconds,
      let held = FileManager.default.contents(atPath: path), !held.isEmpty
    {
      return Array(held)
    }
    let picture = try service.reading(location) { Thumbnail.jpeg(of: $0, width: ThumbnailCache.width) }
    guard let made = picture ?? nil else { return nil }
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try Data(made).write(to: URL(fileURLWithPath: path), options: .atomic)
    if self.made.withLock({ count in
      count += 1
      return count % ThumbnailCache.step == 1
    }) {
      prune()
    }
    return made
  }

  /// Removes the oldest pictures until four fifths of the limit are left.
  func prune(limit: Int = ThumbnailCache.limit) {
    let root = URL(fileURLWithPath: path + "/" + StoreLayout.thumbnails)
    let keys: Set<URLResourceKey> = [.fileSizeKey, .contentModificationDateKey]
    guard let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: Array(keys)) else {
      return
    }
    var found: [(url: URL, bytes: Int, date: Date)] = []
    for case let url as URL in files {
      guard url.pathExtension == "jpg", let values = try? url.resourceValues(forKeys: keys),
        let bytes = values.fileSize
      else { continue }
      found.append((url, bytes, values.contentModificationDate ?? .distantPast))
    }
    var sum = found.reduce(0) { $0 + $1.bytes }
    guard sum > limit else { return }
    for file in found.sorted(by: { $0.date < $1.date }) where sum > limit / 5 * 4 {
      try? FileManager.default.removeItem(at: file.url)
      sum -= file.bytes
    }
  }

  /// Removes the pictures of sessions that no longer exist.
  func removeOrphans(_ isThere: (_ project: String, _ session: String) -> Bool) {
    let root = path + "/" + StoreLayout.thumbnails
    for project in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
      for file in (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(project)")) ?? [] {
        if isThere(project, (file as NSString).deletingPathExtension) { continue }
        try? FileManager.default.removeItem(atPath: "\(root)/\(project)/\(file)")
      }
    }
  }
}
