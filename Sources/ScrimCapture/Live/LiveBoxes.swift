import ScrimRedact

/// Assigns tree snapshots to frames, in pixels of the picture; each is delivered once.
struct LiveBoxes {
  struct CurrentBoxes {
    var tree: Result<WidgetTree, CaptureIssue>
    var version: Int
    var span: ClosedRange<Int64>?
    var isComplete: Bool
  }

  /// As ``TreeReader/settleDelay``.
  private let settleDelay: Int64
  private var latest: TreeSnapshot?
  /// Time span of the last frame's snapshot.
  private var reportedSpan: ClosedRange<Int64>?
  /// As ``TreeReader/isSame(_:_:)``.
  private let isSame: (WidgetTree, WidgetTree) -> Bool
  /// Whether the latest snapshot has the same masks as the one delivered before it, and explains the same.
  private var isRepetition = false
  /// Times at which delivered snapshots may start clearing tiles; removed once passed.
  private var clearingTimes: [Int64] = []
  /// When unexplained changes in delivered snapshots become fill.
  private var fillTime: Int64?
  private var current: CurrentBoxes?
  private var versions = 0
  /// Its tree, in pixels of the screen.
  private var source: WidgetTree?
  private var lastChange: Int64 = 0
  /// Number of delivered snapshots of a screen that had not changed for long.
  private var calmReadings = 0

  /// A snapshot that begins this many nanoseconds after the last change finds the screen settled for every
  /// rule of clearance.
  private static let calm: Int64 = 1_000_000_000
  /// From the time at which a snapshot clears to the frame that it clears, at ten frames a second.
  private static let delivery: Int64 = 250_000_000
  /// Masks of two snapshots are united, so the second one of a settled screen is the last that can change
  /// anything.
  private static let calmReadingsNeeded = 2

  init(
    settleDelay: Int64, isSame: @escaping (WidgetTree, WidgetTree) -> Bool = { LiveBoxes.isEqual($0, $1) }
  ) {
    self.settleDelay = settleDelay
    self.isSame = isSame
  }

  /// Whether there is a snapshot that no frame carried yet, or one whose clearing time has come, so that
  /// repeating an unchanged picture may show more of it.
  func hasNews(at moment: Int64) -> Bool {
    if clearingTimes.contains(where: { $0 <= moment }) || fillTime.map({ $0 <= moment }) == true {
      return true
    }
    guard let latest, latest.span != reportedSpan else { return false }
    return calmReadings < LiveBoxes.calmReadingsNeeded || !isRepetition
  }

  /// Whether a snapshot may clear tiles in a frame at `moment`.
  func isClearing(at moment: Int64) -> Bool {
    let new = latest.flatMap { $0.span == reportedSpan ? nil : clearingTime(of: $0) }
    return (clearingTimes + [new].compactMap(\.self)).contains { $0 <= moment }
  }

  private func clearingTime(of reading: TreeSnapshot) -> Int64 {
    reading.span.upperBound + settleDelay
  }

  mutating func update(with reading: TreeSnapshot?) {
    guard let reading, reading.span != latest?.span else { return }
    latest = reading
    isRepetition = isAsReported(reading, by: isSame)
  }

  /// The widgets of the last frame; nil if they could not be read.
  var tree: WidgetTree? { try? current?.tree.get() }

  /// The picture now shows another part of the screen.
  mutating func move() { current = nil }

  mutating func boxes(at moment: Int64, origin: LivePoint, isUnchanged: Bool) -> CurrentBoxes {
    if !isUnchanged {
      lastChange = moment
      calmReadings = 0
    }
    guard let latest else {
      return CurrentBoxes(
        tree: .failure(CaptureIssue(place: LiveSource.treesPlace, message: "none has been read yet")),
        version: 0,
        span: nil, isComplete: false)
    }
    if latest.span != reportedSpan {
      reportedSpan = latest.span
      if latest.isComplete {
        let clearing = clearingTime(of: latest)
        clearingTimes.append(clearing)
        if isUnchanged, latest.span.lowerBound - lastChange > LiveBoxes.calm {
          calmReadings += 1
        } else {
          fillTime = clearing + SettledClearance.explanationTimeout + LiveBoxes.delivery
        }
      }
    }
    clearingTimes.removeAll { $0 <= moment }
    if let time = fillTime, time <= moment { fillTime = nil }
    // Events are judged by the states of masked widgets too, so a frame carries any tree that differs.
    if var current, isAsReported(latest, by: LiveBoxes.isEqual) {
      current.span = latest.span
      self.current = current
      return current
    }
    versions += 1
    source = try? latest.tree.get()
    let new = CurrentBoxes(
      tree: latest.tree.flatMap { LiveBoxes.moved($0, to: origin) }, version: versions, span: latest.span,
      isComplete: latest.isComplete)
    current = new
    return new
  }

  /// Whether a snapshot equals the last frame's.
  private func isAsReported(
    _ reading: TreeSnapshot, by isSame: (WidgetTree, WidgetTree) -> Bool
  ) -> Bool {
    guard let current, current.isComplete == reading.isComplete else { return false }
    switch (source, reading.tree) {
    case (nil, .failure): return true
    case (let source?, .success(let tree)): return isSame(source, tree)
    default: return false
    }
  }

  static func isEqual(_ a: WidgetTree, _ b: WidgetTree) -> Bool {
    a.boxScale == b.boxScale && a.windows == b.windows && a.widgets == b.widgets
  }

  /// Converts boxes of the screen to boxes of a picture at `origin`.
  private static func moved(_ tree: WidgetTree, to origin: LivePoint) -> Result<WidgetTree, CaptureIssue> {
    guard origin != LivePoint(x: 0, y: 0) else { return .success(tree) }
    let windows = tree.windows.map { window in
      var window = window
      window.x -= Double(origin.x)
      window.y -= Double(origin.y)
      return window
    }
    let widgets = tree.widgets.map { widget in
      var widget = widget
      widget.x -= Double(origin.x) / tree.boxScale
      widget.y -= Double(origin.y) / tree.boxScale
      return widget
    }
    do {
      return .success(try WidgetTree(widgets: widgets, windows: windows, boxScale: tree.boxScale))
    } catch {
      return .failure(CaptureIssue(place: LiveSource.treesPlace, message: "\(error)"))
    }
  }
}
