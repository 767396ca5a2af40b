/// When the next frame is due. Times are nanoseconds of one clock.
///
/// At most so many frames a second; fewer where they are not taken as fast: after a frame that kept its taker busy there is a pause
/// at least as long, so that recording takes half of the time at most.
struct Pacing {
  /// From one capture to the next.
  private let interval: Int64
  /// The earliest moment for the next capture.
  private(set) var due = Int64.min
  private var lastCapture: Int64?

  /// From the first sign of a change to its capture: what an application draws in several steps is then captured once.
  static let settling: Int64 = 16_000_000
  /// A taker that was stopped for an hour is not waited for as long.
  static let longestPause: Int64 = 2_000_000_000

  init(framesPerSecond: Double) {
    precondition(framesPerSecond > 0, "a rate is positive")
    interval = Int64(1e9 / framesPerSecond)
  }

  /// A frame was captured: the work on it began at a moment.
  mutating func captured(at moment: Int64) {
    lastCapture = moment
    due = moment + interval
  }

  /// The taker asks for the next frame.
  mutating func asked(at moment: Int64) {
    guard let lastCapture else { return }
    due = max(due, moment + min(moment - lastCapture, Pacing.longestPause))
  }

  /// After a pause something changed.
  mutating func changed(at moment: Int64) {
    due = max(due, moment + min(Pacing.settling, interval))
  }
}
