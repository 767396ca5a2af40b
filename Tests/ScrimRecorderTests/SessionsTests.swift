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

/// Sampling, buffering and life cycle of sessions, with folders that are played.
@Suite struct SessionsTests: SessionSteps {
  private let temporary: TemporaryFolder
  private static let second: Int64 = 1_000_000_000

  init() throws { temporary = try TemporaryFolder() }

  /// State that a test controls and checks.
  private final class World: Sendable {
    struct State {
      var moment = SessionMoment(boot: 0, wall: 1_700_000_000_000_000_000)
      var chances: [Double] = []
      var names: UInt8 = 0
      var changes: [SessionChange] = []
      var allowsErrors = true
    }

    let state = ConditionLock(State())

    func pass(_ nanoseconds: Int64) {
      state.withValue {
        $0.moment = SessionMoment(boot: $0.moment.boot + nanoseconds, wall: $0.moment.wall + nanoseconds)
      }
    }
    var changes: [SessionChange] { state.withValue { $0.changes } }
  }

  private func settings(_ options: SessionOptions, _ world: World, to name: String = "s") -> SessionSettings {
    let folder = SessionFolder(path: temporary.path + "/" + name)
    var settings = SessionSettings(options, start: 0) { count, _ in folder.following(count) }
    settings.moment = { world.state.withValue { $0.moment } }
    settings.chance = { world.state.withValue { $0.chances.isEmpty ? 0.5 : $0.chances.removeFirst() } }
    settings.name = {
      world.state.withValue { state in
        state.names += 1
        return SessionID([UInt8](repeating: state.names, count: 16))
      }
    }
    settings.beforeErrorSampling = { _ in world.state.withValue { $0.allowsErrors } }
    settings.onChange = { change in world.state.withValue { $0.changes.append(change) } }
    return settings
  }

  private func recorder(
    _ options: SessionOptions, _ world: World, threads: Int = 1, to name: String = "s"
  ) throws -> SessionRecorder {
    var recording = RecorderOptions(policy: RecorderTests.shown)
    recording.threads = threads
    return try SessionRecorder(
      settings(options, world, to: name), width: RecorderTests.width, height: RecorderTests.height,
      producer: "test", options: recording)
  }

  private func play(_ name: String) throws -> ShownSession { try played(temporary.path + "/" + name) }

