import ScrimSystem

/// Sends envelopes to a Sentry server, one after the other. Blocks; waits where the server asks for it.
package final class SentryUpload {
  /// Where envelopes go; no secret is in it.
  package let address: String
  private let key: String
  private let client: HTTPClient
  private let policy = RetryPolicy()
  /// Until when the server takes no replays, on the monotonic clock.
  private var blockedUntil: Int64 = 0

  /// Attempts that fail in a row before an envelope is given up.
  private static let attempts = 8
  /// The longest time that is waited for: a command has an end.
  package static let longestWait: Int64 = 900_000_000_000

  /// - Parameter dsn: `https://KEY@HOST/PROJECT`, as Sentry's settings show it.
  package init(dsn: String, _ options: DestinationOptions = DestinationOptions()) throws(DestinationError) {
    let form = "a DSN is https://KEY@HOST/PROJECT; Sentry shows it among the keys of a project"
    guard dsn.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !dsn.contains("?"), !dsn.contains("#"),
      let colon = dsn.firstRange(of: "://")
    else { throw DestinationError(.usage, form) }
    let scheme = dsn[..<colon.lowerBound]
    let parts = dsn[colon.upperBound...].split(separator: "@", omittingEmptySubsequences: false)
    guard scheme == "https" || scheme == "http", parts.count == 2 else {
      throw DestinationError(.usage, form)
    }
    // The part behind a colon is the secret of old servers; none asks for it any more.
    let key = String(parts[0].prefix { $0 != ":" })
    let path = parts[1].split(separator: "/", omittingEmptySubsequences: false)
    guard !key.isEmpty, path.count >= 2, let host = path.first, !host.isEmpty, let project = path.last,
      !project.isEmpty
    else { throw DestinationError(.usage, form) }
    let base = path.dropLast().joined(separator: "/")
    self.key = key
    address = "\(scheme)://\(base)/api/\(project)/envelope/"
    client = try HTTPClient(options)
  }

  /// Why an envelope was not sent.
  package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The server wants more patience than a command has; nanoseconds.
    case limited(Int64)
    /// The server's answer, which trying again would not change.
    case refused(Int, String)
    /// No answer, or none that helps, each time.
    case unreachable(String)
    case stopped

    package var description: String {
      switch self {
      case .limited(let wait):
        "the server takes no replays for \(wait / 1_000_000_000) s; send the session again after that"
      case .refused(let status, let body):
        "the server answered \(status)\(body.isEmpty ? "" : ": \(body)"); look at the DSN, and at what the project allows"
      case .unreachable(let reason):
        "the server could not be reached: \(reason); send the session again later"
      case .stopped: "stopped"
      }
    }
  }

  /// Sends one envelope and comes back when the server has it.
  ///
  /// - Parameters:
  ///   - isStopped: asked while it waits.
  ///   - onWait: called before a wait, with its nanoseconds.
  package func send(
    _ envelope: [UInt8], isStopped: () -> Bool = { false }, onWait: (Int64) -> Void = { _ in }
  ) throws(Failure) {
    var reason = ""
    for attempt in 1...SentryUpload.attempts {
      try wait(isStopped, onWait)
      let answer: DeliveryAnswer
      do throws(HTTPClient.Failure) {
        let http = try client.perform(request(envelope))
        // What the server asks for counts from its answer on.
        let now = SentryUpload.now
        let asked = SentryRateLimits.wait(
          status: http.status, limits: http.header("x-sentry-rate-limits"),
          retryAfter: http.header("retry-after"), wall: now.wall)
        blockedUntil = max(blockedUntil, now.monotonic + asked)
        if (200..<300).contains(http.status) { return }
        answer = http.asDelivery
        // What the server asks for is in `blockedUntil`, so this attempt needs no time of its own.
        if http.status == 429, asked > 0 { continue }
      } catch { answer = error.asDelivery }
      switch policy.verdict(on: answer, attempt: attempt, now: SentryUpload.now, random: .random(in: 0..<1)) {
      case .wait(let until): blockedUntil = max(blockedUntil, until)
      case .delivered: return
      case .park, .discardSession, .stop:
        if case .status(let status, _, let body) = answer { throw .refused(status, String(body.prefix(300))) }
      }
      switch answer {
      case .status(let status, _, _): reason = "it answers \(status)"
      case .unreachable(let text), .unproven(let text): reason = text
      case .cancelled, .delivered: throw .stopped
      }
    }
    throw .unreachable(reason.isEmpty ? "it answers 429 each time" : reason)
  }

  private static var now: DeliveryTime {
    DeliveryTime(monotonic: MonotonicClock.now, wall: WallClock.now)
  }

  /// Waits until the server takes replays again.
  private func wait(_ isStopped: () -> Bool, _ onWait: (Int64) -> Void) throws(Failure) {
    let left = blockedUntil - MonotonicClock.now
    if left > SentryUpload.longestWait { throw .limited(left) }
    if left > 0 { onWait(left) }
    while MonotonicClock.now < blockedUntil {
      if isStopped() { throw .stopped }
      MonotonicClock.wait(for: nil, until: min(blockedUntil, MonotonicClock.now + 200_000_000))
    }
    if isStopped() { throw .stopped }
  }

  private func request(_ envelope: [UInt8]) -> HTTPClient.Request {
    HTTPClient.Request(
      method: "POST", url: address,
      headers: [
        ("content-type", "application/x-sentry-envelope"),
        ("x-sentry-auth", "Sentry sentry_version=7, sentry_key=\(key), sentry_client=scrim/0.1.0"),
      ], body: envelope)
  }
}
