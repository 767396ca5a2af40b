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

/// Two threads must record the same as one.
@Suite struct TwoThreadTests {
  private enum Step {
    case frame(SourceFrame)
    case event(time: Int64)
    case idle(Int64)
    case lost
  }

  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func options(_ random: inout SeededGenerator) -> RecorderOptions {
    var policy = MaskPolicy(preset: .none)
    policy.clearance = Bool.random(using: &random) ? .settled : .latest
    var options = RecorderOptions(
      policy: policy,
      coding: .init(
        quality: Bool.random(using: &random) ? nil : 60, level: .random(in: 1...6, using: &random)))
    options.segmenting.keyframeInterval = .random(in: 1...12, using: &random) * 100_000_000
    options.segmenting.segmentDuration = .random(in: 3...30, using: &random) * 100_000_000
    options.segmenting.quietDuration = Bool.random(using: &random) ? 0 : 4_000_000_000
    options.segmenting.segmentBytes = [1_000, 20_000, 8 << 20].randomElement(using: &random) ?? 0
    return options
  }

  /// Screens of two sizes, between which the session changes, sometimes unchanged, with trees and pixels
  /// that fail.
  private func steps(_ random: inout SeededGenerator) throws -> [Step] {
    var screens = [(70, 40), (130, 97)].map {
      Screen(width: $0.0, height: $0.1, seed: .random(in: 0...UInt64.max, using: &random))
    }
    var current = 0
    var tree: Result<WidgetTree, CaptureIssue> = .success(.empty)
    var version = 0
    var steps: [Step] = []
    for number in 0..<70 {
      let time = Int64(number) * 100_000_000
      if Int.random(in: 0..<12, using: &random) == 0 { current = 1 - current }
      let before = screens[current].pixels
      if Bool.random(using: &random) { screens[current].change() }
      if Int.random(in: 0..<6, using: &random) == 0 {
        version += 1
        let rect = screens[current].rect()
        let password = Widget(
          id: "p", role: "password text", x: Double(rect.x), y: Double(rect.y), width: Double(rect.width),
          height: Double(rect.height))
        tree =
          Bool.random(using: &random)
          ? .success(try WidgetTree(widgets: [password]))
          : .failure(CaptureIssue(place: "here", message: "no boxes"))
      }
      for _ in 0..<Int.random(in: 0...2, using: &random) { steps.append(.event(time: time - 50_000_000)) }
      var frame = SourceFrame(
        number: number, time: time, pixels: .success(screens[current].frame), tree: tree,
        treeVersion: version,
        snapshotSpan: Bool.random(using: &random) ? nil : time - 20_000_000...time - 10_000_000,
        isTreeComplete: Bool.random(using: &random))
      frame.mayBeLeftOut = Bool.random(using: &random)
      if Bool.random(using: &random), case .frame? = steps.last {
        let width = screens[current].width
        frame.damage = Region(
          union: before.indices.filter { before[$0] != screens[current].pixels[$0] }.map {
            Rect(x: $0 % width, y: $0 / width, width: 1, height: 1)
          })
      }
      switch Int.random(in: 0..<20, using: &random) {
      case 0: frame.pixels = .failure(CaptureIssue(place: "here", message: "no pixels"))
      case 1: steps.append(.lost)
      case 2: steps.append(.idle(time))
      default: break
      }
      steps.append(.frame(frame))
    }
    steps.append(.event(time: 9_000_000_000))
    return steps
  }

  private func record(_ steps: [Step], _ options: RecorderOptions, threads: Int) throws -> [String: [UInt8]] {
    var options = options
    options.threads = threads
    let name = UUID().uuidString
    var recorder = try SessionRecorder(
      to: SessionFolder(path: temporary.path + "/" + name), width: 70, height: 40,
      session: RecorderTests.session, start: 0, producer: "test", options: options)
    for step in steps {
      switch step {
      case .frame(let frame): try recorder.record(frame)
      case .event(let time):
        try recorder.record(Event("key", time: time))
      case .idle(let time): try recorder.idle(at: time)
      case .lost: recorder.lose(CaptureIssue(place: "here", message: "gone"))
      }
    }
    _ = try recorder.finish()
    return try temporary.files(under: name)
  }

  @Test(arguments: 0..<60 as Range<UInt64>) func bytesAreThoseOfOneThread(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let options = options(&random)
    let steps = try steps(&random)
    let one = try record(steps, options, threads: 1)
    #expect(try record(steps, options, threads: 2) == one)
  }

  /// More uncompressed bytes than may wait at a time, and segments that are full in the middle of them.
  @Test func largeFramesAreCodedInParts() throws {
    let (width, height) = (900, 700)
    var screen = Screen(width: width, height: height, seed: 1)
    var steps: [Step] = []
    for number in 0..<7 {
      if number % 3 != 2 { screen.photograph(Rect(x: 0, y: number * 10, width: width, height: 600)) }
      steps.append(
        .frame(
          SourceFrame(
            number: number, time: Int64(number) * 100_000_000, pixels: .success(screen.frame),
            tree: .success(.empty), treeVersion: 0, snapshotSpan: nil, isTreeComplete: true)))
    }
    var options = RecorderOptions(policy: MaskPolicy(preset: .none))
    options.segmenting.segmentBytes = 600_000
    let one = try record(steps, options, threads: 1)
    let two = try record(steps, options, threads: 2)
    #expect(two == one)
    #expect(one.count > 2)
  }

  /// If segments can't be written for a while, frames are lost, and this is reported; written frames are
  /// the shown ones.
  @Test(arguments: [1, 2]) func aFolderThatIsGoneForAWhileCostsFrames(threads: Int) throws {
    var options = RecorderOptions(policy: MaskPolicy(preset: .none))
    options.threads = threads
    options.segmenting.segmentDuration = 500_000_000
    let screens = RecorderTests.screens(30, seed: 9)
    var recorder = try SessionRecorder(
      to: SessionFolder(path: temporary.path + "/s"), width: RecorderTests.width,
      height: RecorderTests.height, session: RecorderTests.session, start: 0, producer: "test",
      options: options)
    try temporary.rename("s/segments", to: "s/away")
    var failures = 0
    for (number, screen) in screens.enumerated() {
      if number == 12 { try temporary.rename("s/away", to: "s/segments") }
      do { try recorder.record(RecorderTests.frame(number, screen)) } catch { failures += 1 }
      // The error about the folder is known before the folder is restored.
      if number == 11 { do { try recorder.idle(at: 0) } catch { failures += 1 } }
    }
    _ = try recorder.finish()
    #expect(threads == 1 ? failures == 12 : (1...12).contains(failures))
    var player = SessionPlayer(try SessionFolder(path: temporary.path + "/s").read())
    var numbers: [Int] = []
    while let frame = try player.next() {
      numbers.append(frame.number)
      #expect(player.picture?.pixels == screens[frame.number])
    }
    #expect(numbers == Array(12..<30))
  }
}
