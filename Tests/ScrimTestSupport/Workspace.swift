import Foundation

/// A test's own folder, removed when the test ends: `in` with the images, `out` for the results.
public final class Workspace {
  public let root: String
  public var input: String { root + "/in" }
  public var output: String { root + "/out" }

  public init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID().uuidString)")
    root = url.path
    try FileManager.default.createDirectory(atPath: root + "/in", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// Writes a file below the root, making folders.
  public func put(_ path: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: root + "/" + path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Writes an image into `in`, and its boxes beside it.
  public func putImage(_ name: String, _ bytes: [UInt8], sidecar: String? = nil) throws {
    try put("in/" + name, bytes)
    if let sidecar { try put("in/" + name + ".json", Array(sidecar.utf8)) }
  }

  public func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: root + "/" + path)))
  }

  /// Paths of the regular files below `out`.
  public var outputs: Set<String> {
    let all = FileManager.default.enumerator(atPath: output)?.compactMap { $0 as? String } ?? []
    return Set(
      all.filter {
        (try? FileManager.default.attributesOfItem(atPath: output + "/" + $0))?[.type] as? FileAttributeType
          == .typeRegular
      })
  }
}
