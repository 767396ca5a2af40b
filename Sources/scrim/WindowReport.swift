import ScrimRedact

/// Status of one window of a live screen, for people and machines: named by its number and its program,
/// never by a title.
struct WindowReport: Encodable {
  var number: Int
  /// Null if its process is unknown.
  var program: String?
  /// Whether it was open at the end.
  var open: Bool
  /// Nodes of its tree that were read.
  var nodes: Int
  /// Why it is masked completely: noProcess, noTree, unreadable, noFit, ambiguous, torn or popup. Null if
  /// it isn't.
  var maskedWhole: String?
  /// Start of its current state: masked completely, or read.
  var sinceMs: Double
  /// Share of it that shows older content at the end, and since when it shows any.
  var withheldShare: Double
  var withheldSinceMs: Double?

  /// Maximum number of windows printed one by one.
  static let lineLimit = 20

  private var reason: SourceWindow.Reason?

  private enum CodingKeys: String, CodingKey {
    case number, program, open, nodes, maskedWhole, sinceMs, withheldShare, withheldSinceMs
  }

  init(_ window: SourceWindow, _ withheld: WithheldWindows.Entry?) {
    number = window.number
    program = window.program
    open = window.isOpen
    nodes = window.nodes
    reason = window.reason
    maskedWhole = window.reason?.rawValue
    sinceMs = Double(window.since) / 1e6
    withheldShare = withheld?.share ?? 0
    withheldSinceMs = withheld?.since.map { Double($0) / 1e6 }
  }

  var line: String {
    let name = "window \(number), \(program ?? "an unknown program"): "
    if let reason {
      let time = sinceMs >= 1000 ? " since \(WindowReport.seconds(sinceMs))" : ""
      return name + "masked completely\(time): \(WindowReport.words(reason))"
    }
    let read =
      name + "\(counted(nodes, "node")) read"
      + (isBare ? ", which are no widgets, so that all of it is masked (\(WindowReport.browserAdvice))" : "")
    guard withheldShare > 0, let withheldSinceMs else { return read }
    let percent = max(Int((withheldShare * 100).rounded()), 1)
    return read + "; \(percent) % shows older content since \(WindowReport.seconds(withheldSinceMs))"
  }

  /// Whether its tree has little more than the window itself: Chromium without its option lists two containers below it.
  var isBare: Bool { reason == nil && nodes <= 3 }

  /// Without the variables browsers have no tree, unless the session says that a screen reader runs.
  static let browserAdvice =
    "Chromium and Electron list widgets with ACCESSIBILITY_ENABLED=1 and --force-renderer-accessibility, Firefox with GNOME_ACCESSIBILITY=1"

  private static func seconds(_ milliseconds: Double) -> String {
    "\((milliseconds / 100).rounded() / 10) s"
  }

  private static func words(_ reason: SourceWindow.Reason) -> String {
    switch reason {
    case .noProcess: "its process is unknown"
    case .noTree:
      "its program has no accessibility tree (\(browserAdvice))"
    case .unreadable: "its program did not answer in time"
    case .noFit: "its program's tree lists no window of its position and size"
    case .ambiguous: "it can't be distinguished from other windows of its program"
    case .torn: "a part of its tree could not be read"
    case .popup: "a menu or tool tip of unknown position may cover it"
    }
  }
}
