import Dispatch
import ScrimFormat
package import ScrimStore
import ScrimSystem
import Synchronization

/// Delivers a spool to its destination: several deliveries in parallel, in any order, each repeated until
/// the destination has it or refused it, or a limit drops it. Blocks the calling thread; one process at a
/// time can use a spool.
package final class Uploader: Sendable {
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
    /// Damage of the file; then there is no answer.
    var damage: StoreError?
    /// For a manifest: its version before it was read.
    var stamp: ManifestStamp?
  }

  package init(
    to destination: any Destination, _ options: UploaderOptions,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) {
    self.destination = destination
    self.options = options
    self.report = report
  }

  /// Makes ``run(_:)`` return soon: pending deliveries are aborted, and their segments stay. May be called
  /// by any thread.
  package func stop() {
    isStopped.store(true, ordering: .relaxed)
    destination.cancel()
    watch.wake()
  }

  /// Delivers the segments of a spool.
  ///
  /// - Parameter isStopped: called whenever something happens, including a signal.
  package func run(
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

  /// Delivers a session folder of the user, which stays unchanged.
  package func run(
    _ session: SessionFolder, isStopped: () -> Bool = { false }
  ) throws(UploadError) -> UploadSummary {
    let source: SessionSource
    do { source = try SessionSource(session) } catch { throw .spool(error) }
    return try run(source, isStopped)
  }

  /// Another uploader may be about to end, so this retries for some seconds; a service waits for its turn.
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
      // Pending deliveries hold nothing of the spool; their answers are not awaited.
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
      let listed = source.listedDigest(of: segment)
      workers.async { [self] in
        do throws(StoreError) {
          let file = try SealedFile.read(
            path, session: segment.session, index: segment.index, listed: listed)
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
