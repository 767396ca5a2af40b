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

/// Random sequences of frames, presses, hidden keys, errors, pauses, sleeps of the machine, steps of the wall clock,
/// crashes and ends.
///
/// A ``SessionLedger`` notes what must be recorded. What is read from the disk afterwards has every frame that it
/// must have, and none that it must not have.
@Suite struct SessionPropertyTests {
  private let temporary: TemporaryFolder
  /// Memory for crash buffers.
  private let runtime = URL(fileURLWithPath: "/dev/shm/scrim-test-\(UUID())")
  private static let second: Int64 = 1_000_000_000
  private static let year: Int64 = 31_536_000 * second
  private static let fullBuffer = 1 << 20

  init() throws { temporary = try TemporaryFolder() }

  /// What the recorder asks of its surroundings.
  private final class World: Sendable {
    struct State {
      var moment = SessionMoment(boot: 7 * second, wall: 1_700_000_000_000_000_000)
      var chances: [Double] = []
      var names: UInt8 = 0
      var changes: [SessionChange] = []
    }

    let state = ConditionLock(State())

    init(_ chances: [Double]) { state.withValue { $0.chances = chances } }

    var moment: SessionMoment { state.withValue { $0.moment } }

    func pass(boot: Int64, wall: Int64) {
      state.withValue { state in
        state.moment.boot += boot
        state.moment.wall += wall
      }
    }

    func chance() -> Double { state.withValue { $0.chances.isEmpty ? 0.5 : $0.chances.removeFirst() } }

    func name() -> SessionID {
      state.withValue { state in
        state.names += 1
        return SessionID([UInt8](repeating: state.names, count: 16))
      }
    }

    func add(_ change: SessionChange) { state.withValue { $0.changes.append(change) } }

    func takeChanges() -> [SessionChange] {
      state.withValue { state in
        defer { state.changes = [] }
        return state.changes
      }
    }
  }

  private static func length(upTo seconds: Int64, _ random: inout SeededGenerator) -> Int64 {
    Int64.random(in: 0...(seconds * 1000), using: &random) * 1_000_000
  }

  private static func step(mayCrash: Bool, _ random: inout SeededGenerator) -> SessionStep {
    let kind = Int.random(in: 0..<60, using: &random)
    if kind < 2 { return .press }
    if kind == 2 { return .hiddenKey }
    if kind < 5 { return .error }
    if kind < 7 {
      let isStopped = Bool.random(using: &random)
      return .rest(length(upTo: 40, &random), isStopped: isStopped)
    }
    if kind == 7 {
      let lengths: [Int64] = [10, 100, 30_000]
      let most: Int64 = lengths[Int.random(in: 0..<3, using: &random)]
      return .sleep(length(upTo: most, &random))
    }
    if kind == 8 {
      let small: Int64 = length(upTo: 10, &random)
      let steps: [Int64] = [year, -year, small, -small]
      return .wallStep(steps[Int.random(in: 0..<4, using: &random)])
    }
    if kind == 9 { return mayCrash && Int.random(in: 0..<3, using: &random) == 0 ? .crash : .end }
    return .frame
  }

  private static func options(_ random: inout SeededGenerator) -> SessionOptions {
    var options = SessionOptions()
    let sessionRates: [Double] = [0, 0, 0.3, 1]
    let errorRates: [Double] = [0, 0.5, 1]
    options.sessionSampleRate = sessionRates[Int.random(in: 0..<4, using: &random)]
    options.errorSampleRate = errorRates[Int.random(in: 0..<3, using: &random)]
    options.errorBufferSeconds = Double.random(in: 1...20, using: &random)
    if Int.random(in: 0..<3, using: &random) == 0 {
      // More than a megabyte of pictures.
      options.errorBufferSeconds = 150
      options.errorBufferBytes = fullBuffer
    }
    options.idleSeconds = Bool.random(using: &random) ? 30 : 90
    options.maximumSeconds = Bool.random(using: &random) ? 60 : 200
    options.crashBuffer = Bool.random(using: &random)
    return options
  }

  private func recorder(
    _ options: SessionOptions, _ world: World, threads: Int, to name: String
  ) throws -> SessionRecorder {
    let folder = SessionFolder(path: temporary.path + "/" + name)
    var settings = SessionSettings(options, start: 0) { count, _ in folder.following(count) }
    settings.moment = { world.moment }
    settings.chance = { world.chance() }
    settings.name = { world.name() }
    settings.runtimeFolder = runtime.path
    settings.onChange = { change in world.add(change) }
    var recording = RecorderOptions(policy: RecorderTests.shown)
    recording.threads = threads
    return try SessionRecorder(
      settings, width: RecorderTests.width, height: RecorderTests.height, producer: "test", options: recording
    )
  }

