import Foundation
import ScrimRedact

/// Result of one snapshot for a window on the screen.
struct WindowRecord: Hashable {
  /// The window system's id for it, unique while it is open.
  var window: Int
  var pid: Int?
  /// Number of nodes of its tree.
  var nodes: Int
  /// Why it is masked completely; nil if its tree is trusted.
  var reason: SourceWindow.Reason?
}

/// Status of each window of a live screen over time, from snapshot to snapshot.
struct WindowHistory {
  /// In order of first appearance; times on the reader's clock.
  private(set) var windows: [SourceWindow] = []
  /// Indices of the windows in the last snapshot, by window id and process, because ids are reused.
  private var open: [Key: Int] = [:]

  private struct Key: Hashable {
    var window: Int
    var pid: Int?
  }

  /// Maximum number of windows remembered; later ones are not reported.
  static let limit = 1000

  mutating func note(_ records: [WindowRecord], at time: Int64) {
    var listed: [Key: Int] = [:]
    for record in records {
      let key = Key(window: record.window, pid: record.pid)
      let known = open[key]
      guard known != nil || windows.count < WindowHistory.limit else { continue }
      let index = known ?? windows.count
      if known == nil {
        windows.append(
          SourceWindow(
            number: index + 1, window: record.window, program: record.pid.flatMap(ProcessInfo.programName),
            since: time))
      }
      listed[key] = index
      if windows[index].reason != record.reason { windows[index].since = time }
      windows[index].reason = record.reason
      windows[index].nodes = record.nodes
    }
    open = listed
    for index in windows.indices { windows[index].isOpen = false }
    for index in listed.values { windows[index].isOpen = true }
  }
}
