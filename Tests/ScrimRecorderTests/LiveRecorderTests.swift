import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimTestSupport
import Synchronization
import Testing

@testable import ScrimRecorder

@Suite struct LiveRecorderTests {
  let temporary: TemporaryFolder
  static let width = 40
  static let height = 30
  static let plain = [Pixel](repeating: 0x336699, count: width * height)
  /// Claims the whole surface, and so shows it with the policy of these tests.
  static let page = Widget(id: "page", role: "panel", x: 0, y: 0, width: 40, height: 30)

  init() throws { temporary = try TemporaryFolder() }

  /// A recorder that records only the first capture by itself.
  func recorder(
    framesPerSecond: Double = 0.0001, _ change: (inout RecorderConfiguration) -> Void = { _ in }
  ) -> Recorder {
    var configuration = RecorderConfiguration(
      folder: SessionFolder(path: temporary.path + "/s"),
      options: RecorderOptions(policy: MaskPolicy(preset: .none)))
    configuration.framesPerSecond = framesPerSecond
    change(&configuration)
    return Recorder(configuration)
  }

  static func pixels(_ colour: Pixel) -> [Pixel] { [Pixel](repeating: colour, count: width * height) }

  /// The pictures of the session: their pixels, and whether they failed closed.
  func played() throws -> [(pixels: [Pixel], frame: SessionPlayer.PlayedFrame)] {
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/s").read())
    var played: [(pixels: [Pixel], frame: SessionPlayer.PlayedFrame)] = []
    while let frame = try player.next() { played.append((player.picture?.pixels ?? [], frame)) }
    return played
  }

  @Test func aCaptureThatWaitsIsReplacedByTheNewest() throws {
    let recorder = recorder()
    try recorder.start()
    #expect(try capture(recorder, Self.pixels(1)) == .taken)
    try recorder.flush()
    #expect(try capture(recorder, Self.pixels(2)) == .taken)
    #expect(try capture(recorder, Self.pixels(3)) == .merged)
    #expect(try capture(recorder, Self.pixels(3), damage: []) == .unchanged)
    #expect(try recorder.stop().frames == 2)
    #expect(try played().map(\.pixels) == [Self.pixels(1), Self.pixels(3)])
    #expect(recorder.counts.captures == 4 && recorder.counts.merged == 1 && recorder.counts.unchanged == 1)
  }

  /// The parts of several captures are all in the one frame recorded for them.
  @Test func damageIsUnited() throws {
    let recorder = recorder()
    try recorder.start()
    var pixels = Self.pixels(1)
    try capture(recorder, pixels)
    try recorder.flush()
    for row in [3, 17, 29] {
      for x in 0..<Self.width { pixels[row * Self.width + x] = Pixel(row) }
      // Only the new row is readable.
      var only = Self.pixels(0xFF0000)
      for x in 0..<Self.width { only[row * Self.width + x] = Pixel(row) }
      try capture(recorder, only, damage: [Rect(x: 0, y: row, width: Self.width, height: 1)])
    }
    _ = try recorder.stop()
    #expect(try played().map(\.pixels) == [Self.pixels(1), pixels])
  }

  @Test func aSnapshotIsNeverReplaced() throws {
    let recorder = recorder()
    try recorder.start()
    for colour: Pixel in 1...6 {
      #expect(try capture(recorder, Self.pixels(colour), snapshot: true) == .taken)
    }
    for colour: Pixel in 7...9 { try capture(recorder, Self.pixels(colour)) }
    try capture(recorder, Self.pixels(10), snapshot: true)
    try capture(recorder, Self.pixels(11))
    _ = try recorder.stop()
    let colours = try played().map { $0.pixels[0] }
    #expect(colours == [1, 2, 3, 4, 5, 6, 10, 11])
  }

  @Test func framesInAPauseAreNotRecorded() throws {
    let recorder = recorder()
    try recorder.start()
    try capture(recorder, Self.pixels(1))
    try recorder.flush()
    try recorder.pause()
    #expect(try capture(recorder, Self.pixels(2)) == .paused)
    try recorder.record(Event("key"))
    try recorder.resume()
    // The caller reports no damage, but the recorder missed all changes.
    #expect(try capture(recorder, Self.pixels(3), damage: []) == .taken)
    let summary = try recorder.stop()
    #expect(try played().map(\.pixels) == [Self.pixels(1), Self.pixels(3)])
    #expect(summary.events == 0 && recorder.counts.paused == 2)
  }

