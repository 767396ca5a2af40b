import ScrimRedact

/// Boxes from a file of lines `{"t_ms":…,"widgets":[…]}`; each line is in force from its time until the
/// next one's.
///
/// A line without a valid place in time (not JSON, no valid time, or a time before that of the previous
/// line) may have replaced the boxes at any moment. So it takes effect at once, as a line without boxes.
struct BoxLines {
  private var lines: LineReader
  private let path: String
  /// The line after the one in force.
  private var following: (time: Int64, tree: Result<WidgetTree, CaptureIssue>)?
  private var atEnd = false
  /// The boxes in force. Before the first line's time there are none.
  private(set) var tree: Result<WidgetTree, CaptureIssue>
  /// The latest time of a line so far.
  private var latest = Int64.min
  /// Incremented when `tree` changes.
  private(set) var version = 0

  init(_ path: String) throws(CaptureError) {
    self.path = path
    lines = try LineReader(path)
    tree = .failure(
      CaptureIssue(
        place: path, message: "there is no line for this time yet; the first line should have t_ms 0"))
  }

  /// Puts the boxes for `time` in force. Times must not decrease.
  mutating func advance(to time: Int64) throws(CaptureError) {
    while true {
      if following == nil, !atEnd { try readLine() }
      guard let line = following, line.time <= time else { return }
      tree = line.tree
      version += 1
      following = nil
    }
  }

  private mutating func readLine() throws(CaptureError) {
    guard let bytes = try lines.next() else {
      atEnd = true
      return
    }
    let reading: TreeLine
    do { reading = try TreeLine(json: bytes, line: lines.lines) } catch {
      following = (.min, .failure(CaptureIssue(place: path, message: "\(error)")))
      return
    }
    guard let time = nanoseconds(fromMilliseconds: reading.timeMs) else {
      following = (.min, unplaced("t_ms is not a valid time"))
      return
    }
    guard time >= latest else {
      following = (.min, unplaced("its time is before that of an earlier line"))
      return
    }
    latest = time
    following = (time, boxes(of: reading))
  }

  private func unplaced(_ problem: String) -> Result<WidgetTree, CaptureIssue> {
    .failure(CaptureIssue(place: "\(path):\(lines.lines)", message: problem))
  }

  private func boxes(of reading: TreeLine) -> Result<WidgetTree, CaptureIssue> {
    let place = "\(path):\(lines.lines)"
    guard !reading.isIncomplete else {
      return .failure(CaptureIssue(place: place, message: "only a part of the tree could be read"))
    }
    guard let widgets = reading.widgets else {
      return .failure(CaptureIssue(place: place, message: "the line has no widgets"))
    }
    do {
      return .success(
        try WidgetTree(
          widgets: try widgets.get(), windows: try reading.windows?.get() ?? [],
          boxScale: reading.boxScale ?? 1))
    } catch {
      return .failure(CaptureIssue(place: place, message: "\(error)"))
    }
  }
}
