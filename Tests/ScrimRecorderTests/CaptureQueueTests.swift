import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore
import ScrimSystem
import Testing

@testable import ScrimRecorder

/// The queue between the capturing threads and the recording thread, as a table of inputs and outputs.
@Suite struct CaptureQueueTests {
  static let ms: Int64 = 1_000_000

  private enum Step {
    case capture(Int)
    case snapshot(Int)
    case event(String)
    case flush
    case stop
    /// The recording thread asks at a time in milliseconds and expects the answer.
    case next(Int64, Answer)
    /// The recording thread worked on its job from one time to another, and it failed or not.
    case done(Int64, Int64, failed: Bool = false)
  }

  private enum Answer: Equatable {
    case wait
    case waitAtMost(Int64)
    /// The number of the frame, nil if there is none, and the names of the events.
    case record(Int?, [String])
    case tick
    case finish
  }

  private struct Driver {
    var queue = CaptureQueue(limiter: FrameRateLimiter(framesPerSecond: 10, busyShare: 0.5))
    var inHand: Patch?

    init() { queue.phase = .recording }

    mutating func put(_ number: Int, isPinned: Bool) {
      var (patch, _) = queue.takeForMerging(width: 1, height: 1)
      patch.number = number
      queue.putBack(patch, isPinned: isPinned)
    }

    mutating func take(at time: Int64) -> Answer {
      switch queue.next(now: time * CaptureQueueTests.ms) {
      case .wait: return .wait
      case .waitAtMost(let time): return .waitAtMost(time / CaptureQueueTests.ms)
      case .done(.finish): return .finish
      case .done(.tick):
        queue.noteTick(at: time * CaptureQueueTests.ms)
        return .tick
      case .done(.record(let patch, let events)):
        inHand = patch
        return .record(patch?.number, events.map { $0.event?.name ?? "" })
      }
    }
  }

  /// A second after the last job there is a tick, and one in each pause: what is missed in a pause is a gap.
  @Test func ticksComeOnceASecond() {
    var driver = Driver()
    #expect(driver.take(at: 0) == .wait)
    driver.queue.noteTick(at: 0)
    #expect(driver.take(at: 10) == .waitAtMost(990))
    #expect(driver.take(at: 1000) == .tick && driver.take(at: 1000) == .waitAtMost(1000))
    driver.queue.isPaused = true
    #expect(driver.take(at: 2000) == .tick && driver.take(at: 9000) == .wait)
    driver.queue.isPaused = false
    #expect(driver.take(at: 9000) == .tick)
    // A frame that waits for its time doesn't keep ticks waiting.
    driver.queue.limiter.hold(until: 20_000 * Self.ms)
    driver.put(1, isPinned: false)
    #expect(driver.take(at: 9500) == .waitAtMost(500) && driver.take(at: 10_000) == .tick)
    driver.queue.phase = .stopping(isAbandoned: false)
    #expect(driver.take(at: 12_000) == .record(1, []))
    #expect(driver.take(at: 12_000) == .finish)
  }

  private func run(_ steps: [Step], _ location: SourceLocation = #_sourceLocation) -> CaptureQueue {
    var driver = Driver()
    for (place, step) in steps.enumerated() {
      switch step {
      case .capture(let number): driver.put(number, isPinned: false)
      case .snapshot(let number): driver.put(number, isPinned: true)
      case .event(let name):
        var event = Event("mark")
        event.name = name
        driver.queue.post(CaptureQueue.QueuedEvent(event: event, time: 0))
      case .flush: _ = driver.queue.flushNow()
      case .stop: driver.queue.phase = .stopping(isAbandoned: false)
      case .next(let time, let answer):
        #expect(driver.take(at: time) == answer, "step \(place)", sourceLocation: location)
      case .done(let begin, let end, let failed):
        driver.queue.limiter.note(from: begin * Self.ms, to: end * Self.ms)
        let failure = failed ? RecordingError.output(StoreError("session", .inUse)) : nil
        _ = driver.queue.complete(driver.inHand, failure: failure, lostEvents: 0, at: end * Self.ms)
        driver.inHand = nil
      }
    }
    return driver.queue
  }

