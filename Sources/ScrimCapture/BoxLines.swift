import ScrimRedact

/// Boxes from a file of lines `{"t_ms":…,"widgets":[…]}`; each line is in force from its time until the
/// next one's.
///
/// A line without a valid place in time (not JSON, no valid time, or a time before that of the previous
/// line) may have replaced the boxes at any moment. So it takes effect at once, as a line without boxes.
///
/// Several different lines of one time come from a clock that is too coarse for them: until it shows another time, each of
/// them may be right, so there are no boxes; then the last one is in force.
struct BoxLines {
  private var lines: LineReader
  private let path: String
  /// What comes into force after the boxes in force, and when.
  private var following: [(time: Int64, tree: Result<WidgetTree, CaptureIssue>)] = []
  /// The last line with a valid time.
  private var last: [UInt8] = []
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
    repeat {
      while let next = following.first, next.time <= time {
        tree = next.tree
        version += 1
        following.removeFirst()
      }
      // One line ahead.
      guard !atEnd, latest <= time else { break }
      try readLine()
    } while true
  }

  /// Adds boxes, in place of those that would come into force later.
  private mutating func follow(at time: Int64, _ boxes: Result<WidgetTree, CaptureIssue>) {
    following.removeAll { $0.time >= time }
    following.append((time, boxes))
  }

  /// Nanoseconds from one time of a clock to the next, as its times look: a second for 2000, 100 ms for 2100.
  private static func step(of time: Int64) -> Int64 {
    [1_000_000_000, 100_000_000, 10_000_000].first { time % $0 == 0 } ?? 1_000_000
  }

  private mutating func readLine() throws(CaptureError) {
    guard let bytes = try lines.next() else {
      atEnd = true
      return
    }
    let reading: TreeLine
    do { reading = try TreeLine(json: bytes, line: lines.lines) } catch {
      follow(at: .min, .failure(CaptureIssue(place: path, message: "\(error)")))
      return
    }
    guard let time = nanoseconds(fromMilliseconds: reading.timeMs) else {
      follow(at: .min, unplaced("t_ms is not a valid time"))
      return
    }
    guard time >= latest else {
      follow(at: .min, unplaced("its time is before that of an earlier line"))
      return
    }
    guard time > latest || bytes != last else { return }
    if time == latest {
      follow(
        at: time,
        unplaced("its time is that of another line, and its boxes differ; give times in milliseconds"))
      follow(at: time + BoxLines.step(of: time), boxes(of: reading))
    } else {
      follow(at: time, boxes(of: reading))
    }
    (latest, last) = (time, bytes)
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