  /// The first pixel names the frame; the rest is noise if the buffer is to be filled.
  private static func pixels(of number: Int, isNoise: Bool, _ noise: inout SeededGenerator) -> [Pixel] {
    var pixels = [Pixel](repeating: 0, count: RecorderTests.width * RecorderTests.height)
    if isNoise {
      for index in pixels.indices { pixels[index] = Pixel.random(in: 0...0xFF_FFFF, using: &noise) }
    }
    pixels[0] = Pixel(number + 1)
    return pixels
  }

  private static func press(_ count: Int, at time: Int64) -> Event {
    var press = Event("button", time: time)
    press.x = Double(count % 64)
    press.y = Double(count / 64)
    return press
  }

  private func run(
    _ steps: [SessionStep], _ options: SessionOptions, _ chances: [Double], threads: Int
  ) throws -> [String: [UInt8]] {
    try FileManager.default.createDirectory(at: runtime, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: runtime) }
    var noise = SeededGenerator(seed: 1)
    let isNoise: Bool = options.errorBufferBytes == Self.fullBuffer
    let world = World(chances)
    var ledger = SessionLedger(options)
    var names: [String] = ["t\(threads)-0"]
    var recorder = try recorder(options, world, threads: threads, to: names[0])
    var time: Int64 = 0
    var presses = 0
    for (place, step) in steps.enumerated() {
      let now: Int64 = world.moment.boot
      switch step {
      case .frame:
        let number: Int = ledger.number(time: time, boot: now)
        let pixels: [Pixel] = Self.pixels(of: number, isNoise: isNoise, &noise)
        try recorder.record(RecorderTests.frame(number, pixels, time: time))
        ledger.note(world.takeChanges(), isUse: false, isError: false, at: now)
        ledger.take(number, at: now)
        time += 200_000_000
        world.pass(boot: 200_000_000, wall: 200_000_000)
      case .press:
        try recorder.record(Self.press(presses, at: time))
        ledger.note(world.takeChanges(), isUse: true, isError: false, at: now)
        if ledger.state == .recording { ledger.current?.presses.insert(presses) }
        presses += 1
      case .hiddenKey:
        try recorder.record(Event("key", time: time))
        ledger.noteHiddenKey(at: now)
        #expect(world.takeChanges().isEmpty)
      case .error:
        var error = Event("error", time: time)
        error.id = "e\(place)"
        let outcome: SessionRecorder.EventOutcome = try recorder.record(error)
        ledger.note(world.takeChanges(), isUse: false, isError: true, at: now)
        note(outcome, of: "e\(place)", in: &ledger)
      case .end:
        try recorder.endSession(at: time)
        ledger.note(world.takeChanges(), isUse: false, isError: false, at: now)
        #expect(ledger.state == .waiting)
      case .rest(let length, let isStopped):
        time += length
        world.pass(boot: length, wall: length)
        if isStopped { break }
        try recorder.idle(at: time)
        ledger.note(world.takeChanges(), isUse: false, isError: false, at: now + length)
      case .sleep(let length): world.pass(boot: length, wall: length)
      case .wallStep(let length): world.pass(boot: 0, wall: length)
      case .crash:
        #expect(world.takeChanges().isEmpty)
        names.append("t\(threads)-\(names.count)")
        // The end of the value is that of a process: nothing is sealed, and locks are given up.
        recorder = try self.recorder(SessionOptions(), world, threads: threads, to: "none")
        if let folder = ledger.current?.folder {
          _ = try folder.recover()
          ledger.close(nil)
        }
        recorder = try self.recorder(options, world, threads: threads, to: names[names.count - 1])
        ledger.note(world.takeChanges(), isUse: false, isError: false, at: now)
        #expect(ledger.current == nil || !options.crashBuffer)
        ledger.crash()
      }
      if place % 20 == 0 { try checkBuffer(of: &recorder, options) }
      let isWritten: Bool = ledger.current?.folder != nil || !ledger.done.isEmpty
      #expect(isAnyThere(names) == isWritten)
    }
    _ = try recorder.finish()
    ledger.note(world.takeChanges(), isUse: false, isError: false, at: world.moment.boot)
    #expect(ledger.current == nil)
    return try check(ledger, "t\(threads)-")
  }

  private func isAnyThere(_ names: [String]) -> Bool {
    names.contains { FileManager.default.fileExists(atPath: temporary.path + "/" + $0) }
  }

  private func note(
    _ outcome: SessionRecorder.EventOutcome, of error: String, in ledger: inout SessionLedger
  ) {
    guard case .reported(let report) = outcome else {
      // There is a session, but it is not recorded.
      #expect(ledger.state == .waiting)
      return
    }
    let isRecorded: Bool = ledger.state == .recording
    #expect((report.session != nil) == isRecorded)
    guard let session = report.session else { return }
    #expect(session == ledger.current?.id)
    ledger.current?.errors.append(error)
  }

  /// The open segment alone may be larger than the budget.
  private func checkBuffer(of recorder: inout SessionRecorder, _ options: SessionOptions) throws {
    let bytes: Int = try recorder.withOutput(sealing: false) { (output) throws(StoreError) in
      output.buffer?.segments.count == 1 ? 0 : output.buffer?.bytes ?? 0
    }
    #expect(bytes <= options.errorBufferBytes)
  }

  /// Reads all sessions; returns their files.
  private func check(_ ledger: SessionLedger, _ prefix: String) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    let folders: [String] = try FileManager.default.contentsOfDirectory(atPath: temporary.path)
    #expect(folders.count { $0.hasPrefix(prefix) } == ledger.done.count)
    for session in ledger.done {
      let folder = try #require(session.folder)
      let name = String(folder.path.dropFirst(temporary.path.utf8.count + 1))
      let own = String(name.dropFirst(prefix.utf8.count))
      for (file, bytes) in try temporary.files(under: name) { files[own + "/" + file] = bytes }
      let reader = try folder.read()
      let about: SessionAbout = reader.manifest.about
      #expect(reader.manifest.state == .sealed && reader.manifest.session == session.id)
      #expect(about.ended?.rawValue == session.end)
      let previous: String? = session.end == "crash" ? nil : session.previous.map { "\($0)" }
      #expect(about.previousID == previous)
      try checkFrames(session, reader, name)
      try checkEvents(session, reader, name)
    }
    return files
  }

  /// Plays a session, which checks its chain and all checksums.
  private func checkFrames(_ session: SessionLedger.Session, _ reader: SessionReader, _ name: String) throws {
    var player = SessionPlayer(reader)
    var frames: [Int] = []
    while let frame = try player.next() {
      let pixel: Pixel = player.picture?.pixels.first ?? 0
      frames.append(Int(pixel) - 1)
      #expect(frame.time >= 0)
      try player.passRepeats()
    }
    let expected: [Int] = session.frames.suffix(frames.count)
    #expect(frames == expected, "session \(name)")
    #expect(frames.count >= session.frames.count - session.optional, "session \(name)")
  }

  private func checkEvents(_ session: SessionLedger.Session, _ reader: SessionReader, _ name: String) throws {
    var errors: [String] = []
    var presses: [Int] = []
    var gaps = 0
    for index in 0..<reader.segmentCount {
      let segment: Segment = try reader.segment(index)
      for note in segment.notes where note.kind == .gap { gaps += 1 }
      for record in segment.events {
        let event = try Event(recorded: record.json, time: record.time)
        if event.type == "error", event.name != "crash", let id = event.id { errors.append(id) }
        if event.type == "button" { presses.append(Int(event.x ?? 0) + 64 * Int(event.y ?? 0)) }
      }
    }
    #expect(errors.count == Set(errors).count && Set(errors).isSuperset(of: session.errors))
    #expect(presses.count == Set(presses).count)
    guard session.end != nil else { return }
    #expect(Set(presses).isSuperset(of: session.presses), "session \(name)")
    #expect(gaps >= session.gaps, "session \(name)")
  }

  @Test(arguments: 0..<30 as Range<UInt64>) func anySequenceIsRecordedAsTheRulesSay(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let options: SessionOptions = Self.options(&random)
    var chances: [Double] = []
    for _ in 0..<2000 { chances.append(Double.random(in: 0..<1, using: &random)) }
    let mayCrash = Bool.random(using: &random)
    var steps: [SessionStep] = []
    var hasCrash = false
    for _ in 0..<400 {
      let step: SessionStep = Self.step(mayCrash: mayCrash, &random)
      if case .crash = step { hasCrash = true }
      steps.append(step)
    }
    let one: [String: [UInt8]] = try run(steps, options, chances, threads: 1)
    // A second thread can't be stopped in the middle.
    if !hasCrash { #expect(try run(steps, options, chances, threads: 2) == one) }
  }
}
