import Foundation

/// What became of each window of a live screen over a recording. Windows are numbered as they are met, and named by their program: never by
/// a title.
public struct WindowHistory: Sendable {
  /// One window, open or closed since.
  public struct Entry: Hashable, Sendable {
    /// From 1, in the order in which windows were met.
    public var number: Int
    /// The window system's name for it.
    public var window: Int
    /// The file name of the program that drew it; nil where its process is not known.
    public var program: String?
    /// Nodes of its tree at the last reading.
    public var nodes: Int
    /// Why it is masked whole, at the last reading that listed it; nil where its tree is believed.
    public var reason: WindowRecord.Reason?
    /// Since when it is so, in nanoseconds of the reader's clock.
    public var since: Int64
    /// How many readings listed it, and at how many its tree was believed.
    public var readings: Int
    public var believed: Int
  }

  /// In the order in which they were met.
  public private(set) var entries: [Entry] = []
  /// Entries of windows that the last reading listed, by the window system's name and process: names are used again.
  private var open: [Key: Int] = [:]

  private struct Key: Hashable {
    var window: Int
    var pid: Int?
  }

  /// Windows that are remembered; of those beyond nothing is said.
  static let limit = 1000

  public init() {}

  mutating func note(_ records: [WindowRecord], at time: Int64) {
    var listed: [Key: Int] = [:]
    for record in records {
      let key = Key(window: record.window, pid: record.pid)
      let index: Int
      if let known = open[key] {
        index = known
      } else {
        guard entries.count < WindowHistory.limit else { continue }
        index = entries.count
        entries.append(
          Entry(
            number: index + 1, window: record.window, program: record.pid.flatMap(WindowHistory.program),
            nodes: 0, reason: record.reason, since: time, readings: 0, believed: 0))
      }
      listed[key] = index
      if entries[index].reason != record.reason { entries[index].since = time }
      entries[index].reason = record.reason
      entries[index].nodes = record.nodes
      entries[index].readings += 1
      entries[index].believed += record.reason == nil ? 1 : 0
    }
    open = listed
  }

  /// The file name of a process's program. Not its title or arguments, which may hold anything.
  private static func program(of pid: Int) -> String? {
    guard let path = ProcessInfo.program(of: pid) else { return nil }
    // A program that was replaced since it began is marked as deleted.
    let file = path.hasSuffix(" (deleted)") ? String(path.dropLast(10)) : path
    return file.split(separator: "/").last.map { String($0) }
  }
}
