import Foundation
package import ScrimFormat
package import ScrimStore
import ScrimSystem
import Synchronization

/// Delivers a spool while it is recorded into: an ``Uploader`` on its own thread.
///
/// A recorder writes its session into ``folder(of:)``; each segment is sent as soon as it is sealed. If
/// another process delivers the same spool, this one waits for its turn and the other delivers for both.
package final class BackgroundUploader: Sendable {
  package let spool: SegmentSpool
  private let uploader: Uploader
  private let state = ConditionLock(State())

  private struct State {
    var hasEnded = false
    var failure: UploadError?
  }

  /// Makes the spool if it is missing, and starts.
  ///
  /// - Throws: ``StoreError`` if the spool can't be written, or has another destination.
  package init(
    _ spool: SegmentSpool, to destination: any Destination, _ options: UploaderOptions,
    report: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) throws(StoreError) {
    try spool.prepare(for: destination.address)
    self.spool = spool
    var options = options
    options.isWatching = true
    uploader = Uploader(to: destination, options, report: report)
    let thread = Thread { [self] in
      var failure: UploadError?
      do throws(UploadError) { _ = try uploader.run(self.spool) } catch { failure = error }
      state.withValue {
        $0.hasEnded = true
        $0.failure = failure
      }
      state.wake()
    }
    // Signals are blocked here, so that they interrupt the recording thread's wait for input.
    thread.name = "scrim-upload"
    thread.start()
  }

  /// Folder for a new session; it does not exist yet.
  package func folder(of session: SessionID) -> SessionFolder { spool.folder(of: session) }

  /// Waits until a finished session is delivered completely, or the time is over, and stops. Undelivered
  /// segments stay in the spool.
  ///
  /// - Returns: number of waiting segments in the spool; nil if the session is delivered completely.
  /// - Throws: ``UploadError`` if the upload ended by itself, such as with a key that the destination
  ///   refuses.
  package func finish(_ session: SessionID, within seconds: Double) throws(UploadError) -> Int? {
    let end = MonotonicClock.now + Int64(min(max(seconds, 0), 1e9) * 1e9)
    let folder = spool.folder(of: session).path
    while MonotonicClock.now < end, !state.withValue({ $0.hasEnded }),
      FileManager.default.fileExists(atPath: folder)
    {
      MonotonicClock.wait(for: nil, until: MonotonicClock.now + 20_000_000)
    }
    let isDelivered = !FileManager.default.fileExists(atPath: folder)
    try stop()
    if isDelivered { return nil }
    do { return try spool.status().waiting.segments } catch { throw .spool(error) }
  }

  /// Stops delivering, and waits for the thread.
  package func stop() throws(UploadError) {
    uploader.stop()
    let failure = state.wait { state in state.hasEnded ? .done(state.failure) : .waitAtMost(1_000_000_000) }
    if let failure { throw failure }
  }
}
