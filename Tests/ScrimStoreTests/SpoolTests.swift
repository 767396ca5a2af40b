import Foundation
import ScrimFormat
import ScrimTestSupport
import Synchronization
import Testing

@testable import ScrimStore

@Suite struct SpoolTests {
  let temporary: TemporaryFolder
  let spool: SegmentSpool

  init() throws {
    temporary = try TemporaryFolder()
    spool = SegmentSpool(path: temporary.path + "/spool")
    try spool.prepare(for: "https://example.com")
  }

  private func session(_ number: UInt8) -> SessionID { SessionID([UInt8](repeating: number, count: 16)) }

  private func write(_ number: UInt8, segments: Int, hours: Int = 0, extra: String? = nil) throws {
    var header = SampleSegments.header
    header.session = session(number)
    var writer = try spool.folder(of: header.session).create(header)
    for index in 0..<segments {
      try writer.begin(try SampleSegments.segment(index, header: header))
      try writer.seal()
    }
    try writer.finish()
    if let extra {
      let name = "spool/\(header.session)/manifest.json"
      let text = String(decoding: try temporary.bytes(of: name), as: UTF8.self)
      try temporary.write(
        Array(text.replacing("{", with: "{" + extra + ",", maxReplacements: 1).utf8), to: name)
    }
    for index in 0..<segments {
      let path = spool.file(SpooledSegment(session: header.session, index: index), .waiting)
      try Disk.setModified(path, SpoolTests.now - Int64(hours) * 3_600_000_000_000 + Int64(index))
    }
  }

  private static let now: Int64 = 1_800_000_000_000_000_000

