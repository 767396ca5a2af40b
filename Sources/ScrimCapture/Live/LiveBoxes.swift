import ScrimRedact

/// The readings of trees as frames carry them: in pixels of the picture, told once each.
struct LiveBoxes {
  struct CurrentBoxes {
    var tree: Result<WidgetTree, CaptureFault>
    var version: Int
    var span: ClosedRange<Int64>?
    var isComplete: Bool
  }

  /// As ``TreeReader/settleDelay``.
  private let settleDelay: Int64
  private var latest: TreeSnapshot?
  /// The reading of the last frame.
  private var reportedSpan: ClosedRange<Int64>?
  /// Whether the latest says no more than what was told before it came.
  private var isRepetition = false
  /// From when on the readings that were told clear what held still; those that have are gone.
  private var clearingTimes: [Int64] = []
  /// From when on what those of changes did not explain is fill.
  private var fillTime: Int64?
  private var current: CurrentBoxes?
  private var versions = 0
  /// Its tree, in pixels of the screen.
  private var source: WidgetTree?
  private var lastChange: Int64 = 0
  /// Readings that were told with pixels that had held still for long before.
  private var calmReadings = 0

  /// A reading that began this long after the last change, in nanoseconds, finds the screen settled by any measure of clearance.
  private static let calm: Int64 = 1_000_000_000
  /// From the time at which a reading clears to the frame that it clears, at ten frames a second.
  private static let delivery: Int64 = 250_000_000
  /// Masks of two readings are united, so that the second that finds the screen settled is the last to tell anything new.
  private static let calmReadingsNeeded = 2

  init(settleDelay: Int64) { self.settleDelay = settleDelay }

  /// Whether there is a reading that no frame carried, or one whose time has come, and that may let a still picture be shown better.
  func hasNews(at moment: Int64) -> Bool {
    if clearingTimes.contains(where: { $0 <= moment }) || fillTime.map({ $0 <= moment }) == true {
      return true
    }
    guard let latest, latest.span != reportedSpan else { return false }
    return calmReadings < LiveBoxes.calmReadingsNeeded || !isRepetition
  }

  /// Whether a frame of that moment is one that a reading clears.
  func lands(at moment: Int64) -> Bool {
    let new = latest.flatMap { $0.span == reportedSpan ? nil : clearingTime(of: $0) }
    return (clearingTimes + [new].compactMap(\.self)).contains { $0 <= moment }
  }

  private func clearingTime(of reading: TreeSnapshot) -> Int64 {
    reading.span.upperBound + settleDelay
  }

  mutating func look(at reading: TreeSnapshot?) {
    guard let reading, reading.span != latest?.span else { return }
    latest = reading
    isRepetition = isAsReported(reading)
  }

  /// The picture shows another part of the screen.
  mutating func move() { current = nil }

  mutating func boxes(at moment: Int64, origin: LivePoint, isStill: Bool) -> CurrentBoxes {
    if !isStill {
      lastChange = moment
      calmReadings = 0
    }
    guard let latest else {
      return CurrentBoxes(
        tree: .failure(CaptureFault(place: LiveSource.treesPlace, message: "none has been read yet")),
        version: 0,
        span: nil, isComplete: false)
    }
    if latest.span != reportedSpan {
      reportedSpan = latest.span
      if latest.isComplete {
        let clearing = clearingTime(of: latest)
        clearingTimes.append(clearing)
        if isStill, latest.span.lowerBound - lastChange > LiveBoxes.calm {
          calmReadings += 1
        } else {
          fillTime = clearing + SettledClearance.explanationTimeout + LiveBoxes.delivery
        }
      }
    }
    clearingTimes.removeAll { $0 <= moment }
    if let time = fillTime, time <= moment { fillTime = nil }
    if var current, isAsReported(latest) {
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

  /// Whether a reading says what the last frame's said.
  private func isAsReported(_ reading: TreeSnapshot) -> Bool {
    guard let current, current.isComplete == reading.isComplete else { return false }
    switch (source, reading.tree) {
    case (nil, .failure): return true
    case (let source?, .success(let tree)):
      return tree.boxScale == source.boxScale && tree.windows == source.windows
        && tree.widgets == source.widgets
    default: return false
    }
  }

  /// Boxes of the screen as boxes of a picture that lies at `origin` on it.
  private static func moved(_ tree: WidgetTree, to origin: LivePoint) -> Result<WidgetTree, CaptureFault> {
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
      return .failure(CaptureFault(place: LiveSource.treesPlace, message: "\(error)"))
    }
  }
}
