import Foundation
import ScrimCodec
import ScrimFormat
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimExport

@Suite struct PageTests {
  private static let vector = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../ScrimRecorderTests/Vectors/letter-1").standardizedFileURL.path

  private func page(_ options: HTMLExport.Options = HTMLExport.Options()) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).html").path
    defer { _ = try? FileManager.default.removeItem(atPath: path) }
    let summary = try HTMLExport(try SessionFolder(path: Self.vector).read(), options).write(to: path)
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(summary?.bytes == data.count && summary?.missing.isEmpty == true)
    #expect(!FileManager.default.fileExists(atPath: path + ".part"))
    return String(decoding: data, as: UTF8.self)
  }

  /// 60 KB are a fifth of one minute of a test's recording.
  @Test func thePlayerIsSmall() throws {
    var deflater = try Deflater(level: 9)
    var bytes: [UInt8] = []
    for text in [PlayerPage.style, PlayerPage.markup, PlayerPage.worker, PlayerPage.page] {
      deflater.append(Array(text.utf8).span, to: &bytes)
    }
    deflater.finish(to: &bytes)
    #expect(bytes.count < 60_000, "\(bytes.count) bytes")
  }

  @Test func noModuleIsForgotten() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ScrimExport/Page").standardizedFileURL
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".js") {
      let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      for match in text.matches(of: /(?m)^export (?:async )?(?:function|class|const) (\w+)/) {
        let used = [PlayerPage.worker, PlayerPage.page].filter { $0.contains(" \(match.1)") }
        #expect(!used.isEmpty, "\(name): \(match.1) is in no script")
      }
    }
    for text in [PlayerPage.worker, PlayerPage.page] {
      #expect(!text.contains("import ") && !text.contains("export ") && !text.contains("</script"))
    }
  }

  /// Joined modules share one scope.
  @Test func noNameIsUsedTwice() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ScrimExport/Page").standardizedFileURL
    let rooms = [
      ["worker.js", "segment.js", "zstd.js", "frame.js"], ["app.js", "player.js", "panel.js", "stage.js"],
    ]
    let shared = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(".js")
    }
    for room in rooms {
      let others = Set(rooms.flatMap { $0 }).subtracting(room)
      var names: [String: String] = [:]
      for file in shared where !others.contains(file) {
        let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
        let pattern = /(?m)^(?:export )?(?:async )?(?:function|class|const|let) (\w+)/
        for match in text.matches(of: pattern) {
          let before = names.updateValue(file, forKey: String(match.1))
          #expect(before == nil, "\(match.1) is in \(file) and \(before ?? "")")
        }
      }
    }
  }

  @Test func nothingComesFromOutside() throws {
    let text = try page()
    #expect(text.contains("default-src 'none'; script-src 'sha256-"))
    #expect(!text.contains("unsafe-") && !text.contains(" src=\"http") && !text.contains("href=\"http"))
    #expect(
      text.firstMatch(of: /eval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write/) == nil
    )
    #expect(text.matches(of: /<img alt="The screen at/).count == 6, "six pictures for who has no scripts")
  }

  @Test func noWordEndsTheElementThatHoldsIt() throws {
    let hostile = "</title></script><script>alert(1)</script>"
    let text = try page(HTMLExport.Options(title: hostile, traceURL: "https://x/{trace_id}?\(hostile)"))
    #expect(!text.contains("<script>alert"))
  }

  @Test func addressesOfTracesRunNoCode() {
    for address in ["https://x/{trace_id}", "HTTP://x:8080/a?b={trace_id}#c", "https://x#{trace_id}"] {
      #expect(PageDescription.isTraceAddress(address), "\(address)")
    }
    for address in [
      "", "x", "https://x/", "https:///{trace_id}", "https://a@x/{trace_id}", "https://{trace_id}.x/",
      "https://x/\t{trace_id}", "javascript:alert(1)//{trace_id}", "https://x\\{trace_id}", "//x/{trace_id}",
    ] {
      #expect(!PageDescription.isTraceAddress(address), "\(address)")
    }
  }

  /// The losses that the manifest lists are in the page's data, so that its badge doesn't call the session complete.
  @Test func lossesAreInThePage() throws {
    var manifest = try SessionFolder(path: Self.vector).read().manifest
    #expect(PageDescription(manifest).json.contains(#""droppedEvents":0,"droppedFrames":0"#))
    manifest.about.droppedFrames = 12
    manifest.about.droppedEvents = 3
    #expect(PageDescription(manifest).json.contains(#""droppedEvents":3,"droppedFrames":12"#))
  }

  /// Signs of frustration are found if there is input; they are unknown, and not none, if a segment is missing.
  @Test func findingsAreInThePage() throws {
    let press = Array(#"{"type":"button","x":5,"y":5,"button":1,"role":"push button"}"#.utf8)
    let presses = (1...4).map { EventRecord(time: Int64($0) * 100_000_000, json: press) }
    let session = try SampleSession(width: 64, height: 48, frames: 40, perSegment: 20, events: presses)
    let path = session.temporary.path + "/page.html"
    func write() throws -> String {
      _ = try HTMLExport(session.reader).write(to: path)
      return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }
    #expect(try write().contains(#""kind":"rage""#))
    let quiet = try SampleSession(width: 64, height: 48, frames: 10)
    let other = quiet.temporary.path + "/page.html"
    _ = try HTMLExport(quiet.reader).write(to: other)
    #expect(try String(contentsOfFile: other, encoding: .utf8).contains(#""findings":[]"#))
    let second = session.reader.folder.path + "/" + SessionFolder.segmentFile(1)
    try FileManager.default.removeItem(atPath: second)
    let text = try write()
    #expect(text.contains("data-missing=") && !text.contains(#""findings""#))
  }

  @Test func aPartHasItsSegmentsOnly() throws {
    let manifest = try SessionFolder(path: Self.vector).read().manifest
    let until = manifest.segments[1].times.lowerBound
    let text = try page(HTMLExport.Options(range: ExportRange(until: until)))
    #expect(text.contains("id=\"segment-0\"") && !text.contains("id=\"segment-1\""))
  }
}
