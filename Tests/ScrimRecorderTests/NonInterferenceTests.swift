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

/// The guarantee: inputs that differ only in masked content give the same bytes.
@Suite struct NonInterferenceTests {
  /// One moment of a random capture, with the boxes in their original and in a reworded form.
  struct Moment {
    var pixels: [Pixel]
    var noisy: [Pixel]
    var version: Int
    var tree: Result<WidgetTree, CaptureIssue>
    var reworded: Result<WidgetTree, CaptureIssue>
    var snapshotSpan: ClosedRange<Int64>?
    var isComplete: Bool
    var isRead: Bool
    /// The damage on the screen, and the damage reported by a source that sees the noise.
    var damage: Region?
    var noisyDamage: Region?
  }

  static let roles = [
    "label", "push button", "panel", "panel", "frame", "text", "password text", "image", "list item",
    "sparkle",
    "menu item", "entry", "section",
  ]

  static func policy(_ random: inout SeededGenerator) -> MaskPolicy {
    var policy = MaskPolicy(preset: MaskPolicy.Preset.allCases.randomElement(using: &random) ?? .default)
    policy.uncovered = MaskPolicy.Uncovered.allCases.randomElement(using: &random) ?? .auto
    policy.gaps = MaskPolicy.Gaps.allCases.randomElement(using: &random) ?? .guard
    policy.clearance = MaskPolicy.Clearance.allCases.randomElement(using: &random) ?? .settled
    policy.maskAllText = Bool.random(using: &random)
    policy.maskAllImages = Bool.random(using: &random)
    policy.unknown = Bool.random(using: &random) ? .mask : .keep
    policy.keepNames = Bool.random(using: &random) ? .shown : .none
    policy.staleAfterMs = 120
    policy.fills[.text] = 0x400000
    return policy
  }

  static func widgets(_ random: inout SeededGenerator) -> [Widget] {
    (0..<Int.random(in: 0...9, using: &random)).map { index in
      Widget(
        id: "w\(index)", role: roles.randomElement(using: &random) ?? "label", name: "name",
        x: .random(in: -5...60, using: &random), y: .random(in: -5...35, using: &random),
        width: .random(in: 0...50, using: &random), height: .random(in: 0...30, using: &random),
        parent: index > 0 && Bool.random(using: &random)
          ? .index(.random(in: 0..<index, using: &random)) : nil,
        text: Int.random(in: 0..<4, using: &random) == 0 ? "text" : nil,
        mark: [nil, nil, nil, .masked, .shown].randomElement(using: &random) ?? nil)
    }
  }

  /// The same widgets, with other names, texts and states for masked ones. Those of shown ones explain
  /// changes of pixels, so they stay.
  static func reworded(
    _ widgets: [Widget], _ window: Window, _ planner: MaskPlanner, _ random: inout SeededGenerator
  ) throws -> [Widget] {
    let masked = Set(
      planner.plan(
        for: try WidgetTree(widgets: widgets, windows: [window]), width: RecorderTests.width,
        height: RecorderTests.height, describesWholeWindows: true
      ).masks.compactMap(\.widget))
    return widgets.enumerated().map { index, widget in
      guard masked.contains(index) else { return widget }
      return Widget(
        id: widget.id, role: widget.type, name: "other \(UInt8.random(in: 0...99, using: &random))",
        x: widget.x,
        y: widget.y, width: widget.width, height: widget.height, parent: widget.parent,
        states: Bool.random(using: &random) ? ["focused", "selected"] : [],
        text: widget.hasText ? "other \(UInt8.random(in: 0...99, using: &random))" : nil, mark: widget.mark)
    }
  }

