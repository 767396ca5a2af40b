import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimCapture
@testable import ScrimRecorder

@Suite struct RecorderTests {
  let temporary: TemporaryFolder
  static let width = 70
  static let height = 40
  static let session = SessionID((0..<16).map { UInt8($0) })

  init() throws { temporary = try TemporaryFolder() }

  static func frame(
    _ number: Int, _ pixels: [Pixel], time: Int64? = nil,
    tree: Result<WidgetTree, CaptureIssue> = .success(.empty),
    version: Int = 0, snapshotSpan: ClosedRange<Int64>? = nil, complete: Bool = true
  ) -> SourceFrame {
    SourceFrame(
      number: number, time: time ?? Int64(number) * 100_000_000,
      pixels: .success(Frame(width: width, height: height, pixels: pixels)), tree: tree, treeVersion: version,
      snapshotSpan: snapshotSpan, isTreeComplete: complete)
  }

  /// The recorded result of frames and events: the folder's files by name.
  struct Recording {
    var files: [String: [UInt8]]
    var summary: RecordingSummary
    var faults: [CaptureIssue]
  }

  enum Step {
    case frame(SourceFrame)
    case lost
    case event(String)
  }

  static let shown: MaskPolicy = {
    var policy = MaskPolicy(preset: .none)
    policy.clearance = .settled
    return policy
  }()

  @discardableResult
  func record(
    _ steps: [Step], _ options: RecorderOptions = RecorderOptions(policy: shown),
    to name: String = UUID().uuidString
  ) throws -> Recording {
    var recorder = try SessionRecorder(
      to: SessionFolder(path: temporary.path + "/" + name), width: Self.width, height: Self.height,
      session: Self.session, start: 1_700_000_000_000_000_000, producer: "test", options: options)
    var faults: [CaptureIssue?] = []
    for (index, step) in steps.enumerated() {
      switch step {
      case .frame(let frame): faults.append(try recorder.record(frame))
      case .lost: recorder.lose(CaptureIssue(place: "here", message: "gone"))
      case .event(let json):
        do { try recorder.record(try Event(json: Array(json.utf8), line: index + 1)) } catch {
          guard error is EventError else { throw error }
          recorder.loseEvents()
          faults.append(CaptureIssue(place: "events.jsonl", message: "\(error)"))
        }
      }
    }
    let summary = try recorder.finish()
    return Recording(
      files: try temporary.files(under: name), summary: summary, faults: faults.compactMap { $0 })
  }

  /// The progress of a long recording lists them; with two threads they are those written so far.
  @Test(arguments: [1, 2]) func bytesAreCountedWhileRecording(threads: Int) throws {
    var options = RecorderOptions(policy: Self.shown)
    options.threads = threads
    options.segmenting.segmentDuration = 200_000_000
    options.segmenting.keyframeInterval = 200_000_000
    var recorder = try SessionRecorder(
      to: SessionFolder(path: temporary.path + "/s"), width: Self.width, height: Self.height,
      session: Self.session, start: 0, producer: "test", options: options)
    func bytes() throws -> Int {
      try temporary.files(under: "s").reduce(0) { $0 + ($1.key.hasPrefix("segments/") ? $1.value.count : 0) }
    }
    for (number, pixels) in Self.screens(6, seed: 3).enumerated() {
      try recorder.record(Self.frame(number, pixels))
    }
    try recorder.idle(at: 550_000_000)
    let count = recorder.summary.bytes
    #expect(try count > 0 && count == bytes())
    #expect(try recorder.finish().bytes == bytes())
  }

