import ScrimRedact

/// Boxes from a file of lines `{"t_ms":…,"widgets":[…]}`; each line holds from its time until the next one's.
struct BoxLines {
  private var lines: LineReader
  private let path: String
  /// The line after the one in force.
  private var following: (time: Int64, tree: Result<WidgetTree, CaptureFault>)?
  private var atEnd = false
  /// The boxes in force; no widget before the first line's time.
  private(set) var tree: Result<WidgetTree, CaptureFault> = .success(.empty)
  /// Changes with `tree`.
  private(set) var version = 0

  init(_ path: String) throws(CaptureError) {
    self.path = path
    lines = try LineReader(path)
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
    do {
      let reading = try TreeLine(json: bytes, line: lines.lines)
      following = (nanoseconds(fromMilliseconds: reading.timeMs) ?? .min, boxes(of: reading))
    } catch {
      // Nobody knows from when on the line holds, so it holds at once: nothing is shown by boxes that it may have replaced.
      following = (.min, .failure(CaptureFault(place: path, message: "\(error)")))
    }
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