  /// An application without exact damage also captures changes under masks: frames of them would reveal
  /// when there were any.
  @Test func changesUnderMasksAloneLeaveNoFrame() throws {
    let recorder = recorder()
    try recorder.start()
    let secret = Widget(id: "secret", role: "password text", x: 0, y: 0, width: 40, height: 10)
    for colour: Pixel in 1...3 {
      var pixels = Self.plain
      for place in 0..<10 * Self.width { pixels[place] = colour }
      try capture(recorder, pixels, widgets: [Self.page, secret])
      try recorder.flush()
    }
    #expect(try recorder.stop().frames == 1)
  }

  @Test func unequalGenerationsShowNothing() throws {
    let recorder = recorder()
    try recorder.start()
    try capture(recorder, Self.pixels(1))
    try recorder.flush()
    let bytes = [UInt8](repeating: 7, count: Self.width * Self.height * 4)
    let surface = Surface(width: Self.width, height: Self.height, format: .bgrx, generation: 1)
    #expect(
      try recorder.capture(bytes.span, of: surface, boxes: Boxes([Self.page], generation: 2)) == .mismatched)
    #expect(try recorder.capture(bytes.span, of: surface, damage: []) == .mismatched)
    try recorder.flush()
    let next = Surface(width: Self.width, height: Self.height, format: .bgrx, generation: 2)
    // The damage of the frames with other generations is yet to be read.
    #expect(try recorder.capture(bytes.span, of: next, damage: []) == .taken)
    _ = try recorder.stop()
    #expect(try played().map(\.pixels) == [Self.pixels(1), Self.pixels(0x070707)])
  }

  @Test func boxesThatMakeNoSenseFailClosed() throws {
    let recorder = recorder()
    try recorder.start()
    var broken = Self.page
    broken.width = .nan
    #expect(throws: RecorderError.self) { try capture(recorder, Self.pixels(9), widgets: [broken]) }
    let summary = try recorder.stop()
    #expect(summary.failedClosedFrames == 1 && recorder.counts.refused == 1)
    #expect(try played().map(\.pixels) == [Self.pixels(0)])
  }

  @Test func theCallbackDecidesEachWidget() throws {
    let asked = Mutex<[String]>([])
    let recorder = recorder { configuration in
      configuration.options.policy = MaskPolicy(preset: .default)
      configuration.options.policy.padding = 0
      configuration.decide = { widget in
        asked.withLock { $0.append(widget.id ?? "") }
        return widget.id == "shown" || widget.type == "password text"
          ? .unmask : widget.id == "panel" ? .mask : .continue
      }
    }
    try recorder.start()
    func widget(_ id: String, _ role: String, _ y: Double, mark: Mark? = nil) -> Widget {
      Widget(id: id, role: role, x: 0, y: y, width: 40, height: 5, mark: mark)
    }
    let widgets = [
      widget("shown", "label", 0), widget("default", "label", 5), widget("secret", "password text", 10),
      widget("panel", "separator", 15), widget("marked", "label", 20, mark: .shown),
      widget("same", "image", 25),
    ]
    try capture(recorder, Self.pixels(5), widgets: widgets)
    try capture(recorder, Self.pixels(5), widgets: widgets)
    _ = try recorder.stop()
    let picture = try #require(try played().last).pixels
    #expect((0..<6).map { picture[$0 * 5 * Self.width] } == [5, 0, 0, 0, 5, 0])
    // The callback is not called for passwords and marks, nor twice for the same widgets.
    #expect(asked.withLock { $0 } == ["shown", "default", "panel", "same"])
  }

  @Test func anotherSizeBeginsASegment() throws {
    let recorder = recorder()
    try recorder.start()
    try capture(recorder, Self.pixels(1))
    try recorder.flush()
    let wide = [Pixel](repeating: 2, count: 60 * 20)
    let page = Widget(role: "panel", x: 0, y: 0, width: 60, height: 20)
    #expect(try capture(recorder, wide, widgets: [page], damage: [], width: 60) == .taken)
    let summary = try recorder.stop()
    #expect(summary.segments == 2 && summary.usage.plans == 2)
    #expect(try played().map(\.pixels) == [Self.pixels(1), wide])
  }

  @Test func eventsAreMaskedLikeTheFrameOfTheirTime() throws {
    let recorder = recorder()
    try recorder.start()
    let field = Widget(role: "password text", x: 10, y: 10, width: 20, height: 10)
    try capture(recorder, widgets: [Self.page, field])
    try recorder.flush()
    var press = Event("button")
    (press.x, press.y, press.button) = (12, 11, 1)
    try recorder.record(press)
    // The field is gone before the event is recorded.
    try capture(recorder)
    try recorder.record(press)
    try recorder.captureError("it \"broke\"\n", name: "Oops")
    let summary = try recorder.stop()
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/s").read())
    _ = try player.next()
    #expect(
      player.events.map { String(decoding: $0.json, as: UTF8.self) } == [
        #"{"type":"button","x":20,"y":15}"#, #"{"button":1,"role":"panel","type":"button","x":12,"y":11}"#,
        #"{"message":"it \"broke\"\n","name":"Oops","type":"error"}"#,
      ])
    #expect(summary.events == 3)
  }

  @Test func misuseIsRefused() throws {
    let recorder = recorder()
    func expect(_ error: String, _ body: () throws -> Void) {
      #expect { try body() } throws: { "\($0)".contains(error) }
    }
    expect("not started") { try capture(recorder) }
    expect("not started") { try recorder.flush() }
    expect("not started") { _ = try recorder.stop() }
    try recorder.start()
    expect("already started") { try recorder.start() }
    expect("no boxes") { try capture(recorder, widgets: nil) }
    let few = [UInt8](repeating: 0, count: 10)
    expect("are missing") { try recorder.capture(few.span, of: Surface(width: 9, height: 9, format: .bgrx)) }
    expect("no pixels") { try recorder.capture(few.span, of: Surface(width: 0, height: 9, format: .bgrx)) }
    expect("shorter than a row") {
      try recorder.capture(few.span, of: Surface(width: .max, height: .max, format: .bgrx))
    }
    expect("a minute from now") {
      try recorder.capture(
        few.span, of: Surface(width: 1, height: 1, format: .bgrx, time: 1 << 62), boxes: Boxes([]))
    }
    let edges = [Int.min, -1, 0, 1, Int.max]
    let rects = edges.flatMap { x in edges.map { Rect(x: x, y: x, width: $0, height: $0) } }
    #expect(try capture(recorder, damage: rects) == .taken)
    #expect(try recorder.stop().frames == 1 && recorder.stop().frames == 1)
    expect("is stopped") { try capture(recorder) }
    expect("is stopped") { try recorder.flush() }
    #expect(recorder.counts.refused == 5)
  }

  /// The folder is not empty: the first capture finds out, and later ones report it.
  @Test func aSessionThatCannotBeginIsReported() throws {
    try temporary.write([1], to: "s/other.txt")
    let faults = Mutex<[String]>([])
    let recorder = recorder { $0.onIssue = { fault in faults.withLock { $0.append("\(fault)") } } }
    try recorder.start()
    try capture(recorder)
    #expect(throws: RecorderError.self) { try recorder.flush() }
    #expect(throws: RecorderError.self) { try capture(recorder) }
    #expect(throws: RecorderError.self) { try recorder.stop() }
    #expect(recorder.failure != nil)
    while faults.withLock({ $0.isEmpty }) { usleep(1000) }
    #expect(faults.withLock { $0.count == 1 && $0[0].contains("is not empty") })
  }

  /// If segments can't be written for a while, the last picture is recorded once they can.
  @Test func goesOnWhereAFaultIsMended() throws {
    let faults = Mutex(0)
    let recorder = recorder { $0.onIssue = { _ in faults.withLock { $0 += 1 } } }
    try recorder.start()
    try capture(recorder, Self.pixels(1))
    try recorder.flush()
    try temporary.rename("s/segments", to: "s/away")
    // Another size seals the segment and begins a new one, which fails without its folder.
    let wide = [Pixel](repeating: 2, count: 60 * 20)
    let page = Widget(role: "panel", x: 0, y: 0, width: 60, height: 20)
    try capture(recorder, wide, widgets: [page], width: 60)
    #expect(throws: RecorderError.self) { try recorder.flush() }
    #expect(throws: RecorderError.self) { try recorder.flush() }
    #expect(recorder.failure != nil && recorder.counts.failed == 1)
    #expect(throws: RecorderError.self) { try recorder.stop() }
    try temporary.rename("s/away", to: "s/segments")
    _ = try recorder.stop()
    #expect(try played().map(\.pixels) == [Self.pixels(1), wide])
    #expect(faults.withLock { $0 } == 1)
  }

  @Test func callbacksMayNotWaitForTheRecorder() throws {
    try temporary.write([1], to: "s/other.txt")
    let said = Mutex<[String]>([])
    let slot = Mutex<Recorder?>(nil)
    let recorder = recorder { configuration in
      configuration.onIssue = { _ in
        let recorder = slot.withLock { $0 }
        for call in [{ _ = try recorder?.stop() }, { try recorder?.flush() }] as [() throws -> Void] {
          do { try call() } catch { said.withLock { $0.append("\(error)") } }
        }
      }
    }
    slot.withLock { $0 = recorder }
    try recorder.start()
    try capture(recorder)
    while said.withLock({ $0.count < 2 }) { usleep(1000) }
    slot.withLock { $0 = nil }
    #expect(said.withLock { $0.allSatisfy { $0.contains("from another thread") } })
  }

  @Test func aRecorderThatIsDroppedSealsItsSession() throws {
    do {
      let recorder = recorder()
      try recorder.start()
      try capture(recorder)
    }
    let folder = SessionFolder(path: temporary.path + "/s")
    var tries = 0
    while (try? folder.read().manifest.state) != .sealed, tries < 5000 {
      usleep(1000)
      tries += 1
    }
    #expect(try played().count == 1)
  }

  @Test func aRecorderThatCapturesNothingWritesNothing() throws {
    let recorder = recorder()
    try recorder.start()
    try recorder.record(Event("key"))
    #expect(try recorder.stop().frames == 0)
    #expect(!FileManager.default.fileExists(atPath: temporary.path + "/s"))
  }

  /// Threads that capture, snapshot, record and flush at once; the last picture must be the final one.
  @Test func manyThreadsAtOnce() throws {
    let recorder = recorder(framesPerSecond: 500)
    try recorder.start()
    try capture(recorder)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for step in 0..<40 {
        let colour = Pixel(thread * 100 + step + 1)
        let place = Rect(x: thread * 5, y: 0, width: 5, height: Self.height)
        _ = try? capture(
          recorder, Self.pixels(colour), damage: [place], snapshot: step % 13 == 0 && thread < 3)
        if step % 7 == 0 { try? recorder.record(Event("key")) }
        if step % 20 == 19 { try? recorder.flush() }
        if thread == 7, step % 10 == 5 {
          try? recorder.pause()
          try? recorder.resume()
        }
      }
    }
    try capture(recorder, Self.pixels(0xABCDEF))
    let summary = try recorder.stop()
    let counts = recorder.counts
    #expect(counts.captures + counts.paused >= 322 && counts.failed == 0 && counts.refused == 0)
    #expect(summary.frames <= counts.captures && summary.frames > 1)
    #expect(try played().last?.pixels == Self.pixels(0xABCDEF))
  }

  /// Ten captures in a moment give two frames: the first at once, the others when it is time.
  @Test func earlyCapturesWaitForTheirTime() throws {
    let recorder = recorder(framesPerSecond: 5)
    try recorder.start()
    try capture(recorder, Self.pixels(1))
    while recorder.counts.captures == 1, try !isRecorded(frames: 1) { usleep(1000) }
    for colour: Pixel in 2...10 { try capture(recorder, Self.pixels(colour)) }
    while try !isRecorded(frames: 2) { usleep(1000) }
    _ = try recorder.stop()
    let frames = try played()
    // A machine that stops for more than a fifth of a second in between causes a third.
    #expect(frames.first?.pixels[0] == 1 && frames.last?.pixels[0] == 10 && frames.count < 5)
  }

  /// Whether that many frames are in the open segment.
  private func isRecorded(frames: Int) throws -> Bool {
    let part = temporary.path + "/s/segments/00000000.scrim.part"
    guard let data = FileManager.default.contents(atPath: part) else { return false }
    // A file that is being written may end within its header.
    return ((try? SegmentReader.recover(Array(data)))?.segment.frames.count ?? 0) >= frames
  }
}

@discardableResult
private func capture(
  _ recorder: Recorder, _ pixels: [Pixel] = LiveRecorderTests.plain,
  widgets: [Widget]? = [LiveRecorderTests.page], damage: [Rect]? = nil,
  snapshot: Bool = false, width: Int = LiveRecorderTests.width
) throws -> CaptureOutcome {
  let bytes = pixels.flatMap { pixel in
    [UInt8(pixel & 0xFF), UInt8(pixel >> 8 & 0xFF), UInt8(pixel >> 16), 0xA5]
  }
  let surface = Surface(width: width, height: pixels.count / width, format: .bgrx)
  return snapshot
    ? try recorder.snapshot(bytes.span, of: surface, boxes: widgets.map { Boxes($0) }, damage: damage)
    : try recorder.capture(bytes.span, of: surface, boxes: widgets.map { Boxes($0) }, damage: damage)
}
