import Foundation
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

/// Log events from journal files as systemd-journal-remote writes them.
@Suite struct JournalFeedTests {
  private static let writesJournals = "/lib/systemd/systemd-journal-remote"

  /// Appends entries to a journal file.
  private func append(_ entries: [[String: String]], to path: String) throws {
    let now = Int(Date().timeIntervalSince1970 * 1e6)
    let text = entries.enumerated().map { number, entry in
      let fields = [
        "__REALTIME_TIMESTAMP": "\(now + number)", "__MONOTONIC_TIMESTAMP": "\(now % 1_000_000_000 + number)",
      ]
      .merging(entry) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
      return fields + "_BOOT_ID=0123456789abcdef0123456789abcdef\n\n"
    }.joined()
    let source = path + ".txt"
    try Data(text.utf8).write(to: URL(fileURLWithPath: source))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Self.writesJournals)
    process.arguments = ["-o", path, source]
    process.standardError = FileHandle.nullDevice
    try process.run()
    try process.waitUntilExit(seconds: 30)
    #expect(process.terminationStatus == 0)
    try FileManager.default.removeItem(atPath: source)
  }

  /// Takes entries until there are that many, at most for ten seconds.
  private func take(_ count: Int, from queue: LiveEventQueue) -> [LiveEventQueue.Entry] {
    var entries: [LiveEventQueue.Entry] = []
    let end = Date().addingTimeInterval(10)
    while entries.count < count, Date() < end {
      if let entry = queue.take() { entries.append(entry) } else { usleep(20_000) }
    }
    return entries
  }

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: writesJournals),
      "needs systemd-journal-remote: .ci/install test brings it"))
  func entriesOfTheUnitFollow() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/test.journal"
    // What stands there before is not followed.
    try append([["_SYSTEMD_UNIT": "shop.service", "MESSAGE": "before"]], to: path)
    let queue = try JournalFeed.start(unit: "shop", directory: folder.path)
    defer { queue.close() }
    usleep(300_000)
    #expect(queue.isEmpty)
    try append(
      [
        ["_SYSTEMD_UNIT": "shop.service", "MESSAGE": "first", "PRIORITY": "3", "SYSLOG_IDENTIFIER": "shopd"],
        ["_SYSTEMD_UNIT": "other.service", "MESSAGE": "of another unit"],
        ["_PID": "1", "UNIT": "shop.service", "MESSAGE": "Stopped shop.service", "PRIORITY": "6"],
        ["_PID": "99", "UNIT": "shop.service", "MESSAGE": "one that only claims to be of systemd"],
        ["_SYSTEMD_USER_UNIT": "shop.service", "MESSAGE": "of a user's systemd"],
        ["_SYSTEMD_UNIT": "shop.service", "PRIORITY": "5"],
        ["_SYSTEMD_UNIT": "shop.service", "MESSAGE": "last"],
      ], to: path)
    let events = take(4, from: queue).compactMap { entry in
      if case .event(let event) = entry { event } else { nil }
    }
    #expect(events.map(\.message) == ["first", "Stopped shop.service", "of a user's systemd", "last"])
    #expect(events.map(\.level) == ["error", "info", nil, nil])
    #expect(events.first?.logger == "shopd" && events.allSatisfy { $0.type == "log" && $0.time != nil })
  }

  @Test func aFolderThatIsNotThereIsRefused() {
    #expect(throws: CaptureError.self) { try JournalFeed.start(unit: "shop", directory: "/nowhere") }
  }

  @Test func timesOfOtherClocksAreThoseOfTheArrival() {
    func time(_ written: UInt64) -> Int64? {
      JournalFeed.event(
        message: "", identifier: nil, priority: -1, microseconds: written, now: 1_000_000_000_000,
        wall: 2_000_000_000_000
      ).time
    }
    #expect(time(2_000_000_000) == 1_000_000_000_000)
    #expect(time(1_999_000_000) == 999_000_000_000, "a second ago")
    #expect(time(1_900_000_000) == 1_000_000_000_000, "too long ago")
    #expect(time(2_100_000_000) == 1_000_000_000_000, "in the future")
    #expect(time(.max) == 1_000_000_000_000)
  }

  /// What has no room is dropped and counted; the others keep their order.
  @Test func aFloodIsCountedAndNeverWaits() {
    let queue = LiveEventQueue(place: "here")
    for number in 0..<(LiveEventQueue.limit + 77) {
      var event = Event("log", time: Int64(number))
      event.message = "\(number)"
      queue.post(event)
    }
    for number in 0..<LiveEventQueue.limit {
      guard case .event(let event)? = queue.take() else {
        Issue.record("an event is missing")
        return
      }
      #expect(event.message == "\(number)")
    }
    guard case .fault(let issue, let count)? = queue.take() else {
      Issue.record("the number is missing")
      return
    }
    #expect(count == 77 && issue.message.hasPrefix("77 events were dropped"))
    #expect(queue.isEmpty)
  }
}

extension LiveEventQueue {
  fileprivate var isEmpty: Bool { if case nil = take() { true } else { false } }
}
