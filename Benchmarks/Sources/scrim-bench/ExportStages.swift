import Foundation
import ScrimExport
import ScrimFormat
import ScrimImage
import ScrimStore

/// What is made of a session on disk.
enum ExportStages {
  static var all: [Stage] { [page] }

  private static let segments = 12
  private static let frames = 10

  /// A page of two minutes of photographs: segments read, held to their SHA-256, written as base64, and six pictures for readers
  /// without scripts.
  private static var page: Stage {
    Stage("page export, 120 frames of photos", share: 0.25, reference: "base64 of the same segments, written")
    {
      let folder = try Scratch()
      let session = SessionFolder(path: folder.path("session"))
      try record(session)
      let reader = try session.read()
      let path = folder.path("page.html")
      let work: (Int) throws -> Sample = { _ in
        var missing = 0
        var result = try sample(.process) {
          missing = try HTMLExport(reader).write(to: path)?.missing.count ?? 1
        }
        guard missing == 0 else { throw BenchError("the page of the benchmark misses segments") }
        result.bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        return result
      }
      let plain = URL(fileURLWithPath: folder.path("plain.txt"))
      let against: (Int) throws -> Sample = { _ in
        try sample(.process) {
          var text = Data()
          for index in reader.manifest.segments.indices {
            let name = String(format: "session/segments/%08d.scrim", index)
            text += try Data(contentsOf: URL(fileURLWithPath: folder.path(name))).base64EncodedData()
          }
          try text.write(to: plain)
        }
      }
      return (work, against: against)
    }
  }

  private static func record(_ folder: SessionFolder) throws {
    let header = Recording.header(width: Screen.width, height: Screen.height)
    var writer = try folder.create(header)
    var number = 0
    for _ in 0..<segments {
      var recording = try Recording(width: Screen.width, height: Screen.height)
      var segment = try SegmentWriter(header: header)
      for (index, frame) in Scene.photo.frames(frames).enumerated() {
        recording.show(frame)
        try recording.encode(keyframe: index == 0)
        try segment.append(
          FrameRecord(
            time: Int64(number) * 1_000_000_000, number: number, isKey: index == 0, coded: recording.payload))
        number += 1
      }
      try writer.begin(segment)
      try writer.seal()
    }
    _ = try writer.finish()
  }
}
