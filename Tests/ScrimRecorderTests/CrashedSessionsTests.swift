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

/// What a recorder that was killed had buffered becomes a session of the next one.
@Suite struct CrashedSessionsTests {
  private let temporary: TemporaryFolder
  private let runtime: URL

  init() throws {
    temporary = try TemporaryFolder()
    runtime = URL(fileURLWithPath: "/dev/shm/scrim-test-\(UUID())")
    try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: false)
  }

  private func close() { try? FileManager.default.removeItem(at: runtime) }

  private var buffers: [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: runtime.path + "/scrim")) ?? []
  }

  private func recorder(
    _ name: String, chance: Double = 0.5, errorRate: Double = 1, changes: ConditionLock<[SessionChange]>
  ) throws -> SessionRecorder {
    var options = SessionOptions()
    options.sessionSampleRate = 0
    options.errorSampleRate = errorRate
    options.errorBufferSeconds = 10
    options.crashBuffer = true
    let folder = SessionFolder(path: temporary.path + "/" + name)
    var settings = SessionSettings(options, start: 1_700_000_000_000_000_000) { count, _ in
      folder.following(count)
    }
    settings.chance = { chance }
    settings.runtimeFolder = runtime.path
    settings.onChange = { change in changes.withValue { $0.append(change) } }
    return try SessionRecorder(
      settings, width: RecorderTests.width, height: RecorderTests.height, producer: "test",
      options: RecorderOptions(policy: RecorderTests.shown))
  }

  private func frame(_ number: Int) -> SourceFrame {
    RecorderTests.frame(
      number, [Pixel](repeating: Pixel(number + 1), count: RecorderTests.width * RecorderTests.height),
      time: Int64(number) * 100_000_000)
  }

  /// Records, and is gone as a process is that is killed.
  private func crash(frames: Int) throws {
    var recorder = try recorder("lost", changes: ConditionLock([]))
    for number in 0..<frames {
      try recorder.record(frame(number))
      if number == 250 {
        var event = Event("log", time: Int64(number) * 100_000_000)
        (event.level, event.message) = ("info", "before the end")
        try recorder.record(event)
      }
    }
    #expect(buffers.count == 1)
    #expect(!FileManager.default.fileExists(atPath: temporary.path + "/lost"))
  }

  @Test func aKilledRecordersBufferBecomesASession() throws {
    defer { close() }
    try crash(frames: 300)
    let changes = ConditionLock([SessionChange]())
    var next = try recorder("s", changes: changes)
    #expect(buffers.isEmpty)
    let reader = try SessionFolder(path: temporary.path + "/s").read()
    var player = SessionPlayer(reader)
    var colours: [Pixel] = []
    while try player.next() != nil { colours.append(try #require(player.picture?.pixels.first)) }
    // The ten seconds before the end at least, and nothing is missing.
    let first = try #require(colours.first)
    #expect(first <= 201 && first > 100)
    #expect(colours == Array(first...300))
    let about = reader.manifest.about
    #expect(reader.manifest.state == .sealed && about.kind == .buffer && about.ended == .crash)
    #expect(reader.manifest.start == 1_700_000_000_000_000_000 + Int64(first - 1) * 100_000_000)
    let events = try (0..<reader.segmentCount).flatMap { try reader.segment($0).events }.compactMap {
      try? Event(recorded: $0.json, time: $0.time)
    }
    #expect(events.map(\.type) == ["log", "error"])
    #expect(events.last?.name == "crash" && events.last?.message?.contains("process \(getpid())") == true)
    let isNamed = changes.withValue { changes in
      changes.contains { if case .recovered(reader.manifest.session, _) = $0 { true } else { false } }
    }
    #expect(isNamed)
    // The recorder's own session has the next folder.
    try next.record(frame(0))
    var error = Event("error", time: 1)
    error.message = "it broke"
    try next.record(error)
    _ = try next.finish()
    #expect(try SessionFolder(path: temporary.path + "/s.2").read().manifest.about.ended == .stopped)
    #expect(buffers.isEmpty)
  }

  @Test func theErrorRateIsDrawn() throws {
    defer { close() }
    try crash(frames: 20)
    let changes = ConditionLock([SessionChange]())
    _ = try recorder("s", errorRate: 0.4, changes: changes)
    #expect(buffers.isEmpty && !FileManager.default.fileExists(atPath: temporary.path + "/s"))
    let drops = changes.withValue { changes in
      changes.filter { if case .dropped(_, .noError) = $0 { true } else { false } }.count
    }
    #expect(drops == 1)
  }

  /// A session that ends, or that an error has written, leaves nothing behind.
  @Test func whatEndsWellLeavesNoBuffer() throws {
    defer { close() }
    for reportsError in [false, true] {
      var recorder = try recorder("\(reportsError)", changes: ConditionLock([]))
      for number in 0..<30 { try recorder.record(frame(number)) }
      #expect(buffers.count == 1)
      if reportsError {
        var error = Event("error", time: 2_900_000_000)
        error.message = "it broke"
        try recorder.record(error)
        #expect(buffers.isEmpty)
      }
      _ = try recorder.finish()
      #expect(buffers.isEmpty)
    }
  }

  @Test func withoutMemoryForItNothingBegins() throws {
    defer { close() }
    var options = SessionOptions()
    options.crashBuffer = true
    let folder = SessionFolder(path: temporary.path + "/s")
    var settings = SessionSettings(options, start: 0) { _, _ in folder }
    settings.runtimeFolder = "/etc"
    #expect(throws: RecordingError.self) {
      _ = try SessionRecorder(
        settings, width: 8, height: 8, producer: "test", options: RecorderOptions(policy: RecorderTests.shown)
      )
    }
  }
}
