import Foundation
import ScrimFormat
import ScrimJSON
import ScrimTestSupport
import Testing

@testable import ScrimExport

@Suite struct SentryExportTests {
  @Test func partsFollowEachOtherWithoutGap() throws {
    let session = try SampleSession(width: 8, height: 8, frames: 200)
    let export = try SentryExport(session.reader, ExportRange())
    let length = session.times[199] - session.times[0]
    #expect(export.count == Int(length / 5_000_000_000) + 1)
    #expect(export.id == String(repeating: "07", count: 16))
  }

  /// Clips that are too large are made again at lower qualities; with the last one still too large there is none.
  @Test(.enabled(if: FFmpeg.isInstalled)) func clipsKeepToTheirLimit() throws {
    let session = try SampleSession(width: 320, height: 240, frames: 40)
    let export = try SessionExport(session.reader, ExportRange())
    let path = session.temporary.path + "/clip.mp4"
    let best = try #require(try VideoClip.make(export, at: path, limit: .max) { true })
    let next = try #require(try VideoClip.make(export, at: path, limit: best.bytes - 1) { true })
    #expect(next.bytes < best.bytes && next.frames == best.frames)
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    #expect(size == next.bytes)
    #expect {
      try VideoClip.make(export, at: path, limit: 10) { true }
    } throws: { error in
      guard case ExportError.tooLarge(_, let bytes, 10)? = error as? ExportError else { return false }
      return bytes > 10 && bytes <= next.bytes
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func partsHaveIdsOfTheirOwn() throws {
    let session = try SampleSession(width: 8, height: 8, frames: 20)
    let ids = try [nil, 1_000_000_000, 2_000_000_000].map { until in
      try SentryExport(session.reader, ExportRange(until: until)).id
    }
    #expect(Set(ids).count == 3 && ids.allSatisfy { $0.utf8.count == 32 })
  }

  @Test func theItemsLengthIsItsBytes() throws {
    let video = [UInt8](repeating: 0x0A, count: 70_000)
    let bytes = SentryEnvelope.bytes(
      id: String(repeating: "a", count: 32), sent: "2026-01-01T00:00:00Z", event: Array("{}".utf8),
      recording: Array("{\"segment_id\":0}\n[]".utf8), video: video)
    let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
    let head = try JSON(Array(lines[0]))
    #expect(head["event_id"] == .string(String(repeating: "a", count: 32)))
    let item = try JSON(Array(lines[1]))
    #expect(item["type"] == .string("replay_video"))
    #expect(item["length"] == .number(Double(lines[2].count - 1)), "a line feed stands behind the item")
    #expect(lines[2].first == 0x83 && lines[2].dropLast().suffix(video.count).elementsEqual(video))
  }

  @Test func eventsBecomeWhatSentryShows() throws {
    let clip = VideoClip(
      path: "", bytes: 1234, width: 20, height: 10, frames: 25, rate: 10, start: 1_000_000_000)
    var options = PictureOptions()
    options.scale = 0.5
    let recording = SentryRecording(clip, segment: 3, clock: 5_000_000_000, options)
    func entry(_ text: String) throws -> SessionEvents.Entry {
      let json = try JSON(Array(text.utf8))
      guard case .string(let type)? = json["type"] else { throw CancellationError() }
      return SessionEvents.Entry(time: 2_000_000_000, type: type, json: json)
    }
    let payload = recording.payload([
      try entry(#"{"type":"button","x":10,"y":4}"#), try entry(#"{"type":"move","x":10,"y":4}"#),
      try entry(#"{"type":"key"}"#), try entry(#"{"type":"log","message":"m","level":"warning"}"#),
      try entry(#"{"type":"network","method":"GET","url":"https://x/","status":200,"duration_ms":500}"#),
    ])
    let parts = payload.split(separator: 0x0A)
    #expect(try JSON(Array(parts[0])) == .members(["segment_id": 3]))
    guard case .array(let list) = try JSON(Array(parts[1])) else { throw CancellationError() }
    #expect(list.map { $0["type"] } == [4, 5, 3, 3, 5, 5].map { .number($0) })
    #expect(list[0]["timestamp"] == .number(6000) && list[2]["timestamp"] == .number(7000))
    let video = try #require(list[1]["data"]?["payload"])
    #expect(video["duration"] == .number(2500) && video["size"] == .number(1234))
    let touch = try #require(list[2]["data"])
    #expect(touch["id"] == .number(0) && touch["x"] == .number(5) && touch["type"] == .number(7))
    #expect(list[4]["data"]?["payload"]?["level"] == .string("warning"))
    let request = try #require(list[5]["data"]?["payload"])
    #expect(request["startTimestamp"] == .number(7) && request["endTimestamp"] == .number(7.5))
    #expect(request["data"]?["statusCode"] == .number(200))
  }
}

private enum FFmpeg {
  static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/ffmpeg") }
}
