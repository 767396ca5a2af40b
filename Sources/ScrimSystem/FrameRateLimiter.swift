/// Limits how often frames are taken, and the share of the time that the work on them takes.
///
/// Knows no clock: all times are given, in nanoseconds of one clock. The work on a frame is averaged over some four frames, so that
/// one slow frame does not make a pause.
package struct FrameRateLimiter: Sendable {
  /// Nanoseconds from the beginning of one frame to that of the next, at least.
  package let interval: Int64
  /// However busy the machine is, a frame is due after this time.
  package let longestInterval: Int64
  private let busyShare: Double
  /// Nanoseconds that the work on a frame took, over the last few.
  private var average = 0.0
  /// The earliest time for the next frame.
  package private(set) var due = Int64.min

  /// - Parameters:
  ///   - framesPerSecond: at most; 0.0001 to 1000.
  ///   - busyShare: the share of the time that work on frames may take, above 0 and at most 1.
  package init(framesPerSecond: Double, busyShare: Double, longestInterval: Int64 = 1_000_000_000) {
    precondition(
      framesPerSecond >= 0.0001 && framesPerSecond <= 1000, "frames a second lie between 0.0001 and 1000")
    precondition(busyShare > 0 && busyShare <= 1, "a share lies above 0 and is at most 1")
    precondition(longestInterval > 0, "an interval is positive")
    interval = Int64(1_000_000_000 / framesPerSecond)
    self.longestInterval = longestInterval
    self.busyShare = busyShare
  }

  /// Notes that the work on a frame took from `begin` to `end`.
  ///
  /// The time that a thread waits for a processor counts in full: it is the sign of a busy machine. A process that was stopped for an
  /// hour counts as one that was busy for the longest interval.
  package mutating func note(from begin: Int64, to end: Int64) {
    average += (Double(min(max(0, end - begin), longestInterval)) - average) / 4
    let busy = Int64(min(average / busyShare, Double(longestInterval)))
    due = begin + max(interval, busy)
  }

  /// Puts the next frame off until `time`.
  package mutating func hold(until time: Int64) { due = max(due, time) }
}
