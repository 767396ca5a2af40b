import ScrimImage
public import ScrimRedact
import ScrimSystem

/// How a live screen is recorded.
public struct LiveOptions: Sendable {
  /// At most; above 0.
  public var framesPerSecond = 10.0
  /// Nanoseconds after which the source ends; nil for never.
  public var duration: Int64?
  /// Asked several times a second while nothing happens, and after each signal; true ends the source.
  public var isCancelled: @Sendable () -> Bool = { false }

  public init() {}
}

/// Frames of a screen that changes by itself, as they happen: ``next()`` waits for them.
///
/// While nothing is drawn nothing is captured, and each second says `rest`. A reading of the trees that ended meanwhile comes with the last pixels again
/// (`Frame.isSameStorage`), and once more when it may clear what held still; and so does the end, which says how long they stood. The clock of frames and readings is CLOCK_MONOTONIC, from 0 at
/// the start; a frame's time is not after the moment of its pixels.
///
/// The pointer is not in the pixels, since it would lie over masks: where it is comes as an event.
public struct LiveSource: FrameSource {
  public var width: Int { picture.frame.width }
  public var height: Int { picture.frame.height }
  public var expectedFrames: Int? { nil }
  public var isLive: Bool { true }
  public var tornReads: Int { screen.tornReads }
  public var windows: [SourceWindow] {
    (trees?.windows ?? []).map { window in
      var window = window
      window.since = max(window.since - start, 0)
      return window
    }
  }

  /// The place that issues name where no tree could be had.
  public static let treesPlace = "accessibility trees"

  private let screen: any LiveScreen
  private let trees: (any TreeReader)?
  private let options: LiveOptions
  private let start: Int64
  private var limiter: FrameRateLimiter
  private var boxes: LiveBoxes
  private var picture: LivePicture
  /// The first picture is captured with the source, which has to know its size.
  private var isFirst = true
  private var hasChanged = false
  private var hasEnded = false
  /// When the last picture was captured.
  private var lastCapture = Int64.min
  /// Whether the last thing that was returned is a frame, which its taker has worked on since.
  private var isFrameTaken = false
  private var number = 0
  /// What was drawn on in the last picture, where its copying took long: a frame's time is before its pixels, and so a reading that
  /// began long after that time may yet have begun before what the pixels show. It counts as drawn on again in the next frame.
  private var late: Region?
  /// Whether the last frame had no boxes.
  private var isBlind = true
  /// Times don't go back.
  private var lastMoment = Int64.min
  private var pointer: LivePoint?
  /// Where the pointer was seen; handed out behind the next frame, whose boxes decide what is kept of them.
  private var events: [Event] = []
  /// How many of them come behind the last frame.
  private var dueEvents = 0

  /// From a frame's time to its pixels at most, in nanoseconds, to count as prompt: far less than the settle delay.
  private static let maxCaptureLatency: Int64 = 100_000_000
  /// From the first sign of a change to its capture: what an application draws in several steps is then captured once.
  private static let settling: Int64 = 16_000_000
  /// However long the work on frames takes, one is captured after this time.
  private static let longestInterval: Int64 = 4_000_000_000
  /// How often a reader of trees is asked for news.
  private static let treePollInterval: Int64 = 100_000_000
  /// After how long without a frame the caller hears of it.
  private static let idleNotificationInterval: Int64 = 1_000_000_000
  /// How often, without one, the wish to end is asked for; a signal is noticed at once.
  private static let cancelCheckInterval: Int64 = 500_000_000

  init(_ screen: any LiveScreen, trees: (any TreeReader)?, options: LiveOptions) throws(CaptureError) {
    self.screen = screen
    self.trees = trees
    self.options = options
    boxes = LiveBoxes(settleDelay: trees?.settleDelay ?? 0)
    limiter = FrameRateLimiter(
      framesPerSecond: options.framesPerSecond, busyShare: 0.5, longestInterval: LiveSource.longestInterval)
    start = MonotonicClock.now
    guard case .picture(let first) = try screen.capture(isThorough: true) else {
      throw .unavailable(CaptureFault(place: screen.name, message: "there is nothing to be seen of it"))
    }
    picture = first
    if MonotonicClock.now - start > LiveSource.maxCaptureLatency { late = Region(first.bounds) }
  }

  public mutating func next() throws(CaptureError) -> SourceItem? {
    let end = options.duration.map { start + $0 } ?? Int64.max
    if isFrameTaken { limiter.note(from: lastCapture, to: MonotonicClock.now) }
    isFrameTaken = false
    if dueEvents > 0 {
      dueEvents -= 1
      return .event(events.removeFirst())
    }
    let rest = MonotonicClock.now + LiveSource.idleNotificationInterval
    while !hasEnded {
      let now = MonotonicClock.now
      if now >= end || options.isCancelled() { return isFirst ? nil : try lastFrame(at: now) }
      boxes.look(at: trees?.latest())
      if isFirst {
        isFirst = false
        lastCapture = now
        return .frame(frame(at: start, damage: Region(picture.bounds)))
      }
      guard hasChanged || boxes.hasNews(at: now) else {
        if now >= rest { return .rest(now - start) }
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
      switch hasChanged ? try changedFrame(at: now) : try stillFrame(at: now) {
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
    switch try screen.capture(isThorough: boxes.lands(at: now)) {
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

  /// The last pixels with a newer reading.
  private mutating func stillFrame(at now: Int64) throws(CaptureError) -> Step {
    guard try screen.isStill() else {
      hasChanged = true
      return .nothing
    }
    lastCapture = now
    defer { late = nil }
    return .frame(frame(at: now, damage: late ?? Region()))
  }

  /// Says how long the last picture stood, or what has become of it.
  ///
  /// It is recorded even if nothing changed.
  private mutating func lastFrame(at now: Int64) throws(CaptureError) -> SourceItem? {
    hasEnded = true
    var step = hasChanged ? Step.nothing : try stillFrame(at: now)
    if case .nothing = step, hasChanged { step = try changedFrame(at: now) }
    guard case .frame(var frame) = step else { return nil }
    frame.mayBeLeftOut = false
    return .frame(frame)
  }

  private mutating func frame(at moment: Int64, damage: Region?) -> SourceFrame {
    defer { number += 1 }
    isFrameTaken = true
    dueEvents = events.count
    let isStill = damage?.isEmpty ?? false
    let moment = max(moment, lastMoment)
    lastMoment = moment
    var frame = SourceFrame(
      number: number, time: moment - start, pixels: .success(picture.frame), tree: .success(.empty),
      treeVersion: 0, snapshotSpan: nil, isTreeComplete: true, damage: damage)
    frame.mayBeLeftOut = number > 0
    guard trees != nil else { return frame }
    if !isStill { trees?.noteDamage(at: moment) }
    let current = boxes.boxes(at: moment, origin: picture.origin, isStill: isStill)
    // What can be cleared first is what held still since the first frame with boxes: the reading for it has to be asked for, since
    // nothing need be drawn any more.
    let wasBlind = isBlind
    isBlind = (try? current.tree.get()) == nil
    if wasBlind, !isBlind { trees?.noteDamage(at: moment) }
    frame.tree = current.tree
    frame.treeVersion = current.version
    frame.snapshotSpan = current.span.map { $0.lowerBound - start...$0.upperBound - start }
    frame.isTreeComplete = current.isComplete
    return frame
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
