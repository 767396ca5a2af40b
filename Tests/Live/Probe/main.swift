// Reads the accessibility trees of a desktop, for the live tests and for measuring.
//
//   scrim-trees [--address A] [--names 0|1] once|time N|watch SECONDS
//
// Windows come as lines of JSON on standard input, each the complete list, bottom to top, in the form of
// frames.jsonl; the first before anything is read. `once` prints a snapshot as a line of frames.jsonl,
// `time` the cost of N snapshots, `watch` the cost while only the applications' own signals trigger
// snapshots.
import Foundation
import ScrimCapture
import ScrimRedact
import Synchronization

struct WindowLine: Decodable {
  var xid: Int?
  var pid: Int?
  var title: String?
  var x: Double
  var y: Double
  var w: Double
  var h: Double
  var frameExtents: [Int]?
  var gtkFrameExtents: [Int]?
  var managed: Bool?

  var window: DesktopWindow {
    func extents(_ values: [Int]?) -> Window.Extents? {
      values.map { Window.Extents(left: $0[0], right: $0[1], top: $0[2], bottom: $0[3]) }
    }
    return DesktopWindow(
      window: Window(
        xid: xid, x: x, y: y, width: w, height: h, frameExtents: extents(frameExtents),
        shadowExtents: extents(gtkFrameExtents), isManaged: managed ?? true),
      pid: pid == 0 ? nil : pid, title: title ?? "")
  }
}

final class Windows: Sendable {
  private let latest = Mutex<[DesktopWindow]>([])

  func list() -> [DesktopWindow] { latest.withLock { $0 } }

  func take(_ line: String) {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let lines = try? decoder.decode([WindowLine].self, from: Data(line.utf8)) else { return }
    latest.withLock { $0 = lines.map(\.window) }
  }
}

func now() -> Int64 { Int64(DispatchTime.now().uptimeNanoseconds) }

func cpuSeconds() -> Double {
  var time = timespec()
  // Fact: the clock exists on every Linux, and `time` outlives the call.
  _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func describe(_ tree: WidgetTree) -> [[String: Any]] {
  tree.widgets.indices.map { index in
    let widget = tree.widgets[index]
    var line: [String: Any] = [
      "id": widget.id ?? "", "role": widget.type, "name": widget.name, "x": widget.x, "y": widget.y,
      "w": widget.width, "h": widget.height, "states": widget.states,
    ]
    if case .id(let parent)? = widget.parent { line["parent"] = parent }
    if widget.hasText { line["text"] = "…" }
    if let mask = widget.mark?.masks { line["mask"] = mask }
    return line
  }
}

func show(_ object: [String: Any]) throws {
  let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
  FileHandle.standardOutput.write(data + Data("\n".utf8))
}

var arguments = Array(CommandLine.arguments.dropFirst())
@MainActor func option(_ name: String) -> String? {
  guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
  defer { arguments.removeSubrange(index...index + 1) }
  return arguments[index + 1]
}
var options = AccessibilityTrees.Options(settleDelay: MaskPolicy().settleDelay)
options.address = option("--address")
options.readsNames = option("--names") != "0"

let windows = Windows()
if let line = readLine() { windows.take(line) }
let listener = Thread { while let line = readLine() { windows.take(line) } }
listener.start()
let trees = try AccessibilityTrees(options, clock: now) { windows.list() }

func nextReading(after span: ClosedRange<Int64>?) -> TreeSnapshot {
  while true {
    if let reading = trees.latest(), reading.span != span { return reading }
    usleep(2000)
  }
}

switch arguments.first {
case "time":
  let count = arguments.count > 1 ? Int(arguments[1]) ?? 10 : 10
  var last: ClosedRange<Int64>?
  for _ in 0..<count {
    let reading = nextReading(after: last)
    last = reading.span
    let (timings, readings, work) = trees.statistics()
    try show([
      "ms": Double(reading.span.upperBound - reading.span.lowerBound) / 1e6, "cpu_ms": Double(work) / 1e6,
      "readings": readings, "widgets": (try? reading.tree.get().widgets.count) ?? -1,
      "apps": timings.map {
        [
          "app": $0.application, "nodes": $0.nodes, "calls": $0.calls, "ms": Double($0.nanoseconds) / 1e6,
          "whole": $0.isWhole,
        ] as [String: Any]
      },
    ])
    trees.noteDamage(at: now())
  }
case "watch":
  let seconds = arguments.count > 1 ? Double(arguments[1]) ?? 10 : 10
  Thread.sleep(forTimeInterval: 3)
  let before = (cpu: cpuSeconds(), readings: trees.statistics().readings)
  Thread.sleep(forTimeInterval: seconds)
  try show([
    "seconds": seconds, "cpu_seconds": cpuSeconds() - before.cpu,
    "readings": trees.statistics().readings - before.readings,
  ])
default:
  let reading = nextReading(after: nil)
  var line: [String: Any] = [
    "tree_t_ms": Double(reading.span.lowerBound) / 1e6, "tree_end_ms": Double(reading.span.upperBound) / 1e6,
    "tree_complete": reading.isComplete,
  ]
  switch reading.tree {
  case .success(let tree): line["widgets"] = describe(tree)
  case .failure(let fault): line["fault"] = "\(fault)"
  }
  try show(line)
}
