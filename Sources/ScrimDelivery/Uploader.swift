import Dispatch
import ScrimFormat
public import ScrimStore
import ScrimSystem
import Synchronization

/// How an ``Uploader`` works.
public struct UploaderOptions: Hashable, Sendable {
  public var limits = SpoolLimits()
  public var policy = RetryPolicy()
  /// Deliveries at the same time.
  public var inFlight = 4
  /// Goes on when nothing waits, until it is stopped.
  public var isWatching = false
  /// Nanoseconds between two deliveries of the manifest of one session, but for its first and its last.
  public var manifestInterval: Int64 = 60_000_000_000

  public init() {}
}

/// What became of what waited.
public struct UploadSummary: Hashable, Sendable {
  public var delivered = 0
  public var deliveredBytes = 0
  public var rejected = 0
  public var damaged = 0
  /// Given up by a limit, or since the destination had deleted their session.
  public var dropped = 0
  public var waiting = 0
  public var waitingBytes = 0

  public init() {}
}

/// What an ``Uploader`` tells while it works.
public enum UploadEvent: Sendable {
  case progress(UploadSummary)
  /// A sentence for people. Repeated failures of one kind are told once.
  case message(String)
}

/// Why an upload ended before its time.
public enum UploadError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Another process has the spool.
  case inUse(String)
  case spool(StoreError)
  /// The destination takes nothing from this sender (401, 403).
  case refused(String)

  public var description: String {
    switch self {
    case .inUse(let path): "\(path): another uploader is at work on this spool"
    case .spool(let error): "\(error)"
    case .refused(let what): what
    }
  }
}

/// Empties a spool into its destination: several deliveries at a time, in any order, each repeated until the destination has
/// it, parked it, or a limit gives it up. Blocks the thread that runs it; one process at a time has a spool.
public final class Uploader: Sendable {
  private let destination: any Destination
  private let options: UploaderOptions
  private let report: @Sendable (UploadEvent) -> Void
  private let watch = SpoolWatch()
  private let results = Mutex<[Result]>([])
  private let isStopped = Atomic<Bool>(false)
  private let workers = DispatchQueue(label: "scrim.upload", attributes: .concurrent)

  enum Job: Hashable, Sendable {
    case segment(SpooledSegment)
    case manifest(SessionID)
  }

  struct Result: Sendable {
    var job: Job
    var bytes: Int
    var answer: DeliveryAnswer
    /// What is wrong with the file; then there is no answer.
    var damage: StoreError?
    /// Of a manifest, which was there before it was read.
    var stamp: ManifestStamp?
  }

  public init(
    to destination: any Destination, _ options: UploaderOptions,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) {
    self.destination = destination
    self.options = options
    self.report = report
  }

  /// Ends ``run(_:)`` soon: deliveries on their way are given up, and their segments stay. May be called by any thread.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    destination.cancel()
    watch.wake()
  }

  /// Delivers what is in a spool.
  ///
  /// - Parameter isStopped: asked whenever something happens, a signal included.
  public func run(
    _ spool: SegmentSpool, isStopped: () -> Bool = { false }
  ) throws(UploadError) -> UploadSummary {
    let keeper: SpoolKeeper
    do {
      try spool.prepare(for: destination.address)
      guard let taken = try take(spool, isStopped) else {
        if options.isWatching { return UploadSummary() }
        throw UploadError.inUse(spool.path)
      }
      keeper = taken
    } catch let error as StoreError {
      throw .spool(error)
    } catch let error as UploadError {
      throw error
    } catch { preconditionFailure("no other error is thrown") }
    return try run(keeper, isStopped)
  }

  /// Delivers a session folder of the user's own, of which nothing is changed.
  public func run(
    _ session: SessionFolder, isStopped: () -> Bool = { false }
  ) throws(UploadError) -> UploadSummary {
    let source: SessionSource
    do { source = try SessionSource(session) } catch { throw .spool(error) }
    return try run(source, isStopped)
  }

  /// Another uploader may be at its end, so it is asked for some seconds; a service waits for its turn.
  private func take(_ spool: SegmentSpool, _ isStopped: () -> Bool) throws(StoreError) -> SpoolKeeper? {
    let start = MonotonicClock.now
    while !self.isStopped.load(ordering: .relaxed), !isStopped() {
      if let keeper = try spool.keeper() { return keeper }
      if !options.isWatching, MonotonicClock.now - start > 3_000_000_000 { return nil }
      MonotonicClock.wait(for: nil, until: MonotonicClock.now + 200_000_000)
    }
    return nil
  }

  private func run(_ source: any UploadSource, _ isStopped: () -> Bool) throws(UploadError) -> UploadSummary {
    var run = UploadRun(source: source, options: options, report: report)
    do {
      try run.begin()
      while true {
        try run.settle(
          results.withLock { results in
            defer { results.removeAll() }
            return results
          })
        if let refusal = run.refusal, run.busy.isEmpty {
          try source.settle()
          throw UploadError.refused("\(destination.address): \(refusal)")
        }
        let isEnding = self.isStopped.load(ordering: .relaxed) || isStopped()
        if isEnding {
          destination.cancel()
          if run.busy.isEmpty { break }
        } else if run.refusal == nil {
          for job in try run.start() { begin(job, source) }
          if run.isDone, !options.isWatching { break }
        }
        watch.watch(source.folders)
        run.mayHaveNews = watch.wait(until: run.wakeTime(isEnding: isEnding)) || run.mayHaveNews
      }
      try source.settle()
    } catch let error as StoreError {
      // Those on their way hold nothing of the spool's; their answers are not waited for.
      destination.cancel()
      throw .spool(error)
    } catch let error as UploadError {
      throw error
    } catch { preconditionFailure("no other error is thrown") }
    return run.summary
  }

  private func begin(_ job: Job, _ source: any UploadSource) {
    switch job {
    case .segment(let segment):
      let path = source.path(of: segment)
      workers.async { [self] in
        do throws(StoreError) {
          let file = try SealedFile.read(path, session: segment.session, index: segment.index)
          finish(Result(job: job, bytes: file.bytes.count, answer: destination.put(file)))
        } catch {
          finish(Result(job: job, bytes: 0, answer: .cancelled, damage: error))
        }
      }
    case .manifest(let session):
      let folder = source.folder(of: session)
      let stamp = folder.manifestStamp
      workers.async { [self] in
        do throws(StoreError) {
          let (bytes, manifest) = try folder.manifestToDeliver()
          finish(
            Result(
              job: job, bytes: bytes.count, answer: destination.put(manifest: bytes, manifest), stamp: stamp))
        } catch {
          finish(Result(job: job, bytes: 0, answer: .cancelled, damage: error, stamp: stamp))
        }
      }
    }
  }

  private func finish(_ result: Result) {
    results.withLock { $0.append(result) }
    watch.wake()
  }
}
