import Foundation
import ScrimRedact

/// What one reading of the trees made of a window on the screen.
struct WindowRecord: Hashable {
  /// The window system's name for it, unique while it is open.
  var window: Int
  var pid: Int?
  /// Nodes of its tree.
  var nodes: Int
  /// Why it is masked whole; nil where its tree is believed.
  var reason: SourceWindow.Reason?
}

/// What became of each window of a live screen, from reading to reading.
struct WindowHistory {
  /// In the order in which they were met; times on the reader's clock.
  private(set) var windows: [SourceWindow] = []
  /// Indices of the windows that the last reading listed, by the window system's name and process: names are used again.
  private var open: [Key: Int] = [:]

  private struct Key: Hashable {
    var window: Int
    var pid: Int?
  }

  /// Windows that are remembered; of those beyond nothing is said.
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
            number: index + 1, window: record.window, program: record.pid.flatMap(WindowHistory.program),
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

  /// The file name of a process's program. Not its title or its arguments, which may hold anything.
  private static func program(of pid: Int) -> String? {
    guard let path = ProcessInfo.program(of: pid) else { return nil }
    // A program that was replaced since it began is marked as deleted.
    let file = path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    return file.split(separator: "/").last.map { String($0) }
  }
}
