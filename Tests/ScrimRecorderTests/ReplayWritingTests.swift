import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimSystem
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

/// Writing a buffer that an error has sampled, on disks that fail meanwhile.
@Suite struct ReplayWritingTests: SessionSteps {
  private let temporary: TemporaryFolder
  private static let second: Int64 = 1_000_000_000
  /// The time on all clocks.
  private let now = ConditionLock<Int64>(0)

  init() throws { temporary = try TemporaryFolder() }

  private func path(_ name: String) -> String { temporary.path + "/" + name }

  private func play(_ name: String) throws -> ShownSession { try played(path(name)) }

  /// A recorder whose sessions are buffered, and which has 30 s in its buffer.
  private func buffered(
    _ name: String, threads: Int = 1, idle: Double = 300, maximum: Double = 3600,
    changes: ConditionLock<[SessionChange]>
  ) throws -> SessionRecorder {
    var options = SessionOptions()
    options.sessionSampleRate = 0
    options.idleSeconds = idle
    options.maximumSeconds = maximum
    let folder = SessionFolder(path: path(name))
    let now = now
    var settings = SessionSettings(options, start: 0) { count, _ in folder.following(count) }
    settings.moment = {
      let time = now.withValue { $0 }
      return SessionMoment(boot: time, wall: 1_700_000_000 * Self.second + time)
    }
    settings.chance = { 0.5 }
    settings.onChange = { change in changes.withValue { $0.append(change) } }
    var recording = RecorderOptions(policy: RecorderTests.shown)
    recording.threads = threads
    var recorder = try SessionRecorder(
      settings, width: RecorderTests.width, height: RecorderTests.height, producer: "test", options: recording
    )
    for number in 0..<30 {
      now.withValue { $0 = Int64(number) * Self.second }
      try recorder.record(frame(number, time: Int64(number) * Self.second))
    }
    now.withValue { $0 = 32 * Self.second }
    return recorder
  }

