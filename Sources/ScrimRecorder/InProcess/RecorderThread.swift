import Glibc
import ScrimFormat
import ScrimStore
import ScrimSystem

/// The thread of a recorder. It references the queue, not the recorder, so that a released recorder ends.
final class RecorderThread: Sendable {
  private let configuration: RecorderConfiguration
  private let queue: ConditionLock<CaptureQueue>
  private let start: Int64

  private init(_ configuration: RecorderConfiguration, _ queue: ConditionLock<CaptureQueue>) {
    self.configuration = configuration
    self.queue = queue
    start = configuration.start ?? WallClock.now
  }

  static func start(
    _ configuration: RecorderConfiguration, _ queue: ConditionLock<CaptureQueue>
  ) throws(RecorderError) {
    let thread = RecorderThread(configuration, queue)
    do throws(SystemError) { try DetachedThread.start { thread.run() } } catch {
      throw .noThread(errno: error.errno)
    }
  }

  private func run() {
    queue.withValue { $0.thread = pthread_self() }
    var random = SystemRandomNumberGenerator()
    var worker = RecorderWorker(
      configuration, session: configuration.session ?? SessionID(using: &random), start: start)
    while true {
      switch queue.wait({ $0.next(now: configuration.clock()) }) {
      case .record(let patch, let events):
        guard record(patch, events, with: &worker) else { return }
      case .tick: tick(&worker)
      case .finish(let isLast):
        guard finish(&worker, isLast: isLast) else { return }
      }
    }
  }

  /// Writes what waits in the recorder, and compares the clocks: without frames, minutes may pass in which nothing is
  /// lost, and which are no gap.
  private func tick(_ worker: inout RecorderWorker) {
    var failure: RecordingError?
    do { try worker.tick(at: configuration.clock() - queue.withValue { $0.origin }) } catch {
      failure = error
    }
    queue.withValue { $0.noteTick(at: configuration.clock()) }
    // Reported once until it succeeds.
    let isNew = failure != nil && !worker.hasFailedTick
    worker.hasFailedTick = failure != nil
    if isNew, let failure { configuration.onIssue?(.interrupted(failure)) }
  }

  /// False if the session could not be begun: the thread ends.
  private func record(
    _ patch: Patch?, _ events: [CaptureQueue.QueuedEvent], with worker: inout RecorderWorker
  ) -> Bool {
    let begin = configuration.clock()
    if let patch {
      worker.apply(patch)
      queue.withValue { $0.recycle(patch.buffer) }
    }
    var failure: RecordingError?
    do { try worker.record(patch, events) } catch { failure = error }
    if let failure, !worker.hasBegun {
      end(.failure(failure))
      endDelivery()
      configuration.onIssue?(.ended(failure))
      return false
    }
    let end = configuration.clock()
    let lostEvents = worker.takeLostEvents()
    let hasBegun = worker.hasBegun
    let isNew = queue.withValue { queue in
      queue.limiter.note(from: begin, to: end)
      if hasBegun { queue.noteTick(at: end) }
      return queue.complete(patch, failure: failure, lostEvents: lostEvents, at: end)
    }
    queue.wake()
    if isNew, let failure { configuration.onIssue?(.interrupted(failure)) }
    return true
  }

  /// False if the thread ends.
  private func finish(_ worker: inout RecorderWorker, isLast: Bool) -> Bool {
    let failure: RecordingError
    do {
      let summary = try worker.finish()
      // Closes the session's files before the end is reported.
      worker = RecorderWorker(
        configuration, session: SessionID([UInt8](repeating: 0, count: 16)), start: start)
      end(.success(summary))
      if isLast { endDelivery() }
      return false
    } catch {
      failure = error
    }
    guard isLast else {
      let isAbandoned = queue.withValue { queue in
        // The recorder may have been released meanwhile.
        if case .stopping(true) = queue.phase { return true }
        queue.phase = .stopFailed(failure)
        return false
      }
      queue.wake()
      return !isAbandoned || finish(&worker, isLast: true)
    }
    end(.failure(failure))
    if isLast { endDelivery() }
    configuration.onIssue?(.ended(failure))
    return false
  }

  /// For a recorder that was released, or that may never be stopped.
  private func endDelivery() { _ = configuration.delivery?.end(within: configuration.deliverySeconds) }

  private func end(_ result: Result<RecordingSummary, RecordingError>) {
    queue.withValue { $0.end(result) }
    queue.wake()
  }
}

extension Int64 {
  /// The time itself, if it is within a minute of now.
  func checked(against now: Int64) throws(RecorderError) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(now)
    guard !overflow, difference.magnitude <= 60_000_000_000 else { throw .badTime }
    return self
  }
}
