import ScrimRedact

/// Boxes from a file of lines `{"t_ms":…,"widgets":[…]}`; each line holds from its time until the next one's.
///
/// A line that can't be placed in time (it is no JSON, its time is none, or lies before that of the line before) may have replaced the boxes in
/// force at any moment. So it takes force at once, as one without boxes.
struct BoxLines {
  private var lines: LineReader
  private let path: String
  /// The line after the one in force.
  private var following: (time: Int64, tree: Result<WidgetTree, CaptureFault>)?
  private var atEnd = false
  /// The boxes in force. Before the first line's time there are none to go by.
  private(set) var tree: Result<WidgetTree, CaptureFault>
  /// The latest time of a line so far.
  private var latest = Int64.min
  /// Changes with `tree`.
  private(set) var version = 0

  init(_ path: String) throws(CaptureError) {
    self.path = path
    lines = try LineReader(path)
    tree = .failure(CaptureFault(place: path, message: "no line holds yet; the first should be of t_ms 0"))
  }

  /// Puts the boxes of a time in force. Times may not go back.
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
      following = (.min, .failure(CaptureFault(place: path, message: "\(error)")))
      return
    }
    guard let time = nanoseconds(fromMilliseconds: reading.timeMs) else {
      following = (.min, unplaced("t_ms is no time"))
      return
    }
    guard time >= latest else {
      following = (.min, unplaced("its time lies before that of an earlier line"))
      return
    }
    latest = time
    following = (time, boxes(of: reading))
  }

  private func unplaced(_ problem: String) -> Result<WidgetTree, CaptureFault> {
    .failure(CaptureFault(place: "\(path):\(lines.lines)", message: problem))
  }

  private func boxes(of reading: TreeLine) -> Result<WidgetTree, CaptureFault> {
    let place = "\(path):\(lines.lines)"
    guard !reading.isIncomplete else {
      return .failure(CaptureFault(place: place, message: "the tree could be read in part only"))
    }
    guard let widgets = reading.widgets else {
      return .failure(CaptureFault(place: place, message: "the line has no widgets"))
    }
    do {
      return .success(
        try WidgetTree(
          widgets: try widgets.get(), windows: try reading.windows?.get() ?? [],
          boxScale: reading.boxScale ?? 1))
    } catch {
      return .failure(CaptureFault(place: place, message: "\(error)"))
    }
  }
}
