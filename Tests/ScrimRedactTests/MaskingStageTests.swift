import ScrimImage
import ScrimTestSupport
import Testing

@testable import ScrimRedact

/// The whole way of a frame, where its parts depend on each other: the masker reads only the changes that
/// clearance found.
@Suite struct MaskingStageTests {
  static let width = 70
  static let height = 50

  static func tree(_ random: inout SeededGenerator) throws -> WidgetTree {
    var widgets = [Widget(id: "p", role: "panel", x: 0, y: 0, width: 70, height: 50)]
    for index in 0..<Int.random(in: 1...4, using: &random) {
      widgets.append(
        Widget(
          id: "w\(index)", role: ["label", "push button"].randomElement(using: &random)!,
          x: .random(in: 0...50, using: &random), y: .random(in: 0...30, using: &random),
          width: .random(in: 1...30, using: &random), height: .random(in: 1...20, using: &random),
          parent: .id("p")))
    }
    return try WidgetTree(widgets: widgets)
  }

  /// Frames of which some have boxes of their moment, and are shown at once, and some have a snapshot; with
  /// faults and other sizes between them.
  @Test(arguments: 0..<30 as Range<UInt64>) func onceTheScreenStopsChangingAllOfItIsShown(seed: UInt64) throws
  {
    var random = SeededGenerator(seed: seed)
    var policy = MaskPolicy(preset: .controls)
    policy.gaps = .keep
    policy.fills = MaskFills(0xFF_00FF)
    var stage = MaskingStage(width: Self.width, height: Self.height, policy: policy)
    var screen = Screen(width: Self.width, height: Self.height, seed: seed)
    var pictures = [screen.pixels]
    var tree = try Self.tree(&random)
    var version = 0
    var time: Int64 = 0
    for index in 0..<60 {
      time += 100_000_000
      let isEnd = index >= 40
      if !isEnd {
        screen.change()
        pictures.append(screen.pixels)
        if Int.random(in: 0..<4, using: &random) == 0 {
          tree = try Self.tree(&random)
          version += 1
        }
      } else if index == 40 {
        // Everything is new to the tree, so all of it is explained.
        tree = try WidgetTree(
          widgets: tree.widgets.map { widget in
            var widget = widget
            widget.id = widget.id.map { "new \($0)" }
            widget.parent = widget.parent == nil ? nil : .id("new p")
            return widget
          })
        version += 1
      }
      let hasSpan = isEnd || Int.random(in: 0..<4, using: &random) > 0
      let isRead = isEnd || Int.random(in: 0..<10, using: &random) > 0
      // Earlier content reappears, so that frames resemble earlier ones.
      let shown = isEnd ? screen.pixels : pictures.suffix(2).randomElement(using: &random)!
      let pixels = Frame(width: Self.width, height: Self.height, pixels: shown)
      let frame = SourceFrame(
        number: index, time: time,
        pixels: isRead ? .success(pixels) : .failure(CaptureIssue(place: "here", message: "no pixels")),
        tree: .success(tree), treeVersion: version, snapshotSpan: hasSpan ? time - 50...time - 20 : nil,
        isTreeComplete: true)
      _ = stage.mask(frame)
    }
    let masked = MaskPlanner(policy: policy).plan(
      for: tree, width: Self.width, height: Self.height, describesWholeWindows: true
    ).masked
    for y in 0..<Self.height {
      for x in 0..<Self.width {
        let expected = masked.contains(x: x, y: y) ? 0xFF_00FF : screen.pixels[y * Self.width + x]
        #expect(stage.frame.storage[y * Self.width + x] == expected, "\(x), \(y)")
      }
    }
  }
}
