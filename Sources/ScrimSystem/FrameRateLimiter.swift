/// Limits the rate of captured frames, and the share of time spent on processing them.
///
/// It reads no clock: the caller passes all times, in nanoseconds of one clock. The processing time is averaged over about four
/// frames, so that one slow frame causes no pause.
package struct FrameRateLimiter: Sendable {
  /// The share of time spent on processing frames unless a caller gives another: on a slow machine, at least half
  /// of one core is left to the recorded program.
  package static let defaultBusyShare = 0.5

  /// Minimum nanoseconds from the start of one frame to the start of the next.
  package let interval: Int64
  /// Maximum delay of a frame in nanoseconds, however busy the machine is.
  package let longestInterval: Int64
  private let busyShare: Double
  /// Moving average of the processing time of a frame, in nanoseconds.
  private var average = 0.0
  /// The earliest time for the next frame.
  package private(set) var due = Int64.min

  /// - Parameters:
  ///   - framesPerSecond: the maximum rate; 0.0001 to 1000.
  ///   - busyShare: the maximum share of time spent on processing frames, above 0 and at most 1.
  package init(framesPerSecond: Double, busyShare: Double, longestInterval: Int64 = 1_000_000_000) {
    precondition(
      framesPerSecond >= 0.0001 && framesPerSecond <= 1000, "the frame rate must be 0.0001 to 1000")
    precondition(busyShare > 0 && busyShare <= 1, "the share must be above 0 and at most 1")
    precondition(longestInterval > 0, "the interval must be positive")
    interval = Int64(1_000_000_000 / framesPerSecond)
    self.longestInterval = longestInterval
    self.busyShare = busyShare
  }

  /// Records that a frame was processed from `begin` to `end`.
  ///
  /// The time that a thread waits for a processor counts in full, because it shows that the machine is busy. An interruption of an
  /// hour, as of a stopped process, counts only as the longest interval.
  package mutating func note(from begin: Int64, to end: Int64) {
    average += (Double(min(max(0, end - begin), longestInterval)) - average) / 4
    let busy = Int64(min(average / busyShare, Double(longestInterval)))
    due = begin + max(interval, busy)
  }

  /// Delays the next frame until `time`.
  package mutating func hold(until time: Int64) { due = max(due, time) }
}
