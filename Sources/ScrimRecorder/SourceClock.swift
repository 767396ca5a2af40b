/// Converts a source's times to session times, which never go back.
///
/// If the source's clock steps back (it was set, or the source moved to another machine), the session's
/// clock continues, and later times are shifted by the step.
struct SourceClock {
  /// Nanoseconds added to a time of the source.
  private(set) var shift: Int64 = 0
  /// The session's time of the last frame.
  private var last: Int64?

  /// The session time of the next frame.
  ///
  /// - Parameter time: of the source.
  /// - Returns: `step` is the distance by which the source's clock stepped back, below 0; nil if it did
  ///   not.
  mutating func sessionTime(of time: Int64) -> (time: Int64, step: Int64?) {
    let shifted = self.shifted(time)
    guard let last, shifted < last else {
      last = shifted
      return (shifted, nil)
    }
    let step = shifted - last
    shift -= step
    return (last, step)
  }

  /// A time of the source, such as an event's, shifted by the steps so far.
  func shifted(_ time: Int64) -> Int64 {
    let (sum, overflow) = time.addingReportingOverflow(shift)
    return overflow ? time : sum
  }

  func shifted(_ span: ClosedRange<Int64>?) -> ClosedRange<Int64>? {
    guard let span, shift != 0 else { return span }
    let (lower, upper) = (shifted(span.lowerBound), shifted(span.upperBound))
    return lower <= upper ? lower...upper : Int64.max...Int64.max
  }
}