  static func capture(_ policy: MaskPolicy, _ random: inout SeededGenerator) throws -> [Moment] {
    let (width, height) = (RecorderTests.width, RecorderTests.height)
    var screen = Screen(width: width, height: height, seed: random.next())
    let planner = MaskPlanner(policy: policy)
    let hasDumps = Int.random(in: 0..<4, using: &random) > 0
    var moments: [Moment] = []
    var widgets: [Widget] = []
    for index in 0..<Int.random(in: 4...24, using: &random) {
      let before = screen.pixels
      screen.change()
      let time = Int64(index) * 100_000_000
      var moment =
        moments.last
        ?? Moment(
          pixels: [], noisy: [], version: 0, tree: .success(.empty), reworded: .success(.empty),
          snapshotSpan: nil,
          isComplete: true, isRead: true)
      if index == 0 || Int.random(in: 0..<3, using: &random) > 0 {
        // The same widgets as before are a tree that explains nothing.
        if widgets.isEmpty || Bool.random(using: &random) { widgets = Self.widgets(&random) }
        let window = Window(
          x: 5, y: 8, width: 55, height: 30,
          frameExtents: Window.Extents(left: 1, right: 1, top: 6, bottom: 1))
        moment.version += 1
        moment.tree = .success(try WidgetTree(widgets: widgets, windows: [window]))
        moment.reworded = .success(
          try WidgetTree(widgets: Self.reworded(widgets, window, planner, &random), windows: [window]))
        let begin = time + Int64.random(in: -90...90, using: &random) * 1_000_000
        moment.snapshotSpan =
          hasDumps ? begin...begin + Int64.random(in: 0...150, using: &random) * 1_000_000 : nil
        moment.isComplete = Int.random(in: 0..<8, using: &random) > 0
      }
      if Int.random(in: 0..<12, using: &random) == 0 {
        let fault = CaptureIssue(place: "here", message: "no boxes")
        moment.version += 1
        moment.tree = .failure(fault)
        moment.reworded = .failure(fault)
      }
      moment.isRead = Int.random(in: 0..<12, using: &random) > 0
      if Bool.random(using: &random) {
        let changed = screen.pixels.indices.filter { screen.pixels[$0] != before[$0] }.map {
          Rect(x: $0 % width, y: $0 / width, width: 1, height: 1)
        }
        moment.damage = Region(union: changed)
      } else {
        moment.damage = nil
      }
      moment.pixels = screen.pixels
      // If the boxes are not available, the whole picture is masked.
      var masked = Region(Rect(x: 0, y: 0, width: width, height: height))
      if let tree = try? moment.tree.get() {
        masked = planner.plan(for: tree, width: width, height: height, describesWholeWindows: true).masked
      }
      moment.noisyDamage = moment.damage?.union(masked)
      moment.noisy = screen.pixels
      for y in 0..<height {
        for x in 0..<width where masked.contains(x: x, y: y) {
          moment.noisy[y * width + x] = .random(in: 0...0xFF_FFFF, using: &random)
        }
      }
      moments.append(moment)
    }
    return moments
  }

  @Test(arguments: 0..<60 as Range<UInt64>) func maskedContentLeavesNoTrace(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed &+ 1000)
    let policy = Self.policy(&random)
    let moments = try Self.capture(policy, &random)
    let quality = Bool.random(using: &random) ? nil : 60
    let presses = moments.indices.map { index in
      let type = ["button-down", "touch-down"].randomElement(using: &random) ?? "button"
      let x = Int.random(in: 0..<RecorderTests.width, using: &random)
      let y = Int.random(in: 0..<RecorderTests.height, using: &random)
      return ##"{"t_ms":\##(index * 100 + 1),"type":"\##(type)","x":\##(x),"y":\##(y)}"##
    }
    let recorder = try RecorderTests()
    var options = RecorderOptions(policy: policy, coding: .init(quality: quality, level: 3))
    options.segmenting.segmentDuration = 600_000_000
    options.segmenting.keyframeInterval = 400_000_000
    options.threads = Int(seed % 2) + 1
    func record(_ isNoisy: Bool) throws -> RecorderTests.Recording {
      try recorder.record(
        moments.enumerated().flatMap { (index, moment) -> [RecorderTests.Step] in
          var frame = RecorderTests.frame(
            index, isNoisy ? moment.noisy : moment.pixels, tree: isNoisy ? moment.reworded : moment.tree,
            version: moment.version, snapshotSpan: moment.snapshotSpan, complete: moment.isComplete)
          frame.damage = isNoisy ? moment.noisyDamage : moment.damage
          if !moment.isRead { frame.pixels = .failure(CaptureIssue(place: "here", message: "no pixels")) }
          return [.frame(frame), .event(presses[index])]
        }, options, to: isNoisy ? "noisy" : "plain")
    }
    let (plain, noisy) = (try record(false), try record(true))
    #expect(plain.files == noisy.files)
    #expect(plain.faults == noisy.faults)
    // So are the verdicts on presses, some of them on masked widgets.
    let insights = try ["plain", "noisy"].map { name in
      try Insight(try SessionFolder(path: recorder.temporary.path + "/" + name).read())
    }
    #expect(insights[0] == insights[1])
    // And masked pixels are fill, in every played picture.
    let fills = Set(MaskKind.allCases.map { policy.fills[$0] })
    let planner = MaskPlanner(policy: policy)
    for (played, moment) in zip(try recorder.play("plain"), moments) {
      guard case .success(let tree) = moment.tree else {
        #expect(played.pixels.allSatisfy { $0 == policy.fills[.other] })
        continue
      }
      let masked = planner.plan(
        for: tree, width: RecorderTests.width, height: RecorderTests.height, describesWholeWindows: true
      ).masked
      let wrong = played.pixels.indices.filter { index in
        masked.contains(x: index % RecorderTests.width, y: index / RecorderTests.width)
          && !fills.contains(played.pixels[index])
      }
      // See FrameCodingTests: with JPEG, pixels that had the fill's colour before a mask appeared are not
      // exact.
      if quality == nil { #expect(wrong.isEmpty, "frame \(played.frame.number)") }
    }
  }
}
