import ScrimImage
package import ScrimRedact
import ScrimSystem

/// Options of live recording.
package struct LiveOptions: Sendable {
  /// Maximum frame rate; above 0.
  package var framesPerSecond = 10.0
  /// Nanoseconds after which the source ends; nil for never.
  package var duration: Int64?
  /// Called several times a second while there is no change, and after each signal; true ends the source.
  package var isCancelled: @Sendable () -> Bool = { false }
  /// Whether a key may be recorded with these boxes; nil boxes are unknown ones. Keys are judged by the boxes at
  /// their time and by those read after it, since the focus may have moved in between.
  package var admitsKeys: @Sendable (WidgetTree?) -> Bool = { _ in false }

  package init() {}
}

/// Frames of a live screen, as they happen: ``next()`` waits for them.
///
/// While nothing is drawn, nothing is captured, and `idle` is returned once a second. A tree snapshot that
/// ends meanwhile comes with the last pixels again (`Frame.isSameStorage`), and once more when it may clear
/// unchanged tiles; the end also repeats the last pixels, to record how long they were visible. The clock
/// of frames and snapshots is CLOCK_MONOTONIC, from 0 at the start; a frame's time is not after the moment
/// of its pixels.
///
/// The pointer is not in the pixels, since it would cover masks: its position comes as an event.
package struct LiveSource: FrameSource {
  package var width: Int { picture.frame.width }
  package var height: Int { picture.frame.height }
  package var expectedFrames: Int? { nil }
  package var isLive: Bool { true }
  package var tornReads: Int { screen.tornReads }
  /// Without boxes it is unknown what a key reveals.
  package var observedEvents: [String]? { screen.observes.filter { trees != nil || $0 != "key" } }
  package var windows: [SourceWindow] {
    (trees?.windows ?? []).map { window in
      var window = window
      window.since = max(window.since - start, 0)
      return window
    }
  }

  /// The place named by issues when trees are unavailable.
  package static let treesPlace = "accessibility trees"

  private let screen: any LiveScreen
  private let trees: (any TreeReader)?
  private let options: LiveOptions
  private let start: Int64
  private var limiter: FrameRateLimiter
  private var boxes: LiveBoxes
  private var picture: LivePicture
  /// The first picture is captured by `init`, which needs its size.
  private var isFirst = true
  private var hasChanged = false
  private var hasEnded = false
  /// When the last picture was captured.
  private var lastCapture = Int64.min
  /// Whether the last item returned is a frame, which the caller has processed since.
  private var isFrameTaken = false
  private var number = 0
  /// Damage of the last picture if copying it took long: a frame's time is before its pixels, so a snapshot
  /// that began long after that time may still have begun before the moment of the pixels. It counts as
  /// damage again in the next frame.
  private var late: Region?
  /// Whether the last frame had no boxes.
  private var isBlind = true
  /// Frame times never decrease.
  private var lastMoment = Int64.min
  private var pointer: LivePoint?
  /// Pointer positions; returned after the next frame, whose boxes decide which of their data are kept.
  private var events: [Event] = []
  /// The number of events that follow the last frame.
  private var dueEvents = 0
  /// Keys that wait for the boxes read after them, at most one per second.
  private var keys = HeldKeys()

  /// Maximum nanoseconds from a frame's time to its pixels to count as prompt: far below the settle delay.
  private static let maxCaptureLatency: Int64 = 100_000_000
  /// Nanoseconds from the first sign of a change to its capture, so that drawing in several steps is captured once.
  private static let settling: Int64 = 16_000_000
  /// Maximum nanoseconds between captures, however long the processing of frames takes.
  private static let longestInterval: Int64 = 4_000_000_000
  /// How often the tree reader is polled.
  private static let treePollInterval: Int64 = 100_000_000
  /// Time without a frame after which the caller gets `idle`.
  private static let idleNotificationInterval: Int64 = 1_000_000_000
  /// How often, without a frame, `isCancelled` is called; a signal is noticed at once.
  private static let cancelCheckInterval: Int64 = 500_000_000

  init(_ screen: any LiveScreen, trees: (any TreeReader)?, options: LiveOptions) throws(CaptureError) {
    self.screen = screen
    self.trees = trees
    self.options = options
    boxes =
      trees.map { trees in LiveBoxes(settleDelay: trees.settleDelay) { trees.isSame($0, $1) } }
      ?? LiveBoxes(settleDelay: 0)
    limiter = FrameRateLimiter(
      framesPerSecond: options.framesPerSecond, busyShare: FrameRateLimiter.defaultBusyShare,
      longestInterval: LiveSource.longestInterval)
    start = MonotonicClock.now
    guard case .picture(let first) = try screen.capture(isThorough: true) else {
      throw .unavailable(CaptureIssue(place: screen.name, message: "it is not visible"))
    }
    picture = first
    if MonotonicClock.now - start > LiveSource.maxCaptureLatency { late = Region(first.bounds) }
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    let end = options.duration.map { start + $0 } ?? Int64.max
    if isFrameTaken { limiter.note(from: lastCapture, to: MonotonicClock.now) }
    isFrameTaken = false
    if dueEvents > 0 {
      dueEvents -= 1
      return .event(events.removeFirst())
    }
    let idleDeadline = MonotonicClock.now + LiveSource.idleNotificationInterval
    while !hasEnded {
      let now = MonotonicClock.now
      if now >= end || options.isCancelled() { return isFirst ? nil : try lastFrame(at: now) }
      boxes.update(with: trees?.latest())
      if isFirst {
        isFirst = false
        lastCapture = now
        return .frame(frame(at: start, damage: Region(picture.bounds)))
      }
      guard hasChanged || boxes.hasNews(at: now) else {
        if now >= idleDeadline {
          takeInput(at: now)
          // There was no change, so the boxes of the last frame still apply.
          dueEvents = events.count
          if dueEvents > 0 { return try next() }
          return .idle(now - start)
        }
        let pause = trees == nil ? LiveSource.cancelCheckInterval : LiveSource.treePollInterval
        if try screen.waitForChange(until: min(end, now + pause)) {
          hasChanged = true
          limiter.hold(until: MonotonicClock.now + min(LiveSource.settling, limiter.interval))
        }
        continue
      }
      if now < limiter.due {
        MonotonicClock.wait(for: nil, until: min(end, limiter.due, now + LiveSource.cancelCheckInterval))
        continue
      }
      switch hasChanged ? try changedFrame(at: now) : try repeatedFrame(at: now) {
      case .frame(let frame): return .frame(frame)
      case .nothing: continue
      case .ended: hasEnded = true
      }
    }
    return nil
  }

  private enum Step {
    case frame(SourceFrame)
    case nothing
    case ended
  }

  private mutating func changedFrame(at now: Int64) throws(CaptureError) -> Step {
    hasChanged = false
    switch try screen.capture(isThorough: boxes.isClearing(at: now)) {
    case .ended: return .ended
    case .unchanged(let pointer):
      note(pointer, at: now)
      return .nothing
    case .picture(let new):
      if new.origin != picture.origin { boxes.move() }
      lastCapture = now
      picture = new
      note(new.pointer, at: now)
      let damage =
        late.map { late in new.damage.map { $0.union(late.intersection(Region(new.bounds))) } } ?? new.damage
      let isLate = MonotonicClock.now - (new.moment ?? now) > LiveSource.maxCaptureLatency
      late = isLate ? new.damage ?? Region(new.bounds) : nil
      return .frame(frame(at: new.moment ?? now, damage: damage))
    }
  }

  /// The last pixels with a newer snapshot.
  private mutating func repeatedFrame(at now: Int64) throws(CaptureError) -> Step {
    guard try screen.isUnchanged() else {
      hasChanged = true
      return .nothing
    }
    lastCapture = now
    defer { late = nil }
    return .frame(frame(at: now, damage: late ?? Region()))
  }

  /// The last frame: records how long the last picture was visible, or its latest state.
  ///
  /// It is recorded even if nothing changed.
  private mutating func lastFrame(at now: Int64) throws(CaptureError) -> SourceItem? {
    hasEnded = true
    var step = hasChanged ? Step.nothing : try repeatedFrame(at: now)
    if case .nothing = step, hasChanged { step = try changedFrame(at: now) }
    guard case .frame(var frame) = step else { return nil }
    frame.mayBeLeftOut = false
    return .frame(frame)
  }

  private mutating func frame(at moment: Int64, damage: Region?) -> SourceFrame {
    defer { number += 1 }
    isFrameTaken = true
    takeInput(at: moment)
    let isUnchanged = damage?.isEmpty ?? false
    let moment = max(moment, lastMoment)
    lastMoment = moment
    var frame = SourceFrame(
      number: number, time: moment - start, pixels: .success(picture.frame), tree: .success(.empty),
      treeVersion: 0, snapshotSpan: nil, isTreeComplete: true, damage: damage)
    frame.mayBeLeftOut = number > 0
    defer { dueEvents = events.count }
    guard trees != nil else { return frame }
    if !isUnchanged { trees?.noteDamage(at: moment) }
    let current = boxes.boxes(at: moment, origin: picture.origin, isUnchanged: isUnchanged)
    // The first tiles that can be cleared are those unchanged since the first frame with boxes: the
    // snapshot for it must be requested, since possibly nothing will be drawn any more.
    let wasBlind = isBlind
    isBlind = (try? current.tree.get()) == nil
    if wasBlind, !isBlind { trees?.noteDamage(at: moment) }
    frame.tree = current.tree
    frame.treeVersion = current.version
    frame.snapshotSpan = current.span.map { $0.lowerBound - start...$0.upperBound - start }
    frame.isTreeComplete = current.isComplete
    if let span = current.span {
      events += keys.released(by: span.lowerBound, admits: options.admitsKeys(try? current.tree.get())).map {
        Event("key", time: $0 - start)
      }
    }
    return frame
  }

  /// Takes the input events that the last picture already reflects; keys wait.
  private mutating func takeInput(at now: Int64) {
    for var event in screen.takeInput() {
      guard let moment = event.time else { continue }
      if event.type == "key" {
        if keys.hold(moment, admits: options.admitsKeys(boxes.tree)) {
          // Trees are read after damage only, so without a new picture a key must request a reading.
          trees?.noteDamage(at: now)
        }
        continue
      }
      if let x = event.x, let y = event.y {
        let place = LivePoint(x: Int(x) - picture.origin.x, y: Int(y) - picture.origin.y)
        guard picture.bounds.contains(x: place.x, y: place.y) else { continue }
        (event.x, event.y) = (Double(place.x), Double(place.y))
      }
      event.time = max(moment - start, 0)
      events.append(event)
    }
  }

  private mutating func note(_ pointer: LivePoint?, at moment: Int64) {
    guard let pointer, pointer != self.pointer, picture.bounds.contains(x: pointer.x, y: pointer.y) else {
      return
    }
    self.pointer = pointer
    var event = Event("move", time: moment - start)
    event.x = Double(pointer.x)
    event.y = Double(pointer.y)
    events.append(event)
  }
}
