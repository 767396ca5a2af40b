/// When the next frame may be recorded. Knows no clock: it is told the time.
struct RecorderPacer {
  /// Nanoseconds from the beginning of one frame to that of the next, at least.
  let interval: Int64
  private let busyShare: Double
  /// Nanoseconds that recording took, over the last few frames.
  private var average = 0.0
  /// The next frame may be recorded then.
  private(set) var due = Int64.min

  /// However busy the machine is, a frame is recorded this often.
  static let longest: Int64 = 1_000_000_000

  init(framesPerSecond: Double, busyShare: Double) {
    precondition(
      framesPerSecond >= 0.0001 && framesPerSecond <= 1000, "frames a second lie between 0.0001 and 1000")
    precondition(busyShare > 0 && busyShare <= 1, "a share lies above 0 and is at most 1")
    interval = Int64(1_000_000_000 / framesPerSecond)
    self.busyShare = busyShare
  }

  /// Notes that recording took from `begin` to `end`. Times of a thread that had to wait for the processor count in full: that is how a
  /// busy machine shows.
  mutating func note(from begin: Int64, to end: Int64) {
    average += (Double(max(0, end - begin)) - average) / 4
    let busy = Int64(min(average / busyShare, Double(RecorderPacer.longest)))
    due = begin + max(interval, busy)
  }

  /// Puts the next frame off.
  mutating func hold(until time: Int64) { due = max(due, time) }
}
