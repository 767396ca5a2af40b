import Foundation
import ScrimImage
import ScrimRedact
import Testing

/// Every tree of the corpus decodes and plans; figures are printed, not asserted.
struct CorpusPlanTests {
  static let corpus: URL? = {
    let named = ProcessInfo.processInfo.environment["SCRIM_CORPUS"].map { URL(fileURLWithPath: $0) }
    let beside = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/corpus")
      .standardizedFileURL
    return [named, beside].compactMap { $0 }
      .first { FileManager.default.fileExists(atPath: $0.appendingPathComponent("sessions").path) }
  }()

  private static func contents(_ folder: String, _ suffix: String) throws -> [URL] {
    guard let corpus else { return [] }
    return try FileManager.default
      .contentsOfDirectory(at: corpus.appendingPathComponent(folder), includingPropertiesForKeys: nil)
      .map { suffix.hasPrefix(".") ? $0 : $0.appendingPathComponent(suffix) }
      .filter { $0.path.hasSuffix(suffix) && FileManager.default.fileExists(atPath: $0.path) }
      .sorted { $0.path < $1.path }
  }

  @Test(.enabled(if: corpus != nil, "no corpus: set SCRIM_CORPUS")) func sessions() throws {
    let clock = ContinuousClock()
    for preset in MaskPolicy.Preset.allCases {
      let planner = MaskPlanner(policy: MaskPolicy(preset: preset))
      var usage = PolicyUsage(policy: planner.policy)
      var plans: [Duration] = []
      var decodes: [Duration] = []
      var masks = 0
      var widgets = 0
      for file in try Self.contents("sessions", "frames.jsonl") {
        var windows: [Window] = []
        for (number, text) in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).enumerated() {
          let bytes = Array(text)
          var decoded: CaptureLine?
          let decoding = try clock.measure { decoded = try CaptureLine(json: bytes, line: number + 1) }
          let line = try #require(decoded)
          windows = try line.tree.windows?.get() ?? windows
          guard let list = try line.tree.widgets?.get() else {
            #expect(line.tree.widgetsOfFrame != nil)
            continue
          }
          decodes.append(decoding)
          let tree = try WidgetTree(widgets: list, windows: windows, boxScale: line.tree.boxScale ?? 1)
          plans.append(
            clock.measure {
              let plan = planner.plan(
                for: tree, width: 1280, height: 800, describesWholeWindows: true, usage: &usage)
              masks += plan.masks.count
            })
          widgets += list.count
        }
      }
      #expect(usage.unknownRoles.isEmpty && usage.plans == 272)
      plans.sort()
      decodes.sort()
      print(
        "plans, \(preset): \(usage.plans), \(widgets / usage.plans) widgets and \(masks / usage.plans) masks each;",
        "median \(plans[plans.count / 2]), worst \(plans[plans.count - 1]);",
        "a line decoded: median \(decodes[decodes.count / 2]), worst \(decodes[decodes.count - 1])")
      print(
        "  masks by reason: \(usage.masksByReason.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })"
      )
    }
  }

  /// The cost of a tree of a few hundred widgets: the largest of the screenshots.
  @Test(.enabled(if: corpus != nil, "no corpus: set SCRIM_CORPUS")) func largestTree() throws {
    let clock = ContinuousClock()
    let files = try Self.contents("screens", ".json").filter { $0.lastPathComponent != "verify.json" }
    let trees = try files.map { file in
      let bytes = try Array(Data(contentsOf: file))
      return (bytes, try WidgetTree(json: bytes))
    }
    let (bytes, tree) = try #require(trees.max { $0.1.widgets.count < $1.1.widgets.count })
    let decodes = try (0..<20).map { _ in try clock.measure { _ = try WidgetTree(json: bytes) } }.sorted()
    let planner = MaskPlanner(policy: MaskPolicy(preset: .controls))
    let plans = (0..<20).map { _ in
      clock.measure { _ = planner.plan(for: tree, width: 1280, height: 800, describesWholeWindows: true) }
    }
    .sorted()
    print(
      "\(tree.widgets.count) widgets, \(bytes.count) bytes: decoded in \(decodes[10]), planned in \(plans[10])"
    )
  }

  @Test(.enabled(if: corpus != nil, "no corpus: set SCRIM_CORPUS")) func screens() throws {
    var usage = PolicyUsage(policy: MaskPolicy())
    for file in try Self.contents("screens", ".json") where file.lastPathComponent != "verify.json" {
      let tree = try WidgetTree(json: Array(Data(contentsOf: file)))
      let plan = MaskPlanner(policy: MaskPolicy())
        .plan(for: tree, width: 1280, height: 800, describesWholeWindows: true, usage: &usage)
      #expect(!plan.masked.isEmpty)
    }
    #expect(usage.plans == 40 && usage.unknownRoles.isEmpty)
  }

  @Test(.enabled(if: corpus != nil, "no corpus: set SCRIM_CORPUS")) func events() throws {
    let filter = EventFilter(policy: MaskPolicy())
    let focused = try WidgetTree(widgets: [
      Widget(role: "entry", x: 0, y: 0, width: 9, height: 9, states: ["focused"])
    ])
    var count = 0
    for file in try Self.contents("sessions", "events.jsonl") {
      for (number, text) in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).enumerated() {
        let event = try Event(json: Array(text), line: number + 1)
        if ["key", "char"].contains(event.type) {
          #expect(filter.kept(event, in: .empty) == nil)
          #expect(filter.kept(event, in: focused) == Event("key", time: event.time))
        } else {
          #expect(filter.kept(event, in: .empty)?.type == event.type)
        }
        count += 1
      }
    }
    #expect(count == 732)
  }
}
