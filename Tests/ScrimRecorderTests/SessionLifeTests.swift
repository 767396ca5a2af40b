import Foundation
import ScrimFormat
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

@Suite struct SessionLifeTests {
  private static let second: Int64 = 1_000_000_000

  /// Every state × every input, as in Sessions.md.
  @Test func theTableOfTheDocumentIsWhatHappens() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Sources/ScrimRecorder/Session/Sessions.md").standardized
    let document = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    var seen: Set<[String]> = []
    for line in document.split(separator: "\n") {
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
        .map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 5, let state = SessionLife.State(rawValue: cells[0]) else { continue }
      let input = try #require(SessionLife.Input(rawValue: cells[1]), "\(line)")
      seen.insert([cells[0], cells[1]])
      let draws =
        cells[2].isEmpty ? Sampling.Mode.allCases : [try #require(Sampling.Mode(rawValue: cells[2]))]
      for draw in draws {
        let (next, actions) = SessionLife.step(state, input, draw: draw)
        #expect(next.rawValue == cells[3], "\(line)")
        #expect(actions.map(\.name).joined(separator: ", ") == cells[4], "\(line)")
      }
    }
    #expect(seen.count == SessionLife.State.allCases.count * SessionLife.Input.allCases.count)
  }

  @Test func ratesOutOfRangeAreRefused() {
    for rate in [-0.1, 1.1, .nan, .infinity] {
      var options = SessionOptions()
      options.sessionSampleRate = rate
      #expect(throws: SessionOptionsError.self) { try options.validate() }
      options = SessionOptions()
      options.errorSampleRate = rate
      #expect(throws: SessionOptionsError.self) { try options.validate() }
    }
    #expect(throws: Never.self) { try SessionOptions().validate() }
  }

  @Test func drawsFollowTheirRates() {
    var options = SessionOptions()
    options.sessionSampleRate = 0.25
    let sampling = Sampling(options)
    #expect(sampling.mode(chance: 0.2499) == .full && sampling.mode(chance: 0.25) == .buffer)
    options.errorSampleRate = 0
    #expect(Sampling(options).mode(chance: 0.9) == .off)
    #expect(!Sampling(options).takesError(chance: 0))
    options.sessionSampleRate = 0
    #expect(Sampling(options).mode(chance: 0) == .off)
  }

  @Test func aSessionPausesAndEnds() {
    var life = SessionLife(SessionOptions())
    func take(_ input: SessionLife.Input, _ seconds: Int64) -> [SessionLife.Action] {
      life.take(input, at: seconds * Self.second, chance: { 0 })
    }
    #expect(take(.frame, 0) == [.begin(.full), .take])
    // There was no interaction yet, so none is waited for.
    #expect(take(.frame, 1000) == [.take])
    #expect(take(.interaction, 1001) == [])
    #expect(take(.frame, 1300) == [.take])
    // At the end of the minute in which the five minutes are over.
    #expect(take(.frame, 1319) == [.take])
    #expect(take(.frame, 1320) == [.pause])
    #expect(take(.interaction, 1400) == [.resume])
    #expect(take(.frame, 3600) == [.end(.maximum), .begin(.full), .take])
    #expect(life.start == 3600 * Self.second)
    #expect(take(.stop, 3601) == [.end(.stopped)])
    #expect(take(.frame, 3602) == [])
  }

