import Foundation
import Glibc
import ScrimDelivery
import ScrimFormat
import ScrimStore

/// The way of sealed segments from a recorder to a folder, against plain files of the same bytes that are synced as well.
enum DeliveryStages {
  static var all: [Stage] { [spooled, uploaded] }

  private static let segments = 24
  private static let frames = 2

  /// What a recorder does with coded frames: records, seals, files, list and manifest.
  private static var spooled: Stage {
    Stage(
      "spool 24 segments of photos", pixels: Screen.pixels * segments * frames, share: 0.5,
      reference: "plain files of these bytes, synced"
    ) {
      let folder = try Scratch()
      let coded = try payloads()
      let size = try record(coded, to: makeUploader(folder, "first")) / segments
      let bytes = [UInt8](repeating: 7, count: size)
      let work: (Int) throws -> Sample = { round in
        let uploader = try makeUploader(folder, "\(round)")
        var made = 0
        var result = try sample(.process) { made = try record(coded, to: uploader) }
        result.bytes = made
        return result
      }
      return (work, against: { round in try plain(folder.path("plain-\(round)")) { _ in bytes } })
    }
  }

  /// `scrim upload SPOOL --to DIR`: each segment is read, verified, stored, synced, and marked as sent.
  private static var uploaded: Stage {
    Stage(
      "upload 24 segments to a folder", pixels: Screen.pixels * segments * frames, share: 0.5,
      reference: "copying these files, synced"
    ) {
      let folder = try Scratch()
      let coded = try payloads()
      let work: (Int) throws -> Sample = { round in
        let uploader = try makeUploader(folder, "\(round)")
        _ = try record(coded, to: uploader)
        return try sample(.process) {
          try uploader.start { _ in }
          guard uploader.end(within: 60) == 0 else {
            throw BenchError("the stage of uploading leaves segments in its spool")
          }
        }
      }
      let sources = try (0..<2).map { number in
        let path = "kept-\(number)"
        _ = try record(coded, to: makeUploader(folder, path))
        return folder.path("spool-\(path)/\(session)")
      }
      return (
        work,
        against: { round in
          try plain(folder.path("copied-\(round)")) { index in
            let path = "\(sources[round % sources.count])/\(SessionFolder.segmentFile(index))"
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
          }
        }
      )
    }
  }

  private static let session = Recording.header(width: Screen.width, height: Screen.height).session

  private static func makeUploader(_ folder: Scratch, _ name: String) throws -> BackgroundUploader {
    try BackgroundUploader(to: folder.path("store-\(name)"), spool: folder.path("spool-\(name)"))
  }

  /// - Returns: the bytes of all segments.
  private static func record(_ coded: [[UInt8]], to uploader: BackgroundUploader) throws -> Int {
    let header = Recording.header(width: Screen.width, height: Screen.height)
    var writer = try uploader.folder(of: header.session).create(header)
    for index in 0..<segments {
      var segment = try SegmentWriter(header: header)
      for (place, payload) in coded.enumerated() {
        let number = index * coded.count + place
        try segment.append(
          FrameRecord(time: Int64(number) * 100_000_000, number: number, isKey: place == 0, coded: payload))
      }
      try writer.begin(segment)
      try writer.seal()
    }
    let bytes = writer.bytes
    _ = try writer.finish()
    return bytes
  }

  /// The coded frames of a segment: a keyframe, and a change.
  private static func payloads() throws -> [[UInt8]] {
    var recording = try Recording(width: Screen.width, height: Screen.height)
    var payloads: [[UInt8]] = []
    for (index, frame) in Scene.photo.frames(frames).enumerated() {
      recording.show(frame)
      try recording.encode(keyframe: index == 0)
      payloads.append(recording.payload)
    }
    return payloads
  }

  /// The time of plain files in a new folder, each synced.
  private static func plain(_ folder: String, _ bytes: (Int) throws -> [UInt8]) throws -> Sample {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return try sample(.process) {
      for index in 0..<segments { try write(bytes(index), to: "\(folder)/\(index)", in: folder) }
    }
  }

  /// Writes a file under a temporary name, syncs it, renames it, and syncs its folder.
  private static func write(_ bytes: [UInt8], to path: String, in folder: String) throws {
    let file = open(path + ".tmp", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard file >= 0 else { throw BenchError("\(path): can't be written") }
    defer { close(file) }
    guard Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
      throw BenchError("\(path): can't be written")
    }
    guard rename(path + ".tmp", path) == 0 else { throw BenchError("\(path): can't be renamed") }
    let handle = open(folder, O_RDONLY | O_DIRECTORY)
    guard handle >= 0, fsync(handle) == 0 else { throw BenchError("\(folder): can't be synced") }
    close(handle)
  }
}