  /// A live source has frames only when something is drawn. A frame that changes only masked pixels must
  /// leave no trace.
  @Test func changesUnderMasksAloneRecordNothing() throws {
    let screens = Self.screens(3, seed: 5)
    let mask = Rect(x: 4, y: 4, width: 20, height: 12)
    var hidden = screens[0]
    for y in mask.y..<mask.maxY { for x in mask.x..<mask.maxX { hidden[y * Self.width + x] ^= 0xFF } }
    let tree = Result<WidgetTree, CaptureIssue>.success(
      try WidgetTree(widgets: [
        Widget(
          id: "p", role: "password text", name: "", x: Double(mask.x), y: Double(mask.y),
          width: Double(mask.width), height: Double(mask.height))
      ]))
    func files(_ shown: [(time: Int, pixels: [Pixel])]) throws -> [String: [UInt8]] {
      let steps = shown.enumerated().map { number, moment in
        var frame = Self.frame(moment.time, moment.pixels, tree: tree)
        frame.number = number
        frame.mayBeLeftOut = number > 0
        return Step.frame(frame)
      }
      return try record(steps).files
    }
    let typed = try files([(0, screens[0]), (1, hidden), (2, screens[1]), (3, screens[2])])
    let unchanged = try files([(0, screens[0]), (2, screens[1]), (3, screens[2])])
    #expect(typed == unchanged)
  }

  /// Changes of a dropped frame are not in the next one's damage, but must be shown.
  @Test func damageOfFramesLeftOutIsNotLost() throws {
    let before = [Pixel](repeating: 1, count: Self.width * Self.height)
    var changed = before
    changed[5] = 9
    changed[changed.count - 1] = 9
    var late = Self.frame(2, changed)
    late.damage = Region()
    let recording = try record([.frame(Self.frame(0, before)), .lost, .frame(late)], to: "s")
    #expect(recording.summary.lostFrames == 1 && recording.summary.untrueDamageFrames == 0)
    #expect(try play("s").last?.pixels == changed)
  }

  struct Played {
    var frame: SessionPlayer.PlayedFrame
    var pixels: [Pixel]
  }

  func play(_ name: String) throws -> [Played] {
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/" + name).read())
    var played: [Played] = []
    while let frame = try player.next() {
      played.append(Played(frame: frame, pixels: player.picture?.pixels ?? []))
    }
    return played
  }

  static func screens(_ count: Int, seed: UInt64) -> [[Pixel]] {
    var screen = Screen(width: width, height: height, seed: seed)
    return (0..<count).map { _ in
      screen.change()
      return screen.pixels
    }
  }

  @Test func equalInputGivesEqualBytes() throws {
    let steps = Self.screens(30, seed: 1).enumerated().map { Step.frame(Self.frame($0.offset, $0.element)) }
    let one = try record(steps)
    let two = try record(steps)
    #expect(one.files == two.files && one.files.count == 2)
  }

  @Test(arguments: 0..<12 as Range<UInt64>) func twoThreadsGiveTheBytesOfOne(seed: UInt64) throws {
    var steps: [Step] = []
    for (index, screen) in Self.screens(40, seed: seed).enumerated() {
      if index % 3 == 1 { steps.append(.event("{\"t_ms\":\(index * 100),\"type\":\"key\"}")) }
      steps.append(.frame(Self.frame(index, screen)))
    }
    steps.append(.event("{\"t_ms\":9000,\"type\":\"key\"}"))
    var options = RecorderOptions(policy: Self.shown, coding: .init(quality: seed % 2 == 0 ? nil : 70))
    options.segmenting.segmentBytes = 3_000
    options.segmenting.keyframeInterval = 900_000_000
    let one = try record(steps, options)
    options.threads = 2
    let two = try record(steps, options)
    #expect(one.files == two.files && one.files.count > 2)
    #expect(one.summary.bytes == two.summary.bytes && one.summary.events == two.summary.events)
  }

