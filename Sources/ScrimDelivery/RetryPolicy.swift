/// Result of one attempt to deliver a segment or a manifest.
package enum DeliveryAnswer: Hashable, Sendable {
  /// The destination has it, and its confirmation was compared with the data.
  case delivered
  /// An HTTP status that is not a success, with the beginning of the answer.
  case status(Int, retryAfter: RetryAfter?, body: String)
  /// There was no complete answer: a failure of network, name resolution, connection or TLS, or of the disk
  /// of a folder.
  case unreachable(String)
  /// The destination reported success but doesn't have the data: a portal that answers everything with 200,
  /// or a broken store.
  case unproven(String)
  /// The caller requested to stop.
  case cancelled
}

/// `Retry-After` of RFC 9110.
package enum RetryAfter: Hashable, Sendable {
  /// Nanoseconds from now.
  case delay(Int64)
  /// Nanoseconds since 1970.
  case date(Int64)

  /// Nil for anything other than whole seconds or an HTTP date.
  package init?(_ text: some StringProtocol) {
    let text = text.trimmingSpace
    if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      // A number that doesn't fit means the longest wait.
      self = .delay(Int64(text).flatMap { $0 < 1 << 33 ? $0 * 1_000_000_000 : nil } ?? .max)
    } else if let date = HTTPDate.nanoseconds(text) {
      self = .date(date)
    } else {
      return nil
    }
  }
}

/// Both clocks at one moment, in nanoseconds. Waits use the monotonic one, so that setting the other has no
/// effect.
package struct DeliveryTime: Hashable, Sendable {
  package var monotonic: Int64
  /// Since 1970.
  package var wall: Int64

  package init(monotonic: Int64, wall: Int64) {
    self.monotonic = monotonic
    self.wall = wall
  }
}

/// Decides what happens after an attempt: a pure function of the answer, the number of the attempt, the
/// clocks and a random number. It never drops a segment; only limits of the spool do.
package struct RetryPolicy: Hashable, Sendable {
  /// Maximum nanoseconds before the first retry; the maximum doubles with each further one.
  package var base: Int64 = 1_000_000_000
  /// Maximum nanoseconds before any retry, unless the destination asks for more.
  package var cap: Int64 = 300_000_000_000
  /// The longest wait that a destination may request: 24 hours. A forged answer must not stop delivery for
  /// good.
  package static let longestRetryAfter: Int64 = 86_400_000_000_000

  package init() {}

  /// - Parameter base: seconds of ``base``, 0.001 to 3600. Below one second, ``cap`` shrinks with it.
  package init(base seconds: Double) {
    let factor = min(max(seconds, 0.001), 3600)
    cap = max(Int64(factor * Double(base)), Int64(min(factor, 1) * Double(cap)))
    base = Int64(factor * Double(base))
  }

  package enum Verdict: Hashable, Sendable {
    case delivered
    /// Try again at this moment of the monotonic clock.
    case wait(until: Int64)
    /// Keep it with the answer beside it; nothing is deleted.
    case park
    /// The destination deleted the session, so the spool deletes it too.
    case discardSession
    /// The destination accepts nothing from this sender until its key is right.
    case stop
  }

  /// - Parameters:
  ///   - attempt: number of failed attempts in a row, including this one; 1 is the first.
  ///   - random: from 0 up to 1; the fraction of the longest wait that is used ("full jitter").
  package func verdict(
    on answer: DeliveryAnswer, attempt: Int, now: DeliveryTime, random: Double
  ) -> Verdict {
    switch answer {
    case .delivered: return .delivered
    case .unreachable, .unproven, .cancelled: return .wait(until: later(now, backoff(attempt, random)))
    case .status(let status, let retryAfter, _):
      switch status {
      case 401, 403: return .stop
      case 410: return .discardSession
      case 408, 425, 429, 500...599:
        let asked = retryAfter.map { RetryPolicy.nanoseconds($0, now) } ?? 0
        return .wait(until: later(now, asked > 0 ? asked : backoff(attempt, random)))
      default: return .park
      }
    }
  }

  /// Exponential backoff with full jitter, in nanoseconds.
  func backoff(_ attempt: Int, _ random: Double) -> Int64 {
    let doublings = min(max(attempt - 1, 0), 40)
    let (longest, overflow) = base.multipliedReportingOverflow(by: 1 << doublings)
    let bound = overflow ? cap : min(longest, cap)
    return Int64(Double(bound) * min(max(random, 0), 1))
  }

  private static func nanoseconds(_ retryAfter: RetryAfter, _ now: DeliveryTime) -> Int64 {
    switch retryAfter {
    case .delay(let delay): return min(max(delay, 0), longestRetryAfter)
    case .date(let date):
      let (left, overflow) = date.subtractingReportingOverflow(now.wall)
      return min(max(overflow ? 0 : left, 0), longestRetryAfter)
    }
  }

  private func later(_ now: DeliveryTime, _ delay: Int64) -> Int64 {
    let (moment, overflow) = now.monotonic.addingReportingOverflow(delay)
    return overflow ? .max : moment
  }
}
