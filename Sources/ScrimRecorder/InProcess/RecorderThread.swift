import Glibc
import ScrimFormat
import ScrimSystem

/// The thread of a recorder. It references the queue, not the recorder, so that a released recorder ends.
final class RecorderThread {
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
    // The thread takes over the one reference.
    let context = unsafe Unmanaged.passRetained(RecorderThread(configuration, queue))
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<RecorderThread>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      unsafe context.release()
      throw .noThread(errno: code)
    }
    pthread_detach(thread)
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
      case .finish(let isLast):
        guard finish(&worker, isLast: isLast) else { return }
      }
    }
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
      configuration.onIssue?(.ended(failure))
      return false
    }
    let end = configuration.clock()
    let lostEvents = worker.takeLostEvents()
    let isNew = queue.withValue { queue in
      queue.limiter.note(from: begin, to: end)
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
    configuration.onIssue?(.ended(failure))
    return false
  }

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