  /// A source that shows nothing of the user's hands but their effects can't know that the user is idle.
  @Test func aSourceWithoutPressesAndKeysNeverPauses() {
    for observed in [["navigation"], [], ["log", "move", "navigation"], nil] {
      var options = SessionOptions()
      options.maximumSeconds = 0
      options.sessionSampleRate = 0.1
      for chance in [0.05, 0.5] {
        var life = SessionLife(options)
        life.observe(observed)
        func take(_ input: SessionLife.Input, _ seconds: Int64, isByHand: Bool = false) -> [SessionLife
          .Action]
        {
          life.take(input, at: seconds * Self.second, isByHand: isByHand, chance: { chance })
        }
        #expect(take(.frame, 0).last == .take)
        #expect(take(.interaction, 1) == [])
        #expect(take(.errorMiss, 2) == [])
        if chance == 0.5 { #expect(take(.errorHit, 3) == [.flush]) }
        for second in stride(from: Int64(60), to: 7200, by: 60) { #expect(take(.frame, second) == [.take]) }
        // A press shows that they are delivered after all.
        #expect(take(.interaction, 7200, isByHand: true) == [])
        #expect(take(.frame, 7500) == [.pause])
      }
    }
  }

  /// It is never touched.
  @Test func aSourceWithPressesOrKeysPausesWithoutAny() {
    for observed in [["key"], ["move", "press"], ["touch"]] {
      var life = SessionLife(SessionOptions())
      life.observe(observed)
      #expect(life.take(.frame, at: 30 * Self.second, chance: { 0 }) == [.begin(.full), .take])
      #expect(life.take(.frame, at: 359 * Self.second, chance: { 0 }) == [.take])
      #expect(life.take(.frame, at: 360 * Self.second, chance: { 0 }) == [.pause])
      // The next session counts from its own beginning.
      #expect(
        life.take(.frame, at: 3700 * Self.second, chance: { 0 }) == [.end(.idle), .begin(.full), .take])
      #expect(life.take(.frame, at: 3959 * Self.second, chance: { 0 }) == [.take])
      #expect(life.take(.frame, at: 4020 * Self.second, chance: { 0 }) == [.pause])
    }
  }

  /// An error in a pause ends it for as long as a press would.
  @Test func anErrorEndsAPause() {
    var options = SessionOptions()
    options.maximumSeconds = 0
    for (rate, error) in [(1.0, SessionLife.Input.errorMiss), (0, .errorMiss), (0, .errorHit)] {
      options.sessionSampleRate = rate
      var life = SessionLife(options)
      life.observe(["press"])
      _ = life.take(.frame, at: 0, chance: { 0.5 })
      #expect(life.take(.frame, at: 300 * Self.second, chance: { 0.5 }) == [.pause])
      let actions = life.take(error, at: 1000 * Self.second, chance: { 0.5 })
      #expect(actions == (error == .errorHit ? [.flush, .resume] : [.resume]))
      #expect(life.take(.frame, at: 1300 * Self.second, chance: { 0.5 }) == [.take])
      #expect(life.take(.frame, at: 1320 * Self.second, chance: { 0.5 }) == [.pause])
    }
  }

  /// A night of sleep between two frames does not make a long session.
  @Test func aLongSleepEndsASession() {
    var life = SessionLife(SessionOptions())
    _ = life.take(.frame, at: 0, chance: { 0 })
    _ = life.take(.interaction, at: 0, chance: { 0 })
    #expect(
      life.take(.frame, at: 8 * 3600 * Self.second, chance: { 0 }) == [.end(.maximum), .begin(.full), .take])
  }

  /// Two sessions whose hidden input differs in number and time within its minutes have the same
  /// boundaries.
  @Test(arguments: 0..<20 as Range<UInt64>) func hiddenInputCountsByTheMinute(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var options = SessionOptions()
    options.idleSeconds = 90
    options.maximumSeconds = 1000
    let minutes = (0..<30).filter { _ in Bool.random(using: &random) }
    func run(_ random: inout SeededGenerator) -> [[SessionLife.Action]] {
      var life = SessionLife(options)
      var hidden = minutes.flatMap { minute in
        (0..<Int.random(in: 1...3, using: &random)).map { _ in
          Int64(minute) * 60 * Self.second + Int64.random(in: 0..<(60 * Self.second), using: &random)
        }
      }.sorted()
      var all: [[SessionLife.Action]] = []
      for second in 0..<1900 {
        let now = Int64(second) * Self.second
        while let next = hidden.first, next <= now {
          life.noteHiddenInput(at: next)
          hidden.removeFirst()
        }
        if second == 3 { all.append(life.take(.interaction, at: now, chance: { 0 })) }
        all.append(life.take(.frame, at: now, chance: { 0 }))
      }
      return all
    }
    #expect(run(&random) == run(&random))
  }

  /// For any input, no session exceeds its maximum, and only what belongs to a session is accepted.
  @Test(arguments: 0..<200 as Range<UInt64>) func anySequenceKeepsTheRules(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var options = SessionOptions()
    options.sessionSampleRate = [0, 0.5, 1].randomElement(using: &random)!
    options.errorSampleRate = [0, 0.5, 1].randomElement(using: &random)!
    var life = SessionLife(options)
    var now: Int64 = 0
    var isWritten = false
    for _ in 0..<400 {
      now +=
        Int64.random(in: 0...(Int.random(in: 0..<20, using: &random) == 0 ? 5000 : 30), using: &random)
        * Self.second
      let chance = Double.random(in: 0..<1, using: &random)
      if Int.random(in: 0..<6, using: &random) == 0 { life.noteHiddenInput(at: now) }
      var input = [SessionLife.Input.frame, .frame, .interaction, .errorHit, .errorMiss, .end].randomElement(
        using: &random)!
      if input == .errorHit, options.errorSampleRate == 0 { input = .errorMiss }
      let actions = life.take(input, at: now, chance: { chance })
      for action in actions {
        switch action {
        case .begin(let mode): isWritten = mode == .full
        case .flush:
          #expect(!isWritten && input == .errorHit)
          isWritten = true
        case .end:
          #expect(isWritten)
          isWritten = false
        case .drop: #expect(!isWritten)
        case .take: #expect(input == .frame)
        case .pause, .resume: break
        }
      }
      #expect(isWritten == life.isRecording)
      #expect(!life.isRecording || now - life.start < Int64(options.maximumSeconds) * Self.second)
    }
    _ = life.take(.stop, at: now, chance: { 0 })
    #expect(life.state == .stopped)
  }