  private func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: temporary.path + "/" + name)
  }

  /// The events of all segments of a session, in their order, and the sizes of its files.
  private func events(_ name: String) throws -> [String] {
    let reader = try SessionFolder(path: temporary.path + "/" + name).read()
    var events: [String] = []
    for index in 0..<reader.segmentCount {
      events += try reader.segment(index).events.map { String(decoding: $0.json, as: UTF8.self) }
    }
    return events
  }

  /// Errors that come long before the next frame are on the disk when their session is returned, and so is
  /// the one that ended the buffering.
  @Test(arguments: [1, 2], [0.0, 1]) func errorsWithoutAFrameAreOnTheDisk(
    threads: Int, sampled: Double
  ) throws {
    var options = SessionOptions()
    options.sessionSampleRate = sampled
    options.errorSampleRate = 1
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    try recorder.record(frame(0, time: 0))
    for number in 1...4 {
      // The last two are within a second.
      let time = number < 4 ? Int64(number) * 2 * Self.second : 6 * Self.second + 1
      world.pass(number < 4 ? 2 * Self.second : 1)
      let report = try recorder.record(error(time, id: "e\(number)"))
      #expect(report.session != nil)
      #expect(try events("s").filter { $0.contains("e\(number)") }.count == 1)
    }
    try recorder.record(frame(1, time: 7 * Self.second))
    _ = try recorder.finish()
    let played = try play("s")
    #expect(played.times.last == 7 * Self.second)
    #expect(Set(played.times) == [0, 7 * Self.second])
    #expect(try events("s").count == 4)
  }

  /// Moves wait for a frame or another event, and are written at the end in any case.
  @Test(arguments: [1, 2]) func movesWithoutAFrameAreWrittenAtTheEnd(threads: Int) throws {
    var options = SessionOptions()
    options.errorSampleRate = 1
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    try recorder.record(frame(0, time: 0))
    try recorder.record(error(1, id: "e"))
    var move = Event("move", time: Self.second)
    (move.x, move.y) = (3, 3)
    try recorder.record(move)
    try recorder.record(press(2 * Self.second))
    try recorder.idle(at: 60 * Self.second)
    move.time = 61 * Self.second
    try recorder.record(move)
    _ = try recorder.finish()
    let all = try events("s")
    #expect(all.count == 4)
    #expect(all.map { $0.contains("move") } == [false, true, false, true])
  }

  /// The first frame of a session is recorded even if it equals the last one of the previous session.
  @Test(arguments: [1, 2]) func anUnchangedPictureBeginsTheNextSession(threads: Int) throws {
    var options = SessionOptions()
    options.maximumSeconds = 60
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    for number in 0..<8 {
      var same = frame(0, time: Int64(number) * 10 * Self.second)
      same.number = number
      same.mayBeLeftOut = true
      try recorder.record(same)
      world.pass(10 * Self.second)
    }
    _ = try recorder.finish()
    #expect(try play("s").times == [0])
    #expect(try play("s.2").times.count == 1)
  }

  /// Events between two sessions are the next one's.
  @Test(arguments: [1, 2]) func eventsBetweenSessionsAreTheNextOnes(threads: Int) throws {
    var options = SessionOptions()
    options.maximumSeconds = 60
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    try recorder.record(frame(0, time: 0))
    world.pass(61 * Self.second)
    try recorder.idle(at: 61 * Self.second)
    try recorder.record(press(62 * Self.second))
    try recorder.record(press(63 * Self.second))
    try recorder.record(frame(1, time: 64 * Self.second))
    _ = try recorder.finish()
    #expect(try events("s").isEmpty)
    #expect(try events("s.2").count == 2)
  }

  /// Presses that change nothing do not make a segment each second, even long after the last frame.
  @Test(arguments: [1, 2]) func eventsOfAnUnchangedPictureShareSegments(threads: Int) throws {
    let world = World()
    var recorder = try recorder(SessionOptions(), world, threads: threads)
    try recorder.record(frame(0, time: 0))
    for second in 1...120 {
      world.pass(Self.second)
      try recorder.record(press(Int64(second) * Self.second))
      try recorder.idle(at: Int64(second) * Self.second)
    }
    _ = try recorder.finish()
    #expect(try events("s").count == 120)
    #expect(try SessionFolder(path: temporary.path + "/s").read().segmentCount <= 30)
  }

  /// A folder that can't be made is made later, and its session is not returned before.
  @Test(arguments: [1, 2]) func aSessionThatCannotBeginIsTriedAgain(threads: Int) throws {
    let world = World()
    try Data().write(to: URL(fileURLWithPath: temporary.path + "/blocked"))
    var recorder = try recorder(SessionOptions(), world, threads: threads, to: "blocked/s")
    #expect(throws: RecordingError.self) { try recorder.record(frame(0, time: 0)) }
    #expect(throws: RecordingError.self) { try recorder.record(error(1)) }
    #expect(throws: RecordingError.self) { try recorder.record(frame(1, time: Self.second)) }
    try FileManager.default.removeItem(atPath: temporary.path + "/blocked")
    try recorder.record(frame(2, time: 2 * Self.second))
    let report = try recorder.record(error(3 * Self.second, id: "e"))
    #expect(report.session != nil)
    #expect(try events("blocked/s").count == 1)
    _ = try recorder.finish()
    #expect(try play("blocked/s").colours == [3])
  }

  /// An end that fails is tried again before the next session begins.
  @Test(arguments: [1, 2]) func aSessionThatCannotEndIsTriedAgain(threads: Int) throws {
    var options = SessionOptions()
    options.maximumSeconds = 60
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    try recorder.record(frame(0, time: 0))
    let manifest = temporary.path + "/s/manifest.json"
    try FileManager.default.moveItem(atPath: manifest, toPath: temporary.path + "/kept")
    try FileManager.default.createDirectory(
      atPath: manifest + "/full", withIntermediateDirectories: true)
    for number in 1...3 {
      world.pass(61 * Self.second)
      #expect(throws: RecordingError.self) {
        try recorder.record(frame(number, time: Int64(number) * 61 * Self.second))
      }
    }
    try FileManager.default.removeItem(atPath: manifest)
    try recorder.record(frame(4, time: 184 * Self.second))
    _ = try recorder.finish()
    #expect(try play("s").colours == [1])
    #expect(try play("s.2").colours == [5])
  }

  /// Ninety seconds are buffered, then an error is sampled: at least the minute before it is there, and
  /// everything after.
  @Test(arguments: [1, 2]) func anErrorHasTheMinuteBeforeItWritten(threads: Int) throws {
    var options = SessionOptions()
    options.sessionSampleRate = 0
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    var report: ErrorReport?
    for number in 0..<1000 {
      let time = Int64(number) * 100_000_000
      if number == 900 {
        #expect(!exists("s"))
        guard case .reported(let made) = try recorder.record(error(time, id: "e-1")) else {
          Issue.record("an error is reported")
          return
        }
        report = made
        // It is sealed before its session is returned.
        #expect(try play("s").manifest.segments.count > 0)
      }
      try recorder.record(frame(number, time: time))
      world.pass(100_000_000)
    }
    let summary = try recorder.finish()
    let played = try play("s")
    #expect(played.manifest.session == report?.session)
    #expect(played.manifest.about.kind == .buffer && played.manifest.about.ended == .stopped)
    #expect(played.manifest.about.errorIDs == ["e-1"])
    #expect(played.times.first == 0 && played.colours.last == 1000)
    let first = Int(try #require(played.colours.first)) - 1
    #expect(first <= 300 && first >= 200)
    // Nothing is missing, and each frame has its time.
    #expect(played.colours == (first..<1000).map { Pixel($0 + 1) })
    #expect(played.times == (first..<1000).map { Int64($0 - first) * 100_000_000 })
    #expect(played.manifest.start == 1_700_000_000_000_000_000 + Int64(first) * 100_000_000)
    #expect(summary.segments == played.manifest.segments.count)
  }

  @Test func errorsThatMissOrAreVetoedWriteNothing() throws {
    var options = SessionOptions()
    options.sessionSampleRate = 0.1
    options.errorSampleRate = 0.5
    let world = World()
    world.state.withValue { $0.chances = [0.9, 0.5, 0.9, 0.2] }
    var recorder = try recorder(options, world)
    try recorder.record(frame(0, time: 0))
    for _ in 0..<2 { #expect(try recorder.record(error(1)).session == nil) }
    world.state.withValue { $0.allowsErrors = false }
    #expect(try recorder.record(error(1)).session == nil)
    #expect(!exists("s"))
    world.state.withValue { $0.allowsErrors = true }
    #expect(try recorder.record(error(1)).session != nil)
    #expect(exists("s"))
    // One error is enough: the session is written to its end, and no other error is sampled.
    #expect(try recorder.record(error(1)).session != nil)
    #expect(world.state.withValue { $0.chances.isEmpty })
    _ = try recorder.finish()
    #expect(try play("s").colours == [1])
  }

  @Test func sessionsFollowEachOther() throws {
    var options = SessionOptions()
    options.maximumSeconds = 10
    let world = World()
    var recorder = try recorder(options, world)
    for number in 0..<250 {
      try recorder.record(frame(number, time: Int64(number) * 100_000_000))
      world.pass(100_000_000)
    }
    _ = try recorder.finish()
    let sessions = try ["s", "s.2", "s.3"].map(play)
    #expect(!exists("s.4"))
    #expect(sessions.flatMap(\.colours) == (0..<250).map { Pixel($0 + 1) })
    #expect(sessions.map { $0.manifest.about.ended } == [.maximum, .maximum, .stopped])
    let ids: [String?] = sessions.dropLast().map { "\($0.manifest.session)" }
    #expect(sessions.map { $0.manifest.about.previousID } == [nil] + ids)
    #expect(sessions.map { $0.times.first } == [0, 0, 0])
    #expect(sessions.allSatisfy { $0.times.last! < 10 * Self.second })
  }

  @Test func aPauseHoldsTheLastFrame() throws {
    var options = SessionOptions()
    options.idleSeconds = 60
    let world = World()
    var recorder = try recorder(options, world)
    for number in 0..<300 {
      let time = Int64(number) * Self.second
      if number == 2 || number == 250 { try recorder.record(press(time)) }
      try recorder.record(frame(number, time: time))
      world.pass(Self.second)
    }
    _ = try recorder.finish()
    let played = try play("s")
    // From the end of the minute in which sixty seconds are over to the press: the last frame before it,
    // with its time.
    let shown = Array(0..<120) + Array(249..<300)
    #expect(played.colours == shown.map { Pixel($0 + 1) })
    #expect(played.times[120] == 250 * Self.second)
    #expect(world.changes.contains { if case .paused = $0 { true } else { false } })
    let reader = try SessionFolder(path: temporary.path + "/s").read()
    let notes = try (0..<reader.manifest.segments.count).flatMap { try reader.segment($0).notes }
    #expect(notes == [NoteRecord(time: 250 * Self.second, kind: .gap, offset: 130 * Self.second)])
  }

  /// A user who types at a source that doesn't deliver keys loses nothing, whatever else it sees.
  @Test func focusChangesAndErrorsAreNoUse() throws {
    var options = SessionOptions()
    options.idleSeconds = 60
    for observed in [["navigation"], ["key", "navigation", "press"]] {
      let world = World()
      let name = "\(observed.count)"
      var recorder = try recorder(options, world, to: name)
      recorder.observedEvents = observed
      for number in 0..<300 {
        let time = Int64(number) * Self.second
        if number == 2 { try recorder.record(error(time)) }
        if number == 3 { try recorder.record(Event("navigation", time: time)) }
        try recorder.record(frame(number, time: time))
        world.pass(Self.second)
      }
      _ = try recorder.finish()
      #expect(try play(name).colours.count == (observed.count == 1 ? 300 : 120))
    }
  }

  /// An error in a pause is recorded with the frame that was held, also where it is only buffered.
  @Test(arguments: [1.0, 0], [1, 2]) func errorsInAPauseAreRecorded(rate: Double, threads: Int) throws {
    var options = SessionOptions()
    options.sessionSampleRate = rate
    options.errorSampleRate = 0.5
    options.errorBufferSeconds = 600
    options.idleSeconds = 60
    let world = World()
    // One draw for the session; the first error misses, the second hits.
    world.state.withValue { $0.chances = rate == 1 ? [0.5] : [0.5, 0.9, 0.1] }
    var recorder = try recorder(options, world, threads: threads)
    recorder.observedEvents = ["press"]
    for number in 0..<300 {
      let time = Int64(number) * Self.second
      if number == 200 {
        let report = try recorder.record(error(time, id: "first"))
        #expect((report.session == nil) == (rate == 0))
      }
      if number == 210 { #expect(try recorder.record(error(time, id: "second")).session != nil) }
      try recorder.record(frame(number, time: time))
      world.pass(Self.second)
    }
    _ = try recorder.finish()
    #expect(try events("s").map { $0.contains("first") } == [true, false])
    #expect(try events("s").last?.contains("second") == true)
    let played = try play("s")
    // The pause from the end of the second minute; then from the held frame to the end of the next idle time.
    #expect(played.colours == (Array(0..<60) + Array(199..<300)).map { Pixel($0 + 1) })
  }

  @Test func shortSessionsAreDropped() throws {
    var options = SessionOptions()
    options.minimumSeconds = 5
    for (frames, isWritten) in [(40, false), (60, true)] {
      let world = World()
      var recorder = try recorder(options, world, to: "\(frames)")
      for number in 0..<frames {
        if number < 50 { #expect(!exists("\(frames)")) }
        try recorder.record(frame(number, time: Int64(number) * 100_000_000))
        world.pass(100_000_000)
      }
      let summary = try recorder.finish()
      #expect(exists("\(frames)") == isWritten && summary.shortSessions == (isWritten ? 0 : 1))
      if isWritten { #expect(try play("\(frames)").colours.count == frames) }
    }
  }

  @Test func sleepAndStepsAreNoted() throws {
    let world = World()
    var recorder = try recorder(SessionOptions(), world)
    try recorder.record(frame(0, time: 0))
    world.pass(1000 * Self.second)
    try recorder.record(frame(1, time: Self.second))
    world.state.withValue { $0.moment.wall -= 31_536_000 * Self.second }
    try recorder.idle(at: Self.second)
    try recorder.record(frame(2, time: 2 * Self.second))
    _ = try recorder.finish()
    let segment = try SessionFolder(path: temporary.path + "/s").read().segment(0)
    #expect(segment.frames.count == 3)
    // The last frame came a second later on its own clock, and at once on the wall clock.
    #expect(
      segment.notes == [
        NoteRecord(time: Self.second, kind: .gap, offset: 1000 * Self.second),
        NoteRecord(time: Self.second, kind: .clockStep, offset: 999 * Self.second),
        NoteRecord(time: Self.second, kind: .clockStep, offset: -31_536_000 * Self.second),
      ])
  }

  /// A press that comes seconds after it took place is no step of a clock.
  @Test func eventsThatComeLateAreNoSteps() throws {
    let world = World()
    var recorder = try recorder(SessionOptions(), world)
    for second in 0..<4 as Range<Int64> {
      try recorder.record(frame(Int(second), time: second * Self.second))
      world.pass(Self.second)
      try recorder.record(press(max(0, second - 3) * Self.second))
    }
    _ = try recorder.finish()
    let segment = try SessionFolder(path: temporary.path + "/s").read().segment(0)
    #expect(segment.notes.isEmpty && segment.events.count == 4)
  }

  /// A frame that was held in a pause is not shown by a later session.
  @Test(arguments: [1, 2]) func aHeldFrameEndsWithItsSession(threads: Int) throws {
    var options = SessionOptions()
    options.idleSeconds = 60
    let world = World()
    var recorder = try recorder(options, world, threads: threads)
    func step(to second: Int64) -> Int64 {
      world.state.withValue { $0.moment = SessionMoment(boot: second * Self.second, wall: 0) }
      return second * Self.second
    }
    try recorder.record(frame(0, time: step(to: 0)))
    try recorder.record(press(step(to: 1)))
    try recorder.record(frame(1, time: step(to: 150)))
    try recorder.endSession(at: step(to: 160))
    try recorder.record(frame(2, time: step(to: 161)))
    try recorder.record(press(step(to: 162)))
    try recorder.idle(at: step(to: 300))
    try recorder.record(press(step(to: 301)))
    try recorder.record(frame(3, time: step(to: 302)))
    _ = try recorder.finish()
    #expect(try play("s").colours == [1])
    #expect(try play("s.2").colours == [3, 4])
    let pauses = world.changes.filter { if case .paused = $0 { true } else { false } }
    #expect(pauses.count == 2)
  }

  /// Neither the kind of keys nor number, time and position of hidden input within its minutes changes a byte, a boundary of
  /// sessions or a verdict. Of a visit of a hiding widget its first event and its end are the same.
  @Test(arguments: 0..<20 as Range<UInt64>) func hiddenInputChangesNothing(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var options = SessionOptions()
    options.idleSeconds = 60
    options.maximumSeconds = 200
    let tree = Result<WidgetTree, CaptureIssue>.success(
      try WidgetTree(widgets: [
        Widget(id: "p", role: "password text", x: 4, y: 4, width: 20, height: 12, states: ["focused"])
      ]))
    let minutes = (0..<7).filter { _ in Bool.random(using: &random) }
    let visits = minutes.filter { _ in Bool.random(using: &random) }
    func inside(_ type: String, _ time: Int64) -> Event {
      var event = Event(type, time: time)
      event.x = .random(in: 4..<24, using: &random)
      event.y = .random(in: 4..<16, using: &random)
      return event
    }
    func run(_ name: String) throws -> (files: [String: [UInt8]], insights: [Insight]) {
      let world = World()
      var recorder = try recorder(options, world, to: name)
      var hidden = minutes.flatMap { minute in
        (0..<Int.random(in: 1...9, using: &random)).map { _ in
          let type = ["key", "char"].randomElement(using: &random)!
          return Event(
            type,
            time: Int64(minute) * 60 * Self.second + Int64.random(in: 1..<(60 * Self.second), using: &random))
        }
      }
      for minute in visits {
        let begin = (Int64(minute) * 60 + 10) * Self.second
        hidden.append(inside("button-down", begin + 1))
        for _ in 0..<Int.random(in: 0...6, using: &random) {
          let type = ["button-down", "wheel", "move", "touch-down"].randomElement(using: &random)!
          hidden.append(
            inside(type, begin + Int64.random(in: 2..<(30 * Self.second), using: &random)))
        }
        var outside = Event("move", time: begin + 30 * Self.second + 1)
        (outside.x, outside.y) = (60, 30)
        hidden.append(outside)
      }
      hidden.sort { ($0.time ?? 0) < ($1.time ?? 0) }
      for number in 0..<400 {
        let time = Int64(number) * Self.second
        while let next = hidden.first, let at = next.time, at < time {
          hidden.removeFirst()
          // Hidden input comes before the frame that follows it.
          world.state.withValue { $0.moment.boot = at }
          try recorder.record(next)
        }
        world.state.withValue { $0.moment = SessionMoment(boot: time, wall: time) }
        if number == 1 { try recorder.record(press(time).moved(to: 60)) }
        var frame = frame(number, time: time)
        frame.tree = tree
        try recorder.record(frame)
      }
      _ = try recorder.finish()
      let folders = [name, "\(name).2", "\(name).3"].filter(exists)
      let files: [String: [UInt8]] = try folders.reduce(into: [:]) { files, folder in
        for (file, bytes) in try temporary.files(under: folder) {
          files[folder.replacing(name, with: "") + file] = bytes
        }
      }
      let insights = try folders.map { folder in
        try Insight(try SessionFolder(path: temporary.path + "/" + folder).read())
      }
      return (files, insights)
    }
    let (a, b) = (try run("a"), try run("b"))
    #expect(a.files == b.files)
    #expect(a.insights == b.insights && a.insights.contains { !$0.presses.isEmpty })
  }
}

extension Event {
  fileprivate func moved(to x: Double) -> Event {
    var event = self
    event.x = x
    return event
  }
}

extension SessionRecorder.EventOutcome {
  /// The session that contains a reported error.
  fileprivate var session: SessionID? {
    if case .reported(let report) = self { report.session } else { nil }
  }
}
