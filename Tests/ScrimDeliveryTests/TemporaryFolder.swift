import Foundation
import ScrimFormat

/// A folder of its own for a test, removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The folder's files with their contents, by relative path.
  func files(under name: String) throws -> [String: [UInt8]] {
    let root = path + "/" + name
    var files: [String: [UInt8]] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: root) {
      let attributes = try FileManager.default.attributesOfItem(atPath: root + "/" + entry)
      guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      files[entry] = try bytes(of: name + "/" + entry)
    }
    return files
  }

  func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

  func rename(_ name: String, to other: String) throws {
    try FileManager.default.moveItem(atPath: path + "/" + name, toPath: path + "/" + other)
  }
}

/// Sessions that the tests write; frames hold bytes that mean nothing.
enum Samples {
  static let header = SegmentHeader(
    session: SessionID((0..<16).map { UInt8($0) }), start: 1_700_000_000_123_456_789, width: 64, height: 48,
    policy: SHA256Digest([UInt8](repeating: 0xCD, count: 32)), producer: "scrim/test \"0.1\"")

  /// Frame `number` of a session at 10 frames a second.
  static func frame(_ number: Int, isKey: Bool = false) -> FrameRecord {
    FrameRecord(
      time: Int64(number) * 100_000_000 + 549_100_000, number: number, isKey: isKey,
      coded: (0..<(number % 7)).map { UInt8(number + $0) })
  }

  static func segment(_ first: Int, header: SegmentHeader = header) throws -> SegmentWriter {
    var segment = try SegmentWriter(header: header)
    try segment.append(frame(first, isKey: true))
    return segment
  }

  static let event = EventRecord(time: 540_000_000, json: Array(#"{"type":"key"}"#.utf8))
}