  /// A replay that could not be written when its error came is written when recording stops, or at a second stop.
  @Test(arguments: [1, 2], [false, true]) func aReplayIsTriedAgainAtTheStop(threads: Int, isLong: Bool) throws
  {
    try temporary.write([], to: "blocked")
    let changes = ConditionLock([SessionChange]())
    var recorder = try buffered("blocked/s", threads: threads, changes: changes)
    #expect(throws: RecordingError.self) { try recorder.record(error(29 * Self.second, id: "e-1")) }
    if isLong { #expect(throws: RecordingError.self) { try recorder.finish() } }
    try temporary.remove("blocked")
    _ = try recorder.finish()
    let played = try play("blocked/s")
    #expect(played.colours == (0..<30).map { Pixel($0 + 1) })
    let about = played.manifest.about
    #expect(about.kind == .buffer && about.ended == .stopped && about.errorIDs == ["e-1"])
    let ends = changes.withValue { $0.filter { if case .ended = $0 { true } else { false } }.count }
    #expect(ends == 1)
  }

  /// So is one whose session has ended meanwhile; it is not lost to the next one.
  @Test(arguments: [1, 2]) func aReplayIsTriedAgainAfterItsEnd(threads: Int) throws {
    try temporary.write([], to: "blocked")
    let changes = ConditionLock([SessionChange]())
    var recorder = try buffered("blocked/s", threads: threads, maximum: 60, changes: changes)
    #expect(throws: RecordingError.self) { try recorder.record(error(29 * Self.second, id: "e-1")) }
    #expect(throws: RecordingError.self) { try recorder.endSession(at: 30 * Self.second) }
    #expect(throws: RecordingError.self) { try recorder.record(frame(40, time: 40 * Self.second)) }
    try temporary.remove("blocked")
    try recorder.record(frame(41, time: 41 * Self.second))
    try recorder.record(frame(42, time: 42 * Self.second))
    _ = try recorder.finish()
    #expect(try play("blocked/s").colours == (0..<30).map { Pixel($0 + 1) })
  }

  /// An error in a pause ends the pause also if its replay can't be written then.
  @Test(arguments: [1, 2]) func anErrorInAPauseThatCannotBeWrittenEndsIt(threads: Int) throws {
    try temporary.write([], to: "blocked")
    let changes = ConditionLock([SessionChange]())
    var recorder = try buffered("blocked/s", threads: threads, idle: 5, changes: changes)
    _ = try recorder.record(press(32 * Self.second))
    now.withValue { $0 = 130 * Self.second }
    try recorder.record(frame(50, time: 130 * Self.second))
    #expect(throws: RecordingError.self) { try recorder.record(error(131 * Self.second, id: "e-1")) }
    try temporary.remove("blocked")
    try recorder.record(frame(51, time: 132 * Self.second))
    _ = try recorder.finish()
    let played = try play("blocked/s")
    #expect(played.colours.suffix(3) == [30, 51, 52])
    #expect(played.manifest.about.errorIDs == ["e-1"])
  }

  /// Where a part of the buffer is written, only the rest is written later, with what came meanwhile.
  @Test(arguments: 0..<4) func aPartOfABufferIsContinued(failures: Int) throws {
    var header = SegmentHeader(
      session: SessionID([UInt8](repeating: 1, count: 16)), start: 0, width: 4, height: 4,
      entropyCoding: .deflate, policy: .zero, producer: "test")
    var output = SessionOutput(header)
    output.keep(in: ReplayBuffer(seconds: 600, budget: 1 << 30))
    var next: Int64 = 0
    /// One more segment of three frames and an event, sealed unless it is the last.
    func add(sealed: Bool = true) throws {
      var segment = try SegmentWriter(header: header)
      try segment.append(record(next, key: true))
      try output.begin(segment)
      for _ in 0..<2 {
        next += 1
        try output.append(record(next, key: false))
      }
      try output.append(EventRecord(time: next, json: Array(#"{"type":"mark"}"#.utf8)))
      next += 1
      if sealed { try output.seal() }
    }
    func record(_ time: Int64, key: Bool) -> FrameRecord {
      FrameRecord(time: time, number: Int(time), isKey: key, coded: [])
    }
    for number in 0..<4 { try add(sealed: number < 3) }
    header.start = 5
    let folder = SessionFolder(path: path("s"))
    output.prepare(try folder.create(header), header, shift: 0)
    for failure in 0..<failures {
      // The file of a later segment can't be made.
      let blocked = "s/segments/0000000\(failure).scrim.part"
      try temporary.write([], to: blocked + "/full")
      #expect(throws: StoreError.self) { try output.writeBuffer() }
      #expect(output.isFlushing && !output.isWriting && output.buffer != nil)
      try temporary.remove(blocked)
      // The session goes on in memory.
      try output.append(record(next, key: false))
      next += 1
    }
    try output.writeBuffer()
    #expect(!output.isFlushing && output.isWriting && output.buffer == nil)
    try output.append(record(next, key: false))
    _ = try output.finish()
    output.close()
    let reader = try folder.read()
    let segments = try (0..<reader.segmentCount).map { try reader.segment($0) }
    #expect(segments.flatMap(\.frames).map(\.time) == Array(0...next))
    #expect(segments.flatMap(\.events).map(\.time) == [2, 5, 8, 11])
    #expect(segments.count == 4)
  }

  /// The start of a session is the time of its first frame on the wall clock, however late the error comes for which it is
  /// written.
  @Test(arguments: [0, 3]) func lateErrorsDoNotDateASession(lateness: Int64) throws {
    var recorder = try buffered("s", changes: ConditionLock([]))
    #expect(throws: Never.self) { try recorder.record(error((32 - lateness) * Self.second, id: "e-1")) }
    _ = try recorder.finish()
    let played = try play("s")
    #expect(played.colours.first == 1 && played.manifest.start == 1_700_000_000 * Self.second)
  }
}