  /// An unchanged screen keeps its keyframe up to the limit; if the frames since outweigh it, the next one
  /// comes at its usual time.
  @Test func quietSegmentsRunLonger() throws {
    var options = RecorderOptions(policy: Self.shown)
    options.segmenting.segmentDuration = 500_000_000
    options.segmenting.keyframeInterval = 500_000_000
    options.segmenting.quietDuration = 2_000_000_000
    let unchanged = Self.screens(9, seed: 4)[8]
    try record((0..<45).map { .frame(Self.frame($0, unchanged)) }, options, to: "quiet")
    let keys = try play("quiet").filter(\.frame.isKey).map(\.frame.number)
    #expect(keys == [0, 20, 40])
    var random = SeededGenerator(seed: 5)
    let noise = (0..<45).map { number in
      Step.frame(
        Self.frame(number, unchanged.map { _ in Pixel.random(in: 0...0xFF_FFFF, using: &random) }))
    }
    try record(noise, options, to: "noise")
    #expect(
      try play("noise").filter(\.frame.isKey).map(\.frame.number) == Array(stride(from: 0, to: 45, by: 5)))
  }

  @Test func aRecorderThatIsGivenUpEndsItsThread() throws {
    var options = RecorderOptions(policy: Self.shown)
    options.threads = 2
    var recorder = try SessionRecorder(
      to: SessionFolder(path: temporary.path + "/s"), width: Self.width, height: Self.height,
      session: Self.session, start: 0, producer: "test", options: options)
    for (index, screen) in Self.screens(3, seed: 3).enumerated() {
      try recorder.record(Self.frame(index, screen))
    }
  }

  @Test func playbackGivesTheShownPixels() throws {
    let screens = Self.screens(25, seed: 2)
    let recording = try record(
      screens.enumerated().map { .frame(Self.frame($0.offset, $0.element)) }, to: "s")
    let played = try play("s")
    #expect(played.map(\.pixels) == screens && played.map(\.frame.number) == Array(0..<25))
    #expect(recording.summary.isComplete && recording.summary.frames == 25)
  }

  @Test func aFailedFrameIsAllFillAndMarked() throws {
    var policy = MaskPolicy(preset: .none)
    policy.fills = MaskFills(0x123456)
    let fault = CaptureIssue(place: "here", message: "no boxes")
    let screens = Self.screens(4, seed: 3)
    var broken = Self.frame(2, screens[2])
    broken.pixels = .failure(fault)
    let recording = try record(
      [
        .frame(Self.frame(0, screens[0])), .frame(Self.frame(1, screens[1], tree: .failure(fault))),
        .frame(broken),
        .frame(Self.frame(3, screens[3])),
      ], RecorderOptions(policy: policy), to: "s")
    let played = try play("s")
    for index in 1...2 {
      #expect(played[index].pixels.allSatisfy { $0 == 0x123456 })
      #expect(played[index].frame.status == .failedClosed)
    }
    #expect(played[0].pixels == screens[0] && played[3].pixels == screens[3])
    #expect(played[3].frame.status == [])
    #expect(recording.faults == [fault, fault])
    #expect(recording.summary.failedClosedFrames == 2 && !recording.summary.isComplete)
  }

  @Test func boxesThatAreTooOldFailClosed() throws {
    var policy = MaskPolicy(preset: .none)
    policy.staleAfterMs = 200
    let pixels = Self.screens(1, seed: 4)[0]
    try record(
      [-201, -200, 200, 201].enumerated().map { index, age in
        let time = Int64(index + 5) * 1_000_000_000
        let began = time + Int64(age) * 1_000_000
        return .frame(Self.frame(index, pixels, time: time, snapshotSpan: began...began + 1))
      }, RecorderOptions(policy: policy), to: "s")
    #expect(try play("s").map { $0.frame.status == .failedClosed } == [true, false, false, true])
  }

  @Test func keyframesAndSegmentsComeInTime() throws {
    var options = RecorderOptions(policy: Self.shown)
    options.segmenting.keyframeInterval = 700_000_000
    options.segmenting.segmentDuration = 2_000_000_000
    let steps = Self.screens(50, seed: 6).enumerated().map { Step.frame(Self.frame($0.offset, $0.element)) }
    let recording = try record(steps, options, to: "s")
    let played = try play("s")
    #expect(recording.summary.segments == 3)
    #expect(played.map(\.frame.segment) == (0..<50).map { $0 / 20 })
    #expect(played.map(\.frame.isKey) == (0..<50).map { $0 % 20 % 7 == 0 })
    #expect(
      Set(recording.files.keys)
        == ["manifest.json", "segments/00000000.scrim", "segments/00000001.scrim", "segments/00000002.scrim"])
    #expect(
      recording.summary.bytes
        == recording.files.filter { $0.key != "manifest.json" }.reduce(0) { $0 + $1.value.count })
  }

  @Test func anotherSizeBeginsASegment() throws {
    let sizes = [(70, 40), (70, 40), (33, 65), (33, 65), (70, 40)]
    let steps = sizes.enumerated().map { index, size in
      var frame = Self.frame(index, [Pixel](repeating: 0, count: Self.width * Self.height))
      let pixels = (0..<size.0 * size.1).map { Pixel($0 * (index + 1)) & 0xFF_FFFF }
      frame.pixels = .success(Frame(width: size.0, height: size.1, pixels: pixels))
      return frame
    }
    let recording = try record(steps.map { .frame($0) }, to: "s")
    #expect(recording.summary.segments == 3 && recording.faults.isEmpty)
    let played = try play("s")
    #expect(
      played.map(\.frame.segment) == [0, 0, 1, 1, 2]
        && played.map(\.frame.isKey) == [true, false, true, false, true])
    for (frame, played) in zip(steps, played) {
      let given = try frame.pixels.get()
      let all = (0..<given.height).flatMap { y in
        var row = [Pixel](repeating: 0, count: given.width)
        var span = row.mutableSpan
        given.readRow(y, 0..<given.width, into: &span)
        return row
      }
      #expect(played.pixels == all)
    }
    let segments = try SessionFolder(path: temporary.path + "/s").read().manifest.segments
    #expect(segments.map(\.width) == [70, 33, 70] && segments.map(\.height) == [40, 65, 40])
  }

  @Test func aSegmentThatIsFullIsSealedBeforeItsTime() throws {
    var options = RecorderOptions(policy: Self.shown)
    options.segmenting.segmentBytes = 3000
    let steps = Self.screens(40, seed: 7).enumerated().map { Step.frame(Self.frame($0.offset, $0.element)) }
    #expect(try record(steps, options, to: "s").summary.segments > 2)
    let played = try play("s")
    for (before, after) in zip(played, played.dropFirst()) where after.frame.segment != before.frame.segment {
      #expect(after.frame.isKey)
    }
  }

  @Test func eventsRevealNoKeysAndNoPositionInAPassword() throws {
    let tree = try WidgetTree(widgets: [
      Widget(id: "p", role: "password text", x: 10, y: 10, width: 20, height: 10)
    ])
    let pixels = Self.screens(1, seed: 8)[0]
    let recording = try record(
      [
        .event(#"{"t_ms":1,"type":"key","key":"S","text":"SECRET"}"#),
        .frame(Self.frame(0, pixels, tree: .success(tree))),
        .event(#"{"t_ms":20,"type":"char","char":"SECRET"}"#),
        .event(#"{"t_ms":30,"type":"move","x":12,"y":11}"#),
        .event(#"{"t_ms":40,"type":"move","x":60,"y":11}"#),
        .event(#"{"t_ms":50,"type":"SECRET","x":1,"y":1}"#),
        .event("SECRET"), .event(#"{"type":"key"}"#),
      ], to: "s")
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/s").read())
    _ = try player.next()
    #expect(player.events.map(\.time) == [30_000_000, 40_000_000])
    #expect(
      player.events.map { String(decoding: $0.json, as: UTF8.self) } == [
        #"{"type":"move","x":20,"y":15}"#, #"{"type":"move","x":60,"y":11}"#,
      ])
    #expect(recording.summary.events == 2 && recording.summary.droppedEvents == 1)
    #expect(recording.summary.lostEvents == 2 && recording.faults.count == 2)
    #expect(recording.faults.allSatisfy { !"\($0)".contains("SECRET") })
    for bytes in recording.files.values { #expect(bytes.firstRange(of: Array("SECRET".utf8)) == nil) }
  }

  /// Without boxes, the widget under the pointer is unknown.
  @Test func eventsAfterAFaultHaveNoPosition() throws {
    let pixels = Self.screens(1, seed: 9)[0]
    let fault = CaptureIssue(place: "here", message: "no boxes")
    try record(
      [
        .frame(Self.frame(0, pixels)), .frame(Self.frame(1, pixels, tree: .failure(fault))),
        .event(#"{"t_ms":150,"type":"move","x":12,"y":11}"#),
      ], to: "s")
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/s").read())
    _ = try player.next()
    #expect(player.events.map { String(decoding: $0.json, as: UTF8.self) } == [#"{"type":"move"}"#])
  }

  @Test func nothingRecordedIsAWholeSession() throws {
    let recording = try record([], to: "s")
    #expect(try play("s").isEmpty && recording.summary.segments == 0)
  }
}
