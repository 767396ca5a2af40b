import Dispatch
package import ScrimStore
import Synchronization

/// Options of an ``Uploader``.
package struct UploaderOptions: Hashable, Sendable {
  package var limits = SpoolLimits()
  package var policy = RetryPolicy()
  /// Number of parallel deliveries.
  package var inFlight = 4
  /// Continues when nothing waits, until it is stopped.
  package var isWatching = false
  /// Nanoseconds between two deliveries of one session's manifest, except for the first and the last.
  package var manifestInterval: Int64 = 60_000_000_000

  package init() {}
}
