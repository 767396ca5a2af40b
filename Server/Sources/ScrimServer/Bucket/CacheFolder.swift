import Foundation
import Glibc
import ScrimFormat

/// A folder of this machine for what a server over a bucket can make again. One server uses it at a time.
final class CacheFolder: Sendable {
  let path: String
  /// Its lock ends with the process.
  private let descriptor: Int32

  init(_ options: ServerOptions) throws {
    path = options.cache ?? CacheFolder.standard(options)
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw ServerError(description: "the cache \(path) can't be made: give --cache DIR") }
    // The string lives as a C string until the call returns; so below.
    descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      throw ServerError(description: "another server uses the cache \(path): give --cache DIR")
    }
    // Left by a server that was killed.
    try? FileManager.default.removeItem(atPath: path + "/.reading")
  }

  deinit { close(descriptor) }

  private static func standard(_ options: ServerOptions) -> String {
    let home = options.environment["HOME"] ?? NSTemporaryDirectory()
    let caches = options.environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home + "/.cache"
    let name = "\(SHA256.digest(Array("\(options.store) \(options.port)".utf8).span))".prefix(16)
    return "\(caches)/scrim-server/\(name)"
  }
}