  private func keeper() throws -> SpoolKeeper { try #require(try spool.keeper()) }

  private func waiting() throws -> [SessionID: [Int]] {
    var waiting: [SessionID: [Int]] = [:]
    for session in try spool.sessions() {
      var indices: [Int] = []
      try Disk.forEachName(in: spool.folder(session, .waiting)) {
        if let index = StoreLayout.index(ofFile: $0) { indices.append(index) }
      }
      if !indices.isEmpty { waiting[session] = indices.sorted() }
    }
    return waiting
  }

  @Test func oneDestination() throws {
    try spool.prepare(for: "https://example.com")
    let error = #expect(throws: StoreError.self) { try spool.prepare(for: "https://example.org") }
    #expect(error?.reason == .otherDestination("https://example.com"))
    #expect(try spool.destination() == "https://example.com")
  }

  @Test func oneKeeperAtATime() throws {
    let first = try spool.keeper()
    #expect(first != nil)
    #expect(try spool.keeper() == nil)
    _ = consume first
    #expect(try spool.keeper() != nil)
  }

  @Test func theOldestGoesFirst() throws {
    try write(1, segments: 2, hours: 1)
    try write(2, segments: 2, hours: 3)
    let keeper = try keeper()
    #expect(keeper.order == [session(2), session(1)])
    #expect(keeper.waitingCount == 4)
    #expect(keeper.next { _ in true }?.segment == SpooledSegment(session: session(2), index: 0))
    let first = SpooledSegment(session: session(2), index: 0)
    #expect(keeper.next { $0 != first }?.segment == SpooledSegment(session: session(2), index: 1))
  }

  @Test func namesThatAreNone() throws {
    try write(1, segments: 1)
    for name in [
      "spool/\(session(1))/segments/1.scrim", "spool/\(session(1))/segments/00000001.scrim.tmp",
      "spool/\(session(1).description.uppercased())/segments/00000000.scrim",
      "spool/x/segments/00000000.scrim",
      "spool/\(session(1))/segments/0000000a.scrim", "spool/\(session(1))/segments/-0000001.scrim",
    ] { try temporary.write([1], to: name) }
    #expect(try keeper().waitingCount == 1)
    #expect(try spool.check().strangers.sorted() == ["x"])
  }

  @Test func sentFilesAreEmptiedAfterTheirNamesLast() throws {
    try write(1, segments: 3)
    let keeper = try keeper()
    #expect(try keeper.delivered(SpooledSegment(session: session(1), index: 1)))
    let name = "spool/\(session(1))/sent/00000001.scrim"
    #expect(try !temporary.bytes(of: name).isEmpty)
    try keeper.settle()
    #expect(try temporary.bytes(of: name).isEmpty)
    #expect(try waiting() == [session(1): [0, 2]])
    #expect(try !keeper.removeIfDone(session(1)))
    for index in [0, 2] { #expect(try keeper.delivered(SpooledSegment(session: session(1), index: index))) }
    #expect(try keeper.removeIfDone(session(1)))
    #expect(try spool.sessions() == [])
  }

  /// Recovery rebuilds a manifest from the waiting files, so a file that isn't listed yet stays among them.
  @Test func aSegmentThatTheManifestMissesKeepsItsName() throws {
    let header = SampleSegments.header
    do {
      var writer = try spool.folder(of: header.session).create(header)
      try writer.begin(try SampleSegments.segment(0))
      try writer.seal()
    }
    try temporary.remove("spool/\(header.session)/segments.jsonl")
    let keeper = try keeper()
    let segment = SpooledSegment(session: header.session, index: 0)
    #expect(try !keeper.delivered(segment))
    #expect(try keeper.recover(header.session))
    #expect(try keeper.delivered(segment))
  }

  /// An uploader removes folders of sessions that are done; one that is just being made looks the same.
  @Test func aFolderIsMadeWhileAnUploaderCleansUp() throws {
    let keeper = try keeper()
    let spool = spool
    let made = Mutex<(count: Int, failure: String?)>((0, nil))
    @Sendable func name(_ number: Int) -> SessionID {
      SessionID((0..<16).map { $0 < 2 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 7 })
    }
    let thread = Thread {
      for number in 0..<400 {
        var header = SampleSegments.header
        header.session = name(number)
        do {
          var writer = try spool.folder(of: header.session).create(header)
          try writer.begin(try SampleSegments.segment(0, header: header))
          try writer.seal()
        } catch {
          made.withLock { $0.failure = "\(error)" }
        }
        made.withLock { $0.count += 1 }
      }
    }
    thread.start()
    let end = Date().addingTimeInterval(60)
    while made.withLock({ $0.count }) < 400, Date() < end {
      _ = try keeper.removeIfDone(name(made.withLock { $0.count }))
    }
    let (count, failure) = made.withLock { ($0.count, $0.failure) }
    #expect(count == 400)
    #expect(failure == nil)
    #expect(try spool.status().waiting.segments == 400)
  }

  // MARK: Limits

  @Test func wholeSessionsThatNoErrorRequestedAreDroppedFirst() throws {
    try write(1, segments: 4, hours: 9, extra: #""error_ids":["e"]"#)
    try write(2, segments: 4, hours: 8, extra: #""kind":"buffer""#)
    try write(3, segments: 4, hours: 7)
    try write(4, segments: 4, hours: 6)
    let keeper = try keeper()
    let size = keeper.waitingBytes / 16
    var limits = SpoolLimits()
    func enforce(_ segments: Int) throws -> Int {
      limits.bytes = segments * size + size / 2
      return try keeper.enforce(limits, busy: [], now: SpoolTests.now)
    }
    #expect(try enforce(16) == 0)
    #expect(try enforce(15) == 4)
    #expect(try waiting().keys.contains(session(3)) == false)
    #expect(try enforce(11) == 4)
    #expect(try Set(waiting().keys) == [session(1), session(2)])
    #expect(try enforce(7) == 4)
    #expect(try Array(waiting().keys) == [session(2)])
    // The only remaining one loses its oldest segments.
    #expect(try enforce(3) == 1)
    #expect(try waiting() == [session(2): [1, 2, 3]])
    let dropped = try spool.status().dropped[.budget]
    #expect(dropped?.segments == 13)
    let losses = try spool.status().losses
    #expect(losses.map(\.session) == [session(3), session(4), session(1), session(2)])
    #expect(losses.map(\.segments) == [4, 4, 4, 1] && losses.allSatisfy { $0.reason == .budget })
    #expect(try spool.replayState(of: session(3)) == .dropped(losses[0]))
    // One of its segments is lost, and the others wait.
    #expect(try spool.replayState(of: session(2)) == .dropped(losses[3]))
    #expect(keeper.takeLosses() == losses && keeper.takeLosses().isEmpty)
    #expect(try spool.status().waiting.segments == 3)
  }

  @Test func aSessionThatIsRecordedLosesItsOldest() throws {
    let header = SampleSegments.header
    var writer = try spool.folder(of: header.session).create(header)
    for index in 0..<6 {
      try writer.begin(try SampleSegments.segment(index))
      try writer.seal()
    }
    for index in 0..<6 {
      try Disk.setModified(
        spool.file(SpooledSegment(session: header.session, index: index), .waiting), SpoolTests.now)
    }
    try write(9, segments: 1, hours: 1, extra: #""error_ids":["e"]"#)
    let keeper = try keeper()
    var limits = SpoolLimits()
    let sizes = try (0..<6).map { index in
      try temporary.bytes(of: "spool/\(header.session)/" + SessionFolder.segmentFile(index)).count
    }
    limits.bytes = keeper.waitingBytes - sizes[1] - sizes[2] - sizes[3]
    let busy = SpooledSegment(session: header.session, index: 0)
    #expect(try keeper.enforce(limits, busy: [busy], now: SpoolTests.now) == 3)
    #expect(try waiting() == [header.session: [0, 4, 5], session(9): [0]])
    try writer.finish()
  }

  @Test func tooOldSegmentsAreDropped() throws {
    try write(1, segments: 3, hours: 24 * 14 + 1)
    try write(2, segments: 2, hours: 24 * 14 - 1)
    let keeper = try keeper()
    #expect(try keeper.enforce(SpoolLimits(), busy: [], now: SpoolTests.now) == 3)
    #expect(try waiting() == [session(2): [0, 1]])
    #expect(try spool.status().dropped[.age]?.segments == 3)
  }

  /// A machine that starts in 1970, then gets the time: nothing becomes 56 years old.
  @Test func clockSteps() throws {
    try write(1, segments: 2, hours: 1)
    let path = spool.file(SpooledSegment(session: session(1), index: 0), .waiting)
    try Disk.setModified(path, 1_000_000_000)
    let keeper = try keeper()
    try keeper.redateImplausible(now: SpoolTests.now)
    #expect(try keeper.enforce(SpoolLimits(), busy: [], now: SpoolTests.now) == 0)
    let step: Int64 = 40 * 86_400_000_000_000
    try keeper.noteClockStep(step)
    #expect(try keeper.enforce(SpoolLimits(), busy: [], now: SpoolTests.now + step) == 0)
    #expect(try Disk.status(path)?.modified == SpoolTests.now + step)
    try keeper.noteClockStep(-step)
    #expect(try Disk.status(path)?.modified == SpoolTests.now)
    #expect(try waiting() == [session(1): [0, 1]])
  }

  @Test func aTornLineCountsNotAtAllAndATwiceCountedOnce() throws {
    try write(1, segments: 3)
    let keeper = try keeper()
    let segments = (0..<2).map { SpooledSegment(session: session(1), index: $0) }
    try keeper.drop([segments[0]], .budget)
    var lines = try temporary.bytes(of: "spool/dropped.jsonl")
    lines += lines + lines.prefix(20)
    try temporary.write(lines, to: "spool/dropped.jsonl")
    try keeper.drop([segments[1]], .budget)
    #expect(try spool.status().dropped[.budget]?.segments == 2)
  }

  /// Long lists are renamed, then counted: nothing dropped is forgotten, and the lists stay short.
  @Test func listsOfDroppedSegmentsStayShort() throws {
    let log = DroppedLog(spool: spool)
    func line(_ index: Int) -> [UInt8] {
      let reason = index % 4 == 0 ? "age" : "budget"
      return Array(
        #"{"bytes":10,"index":\#(index),"reason":"\#(reason)","session":"\#(session(UInt8(index % 2)))"}"#
          .utf8)
        + [0x0A]
    }
    for index in 0..<100 {
      try log.append(line(index), limit: 500)
      let counts = try spool.status().dropped
      #expect((counts[.budget]?.segments ?? 0) + (counts[.age]?.segments ?? 0) == index + 1)
    }
    #expect(try spool.status().dropped[.age]?.bytes == 250)
    let names = try FileManager.default.contentsOfDirectory(atPath: spool.path).filter {
      $0.contains("dropped")
    }
    #expect(names.count <= 3 && names.contains("dropped.json"))
    let bytes = try names.reduce(0) { try $0 + temporary.bytes(of: "spool/\($1)").count }
    #expect(bytes < 2000)
    #expect(try spool.status().losses.map(\.segments).sorted() == [25, 25, 50])
    #expect(try spool.check().strangers.isEmpty)
    // A crash after a list was counted, before it was removed.
    try temporary.write(line(0), to: "spool/dropped.1.jsonl")
    #expect(try spool.status().dropped[.age]?.segments == 25)
  }

  @Test func theRateIsThatOfTheLastMinute() throws {
    let keeper = try keeper()
    let now = Int64(Date().timeIntervalSince1970 * 1e9)
    #expect(try spool.status().rate == nil)
    try keeper.note(TransferRate(bytesPerSecond: 1000, time: now))
    let rate = try spool.status().rate
    #expect(rate?.bytesPerSecond == 1000 && rate?.seconds(for: 5000) == 5)
    try keeper.note(TransferRate(bytesPerSecond: 1000, time: now - 61_000_000_000))
    #expect(try spool.status().rate == nil)
  }

  // MARK: Crashes between two steps

  @Test func aSegmentThatWasNotEmptied() throws {
    try write(1, segments: 2)
    try temporary.write([1, 2, 3], to: "spool/\(session(1))/sent/00000005.scrim")
    _ = try keeper()
    #expect(try temporary.bytes(of: "spool/\(session(1))/sent/00000005.scrim").isEmpty)
  }

  @Test func aSegmentOnItsWayOut() throws {
    try write(1, segments: 2)
    try FileManager.default.createDirectory(
      atPath: spool.folder(session(1), .dropping), withIntermediateDirectories: false)
    try temporary.rename(
      "spool/\(session(1))/segments/00000000.scrim", to: "spool/\(session(1))/dropping/00000000.scrim")
    _ = try keeper()
    #expect(try spool.status().dropped[.budget]?.segments == 1)
    #expect(try temporary.files(under: "spool/\(session(1))/dropping").isEmpty)
  }

  @Test func aSessionThatWasBeingRemoved() throws {
    try temporary.write([1], to: "spool/.\(session(1)).tmp/segments/00000000.scrim")
    _ = try keeper()
    #expect(try Set(temporary.files(under: "spool").keys) == ["destination.json"])
  }

  @Test func bytesOfADay() throws {
    let keeper = try keeper()
    #expect(keeper.traffic(now: SpoolTests.now) == 0)
    try keeper.noteTraffic(100, now: SpoolTests.now)
    try keeper.noteTraffic(11, now: SpoolTests.now)
    #expect(keeper.traffic(now: SpoolTests.now) == 111)
    #expect(keeper.traffic(now: SpoolTests.now + 86_400_000_000_000) == 0)
    try temporary.write([0x7B], to: "spool/traffic.json")
    #expect(keeper.traffic(now: SpoolTests.now) == 0)
  }

  @Test func aDeletionLeavesNothingAndIsRemembered() throws {
    try write(1, segments: 2)
    try write(2, segments: 1)
    // All of it is delivered, and a killed recorder left a part.
    try Disk.makeFolder(spool.folder(session(2), .sent))
    let sent = SpooledSegment(session: session(2), index: 0)
    try Disk.rename(spool.file(sent, .waiting), to: spool.file(sent, .sent))
    try temporary.write([1, 2, 3], to: "spool/\(session(2))/segments/00000001.scrim.part")
    let keeper = try keeper()
    for (number, count) in [(UInt8(1), 2), (2, 0)] {
      let first = try keeper.delete(session(number))
      #expect(first.isThere && !first.wasDeleted && first.segments == count && !first.isBeingRecorded)
      #expect(try !spool.holds(session(number)) && spool.isDeleted(session(number)))
      let second = try keeper.delete(session(number))
      #expect(!second.isThere && second.wasDeleted && second.segments == 0)
    }
    #expect(try !keeper.delete(session(3)).wasDeleted)
    #expect(try spool.status().dropped[.deleted]?.segments == 2)
    #expect(try spool.losses().map(\.segments) == [2, 0])
  }

  @Test func aSessionThatIsBeingRecordedStaysAndItsSegmentsAreDiscarded() throws {
    var header = SampleSegments.header
    header.session = session(4)
    var writer = try spool.folder(of: header.session).create(header)
    try writer.begin(try SampleSegments.segment(0, header: header))
    let keeper = try keeper()
    let first = try keeper.delete(header.session)
    #expect(first.isThere && first.isBeingRecorded && first.segments == 0)
    try writer.seal()
    try keeper.rescan()
    try keeper.enforce(SpoolLimits(), busy: [], now: SpoolTests.now)
    #expect(try waiting().isEmpty && spool.holds(header.session))
    try writer.finish()
    // Its lock ends with it.
    _ = consume writer
    let second = try keeper.delete(header.session)
    #expect(try second.wasDeleted && !second.isBeingRecorded && !spool.holds(header.session))
  }
}