  @Test func nothingToDoIsAWait() {
    _ = run([.next(0, .wait), .event("a"), .next(0, .record(nil, ["a"])), .done(0, 1), .next(200, .wait)])
  }

  @Test func laterCapturesMergeAndWaitForTheirTime() {
    let queue = run([
      .capture(1), .next(0, .record(1, [])), .done(0, 1), .capture(2), .next(10, .waitAtMost(90)),
      .capture(3),
      .event("a"), .next(100, .record(3, ["a"])), .done(100, 101), .next(300, .wait),
    ])
    #expect(queue.submitted == 4 && queue.completed == 4)
  }

  /// A snapshot is recorded at once and unmerged, before a waiting frame, which keeps its time.
  @Test func aSnapshotIsRecordedAtOnce() {
    _ = run([
      .capture(1), .next(0, .record(1, [])), .done(0, 1), .snapshot(2), .capture(3),
      .next(10, .record(2, [])),
      .done(10, 11), .next(20, .waitAtMost(90)), .next(110, .record(3, [])),
    ])
  }

  @Test func aFlushTakesWhatWaitsAtOnce() {
    _ = run([
      .capture(1), .next(0, .record(1, [])), .done(0, 1), .capture(2), .flush, .next(10, .record(2, [])),
      .done(10, 11), .capture(3), .next(20, .waitAtMost(90)),
    ])
  }

  @Test func aStopTakesWhatWaitsAndEnds() {
    _ = run([
      .capture(1), .next(0, .record(1, [])), .done(0, 1), .capture(2), .event("a"), .stop,
      .next(10, .record(2, ["a"])), .done(10, 11), .next(11, .finish),
    ])
  }

  /// After a failure, a job without content is tried at the longest interval until one succeeds.
  @Test func aFailureIsTriedAgainLater() {
    let queue = run([
      .capture(1), .next(0, .record(1, [])), .done(0, 1, failed: true), .next(10, .waitAtMost(991)),
      .next(1001, .record(nil, [])), .done(1001, 1002), .next(2000, .wait),
    ])
    #expect(queue.counts.failed == 1 && queue.interruption == nil)
  }

  @Test func eventsBeyondTheLimitAreDroppedAndCounted() {
    var driver = Driver()
    for _ in 0..<Recorder.eventLimit + 3 {
      driver.queue.post(CaptureQueue.QueuedEvent(event: Event("mark"), time: 0))
    }
    #expect(driver.queue.counts.droppedEvents == 3 && driver.queue.submitted == Recorder.eventLimit)
  }

  /// While a capturing thread merges a frame, the recording thread gets nothing, because the frame is incomplete.
  @Test func aFrameThatIsBeingMergedIsNotTaken() {
    var driver = Driver()
    driver.put(1, isPinned: false)
    let (patch, isMerge) = driver.queue.takeForMerging(width: 1, height: 1)
    #expect(isMerge && driver.take(at: 0) == .wait)
    driver.queue.putBack(patch, isPinned: false)
    #expect(driver.take(at: 0) == .record(1, []))
  }

  /// A capture of another size replaces the waiting capture, and buffers of the old size are freed.
  @Test func anotherSizeReplacesTheWaitingCapture() {
    var driver = Driver()
    driver.put(1, isPinned: false)
    let (patch, isMerge) = driver.queue.takeForMerging(width: 2, height: 1)
    #expect(isMerge && patch.width == 2 && patch.buffer.pixels.count == 2)
  }

  @Test func pausedCapturesAreCountedAndNotTaken() throws {
    var driver = Driver()
    driver.queue.isPaused = true
    #expect(try !driver.queue.admit())
    #expect(driver.queue.counts.paused == 1)
    driver.queue.phase = .idle
    #expect(throws: RecorderError.self) { try driver.queue.admit() }
  }
}