  @Test func gapsAndStepsAreFound() {
    var watch = ClockWatch()
    let s = Self.second
    #expect(watch.notes(at: 0, SessionMoment(boot: 100 * s, wall: 1000 * s)).isEmpty)
    #expect(watch.notes(at: s, SessionMoment(boot: 101 * s, wall: 1001 * s)).isEmpty)
    // The machine slept for an hour: the session's clock stopped.
    #expect(
      watch.notes(at: 2 * s, SessionMoment(boot: 3702 * s, wall: 4602 * s)) == [
        NoteRecord(time: 2 * s, kind: .gap, offset: 3601 * s),
        NoteRecord(time: 2 * s, kind: .clockStep, offset: 3600 * s),
      ])
    let year = 31_536_000 * s
    for step in [year, -year] {
      var watch = watch
      #expect(
        watch.notes(at: 3 * s, SessionMoment(boot: 3703 * s, wall: 4603 * s + step)) == [
          NoteRecord(time: 3 * s, kind: .clockStep, offset: step)
        ])
    }
    // The process was stopped: all clocks continued.
    #expect(
      watch.notes(at: 12 * s, SessionMoment(boot: 3712 * s, wall: 4612 * s)) == [
        NoteRecord(time: 12 * s, kind: .gap, offset: 10 * s)
      ])
  }
}

@Suite struct ReplayBufferTests {
  private let header = SegmentHeader(
    session: SessionID([UInt8](repeating: 1, count: 16)), start: 0, width: 4, height: 4,
    entropyCoding: .deflate, policy: .zero, producer: "test")

  private func frame(_ time: Int64, key: Bool) -> FrameRecord {
    FrameRecord(time: time, number: Int(time / 1_000_000), isKey: key, coded: [])
  }

  /// Segments that repeat one frame for their events are as old as their events.
  @Test func repeatedFramesKeepTheLastEvents() {
    var buffer = ReplayBuffer(seconds: 60, budget: 1 << 30)
    func event(_ second: Int64) -> ReplayBuffer.Item {
      .event(EventRecord(time: second * 1_000_000_000, json: []))
    }
    for second in stride(from: Int64(0), through: 110, by: 10) {
      buffer.begin(header, [.frame(frame(0, key: true))], first: 0, bytes: 100)
      buffer.append(event(second), time: nil, bytes: 100)
      buffer.seal()
    }
    let now: Int64 = 115_000_000_000
    buffer.begin(header, [.frame(frame(now, key: true))], first: now, bytes: 100)
    let kept = buffer.segments.flatMap(\.items).compactMap { item -> Int64? in
      if case .event(let event) = item { event.time / 1_000_000_000 } else { nil }
    }
    #expect(kept == [60, 70, 80, 90, 100, 110])
  }

  /// For any rhythm of segments and frames it holds the requested seconds, or as many as there were, within
  /// its bytes.
  @Test(arguments: 0..<60 as Range<UInt64>) func itHoldsTheSecondsAskedFor(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let budget = [1 << 14, 1 << 30].randomElement(using: &random)!
    var buffer = ReplayBuffer(seconds: 10, budget: budget)
    var now: Int64 = 0
    for _ in 0..<60 {
      buffer.begin(header, [.frame(frame(now, key: true))], first: now, bytes: 200)
      for _ in 0..<Int.random(in: 0...30, using: &random) {
        now += Int64.random(in: 1_000_000...500_000_000, using: &random)
        buffer.append(
          .frame(frame(now, key: false)), time: now, bytes: Int.random(in: 10...600, using: &random))
        let first = try #require(buffer.segments.first)
        if budget == 1 << 30 {
          #expect(first.first <= max(0, now - 10_000_000_000))
          // And not one segment more.
          if buffer.segments.count > 1 { #expect(buffer.segments[1].first > now - 10_000_000_000) }
        } else {
          #expect(buffer.bytes <= budget || buffer.segments.count == 1)
        }
        #expect(buffer.bytes == buffer.segments.reduce(0) { $0 + $1.bytes })
      }
      buffer.seal()
      now += 1_000_000
    }
    for segment in buffer.segments {
      guard case .frame(let frame)? = segment.items.first else {
        Issue.record("a segment begins with its frame")
        return
      }
      #expect(frame.isKey)
    }
  }
}
