import Foundation
import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimJSON
import ScrimTestSupport
import Testing

@testable import ScrimExport

/// Builds pictures of a file of events as rrweb's players do: pages, pictures that are laid over them, and replaced ones.
private struct Page {
  private(set) var picture: Picture?
  private var top: Int?
  private(set) var pages = 0
  private(set) var replaced = 0

  mutating func apply(_ event: JSON) throws {
    guard case .object? = event["data"], let data = event["data"], case .number(let type)? = event["type"]
    else {
      return
    }
    if type == 2 {
      pages += 1
      let html = try #require(data["node"]?["childNodes"]?.item(1))
      let body = try #require(html["childNodes"]?.item(1))
      try show(try #require(body["childNodes"]?.item(0)))
      top = 7
    }
    guard type == 3, case .number(0)? = data["source"] else { return }
    if case .array(let changes)? = data["attributes"], let change = changes.first {
      #expect(change["id"] == .number(6))
      picture = try decoded(try #require(change["attributes"]))
      replaced += 1
      if case .array(let gone)? = data["removes"] {
        // Every picture over the page goes, and each was there.
        #expect(gone.allSatisfy { $0["parentId"] == .number(5) })
      }
    }
    if case .array(let adds)? = data["adds"], let node = adds.first?["node"] { try show(node) }
  }

  private mutating func show(_ node: JSON) throws {
    let attributes = try #require(node["attributes"])
    let part = try decoded(attributes)
    guard case .string(let style)? = attributes["style"],
      let match = style.firstMatch(of: /left:(\d+)px;top:(\d+)px/), let x = Int(match.1), let y = Int(match.2)
    else { throw TestError() }
    guard var whole = picture, node["id"] != .number(6) else {
      picture = part
      return
    }
    for row in 0..<part.height {
      for column in 0..<part.width {
        whole.pixels[(y + row) * whole.width + x + column] = part.pixels[row * part.width + column]
      }
    }
    picture = whole
  }

  private struct TestError: Error {}

  private func decoded(_ attributes: JSON) throws -> Picture {
    guard case .string(let source)? = attributes["src"],
      let data = Data(base64Encoded: String(source.trimmingPrefix("data:image/png;base64,")))
    else { throw TestError() }
    let image = try PNG.decode(Array(data).span)
    var picture = Picture(width: image.info.header.width, height: image.info.header.height)
    picture.pixels = image.pixels.map { $0 & 0xFF_FFFF }
    return picture
  }
}

extension JSON {
  fileprivate func item(_ index: Int) -> JSON? {
    if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
  }
}

@Suite struct RRWebExportTests {
  private func events(_ session: SampleSession, _ range: ExportRange = ExportRange()) throws -> [JSON] {
    let path = session.temporary.path + "/events.json"
    let export = try SessionExport(session.reader, range)
    var form = try RRWebExport(file: path, of: export)
    _ = try export.run(into: &form) { _ in true }
    guard case .array(let events) = try JSON([UInt8](Data(contentsOf: URL(fileURLWithPath: path)))) else {
      return []
    }
    return events
  }

  private func time(_ event: JSON) -> Int64 {
    if case .number(let time)? = event["timestamp"] { Int64(time) } else { .min }
  }

  @Test func everyPictureIsExactInItsTime() throws {
    let session = try SampleSession(width: 60, height: 40, frames: 300)
    let list = try events(session)
    var page = Page()
    var next = 0
    for (number, event) in list.enumerated() {
      try page.apply(event)
      guard number + 1 == list.count || time(list[number + 1]) > time(event), let picture = page.picture
      else {
        continue
      }
      // The last frame that has begun by now.
      while next + 1 < session.times.count, milliseconds(session.times[next + 1]) <= time(event) { next += 1 }
      #expect(picture == session.pictures[next], "frame \(next)")
    }
    #expect(next == 299 && page.pages > 2 && page.replaced > 2)
    #expect(zip(list, list.dropFirst()).allSatisfy { time($0) <= time($1) }, "players play in this order")
    #expect(time(list[list.count - 1]) == milliseconds(try #require(session.times.last)))
  }

  private func milliseconds(_ time: Int64) -> Int64 {
    SampleSession.start / 1_000_000 + Int64((Double(time) / 1e6).rounded())
  }

  @Test func eventsComeAsPlayersKnowThem() throws {
    func record(_ milliseconds: Int64, _ json: String) -> EventRecord {
      EventRecord(time: milliseconds * 1_000_000, json: Array(json.utf8))
    }
    let session = try SampleSession(
      width: 20, height: 20, frames: 40,
      events: [
        record(100, #"{"type":"move","x":3,"y":4}"#), record(110, #"{"type":"move","x":5,"y":6}"#),
        record(200, #"{"type":"button","x":5,"y":6}"#), record(300, #"{"type":"key"}"#),
        record(400, #"{"type":"log","message":"</script>\u2028"}"#),
        record(500, #"{"type":"touch-move","x":7,"y":8}"#),
      ])
    let list = try events(session)
    let pointer = list.filter { $0["data"]?["positions"] != nil }
    #expect(pointer.count == 2, "a move 10 ms behind another is left out")
    #expect(pointer[0]["data"]?["positions"]?.item(0)?["x"] == .number(3))
    #expect(pointer[1]["data"]?["source"] == .number(6))
    #expect(list.filter { $0["data"]?["source"] == .number(2) }.count == 3)
    let marks = list.filter { $0["type"] == .number(5) }
    #expect(marks.map { $0["data"]?["tag"] } == [.string("log"), .string("end")], "keys leave no mark")
    #expect(marks[0]["data"]?["payload"]?["message"] == .string("</script>\u{2028}"))
  }

  @Test func aPartBeginsWithWhatIsShown() throws {
    let session = try SampleSession(width: 20, height: 20, frames: 60)
    let from = session.times[30] + 5_000_000
    let list = try events(session, ExportRange(from: from, until: session.times[40]))
    var page = Page()
    try page.apply(list[0])
    try page.apply(list[1])
    #expect(page.picture == session.pictures[30])
    #expect(time(list[0]) == milliseconds(from))
  }
}
