/// What a Sentry server asks for before it takes more replays: a pure function of an answer.
struct SentryRateLimits {
  /// Seconds that a refusal without a time asks for.
  private static let unnamed: Double = 60

  /// Nanoseconds to wait from now on; 0 for none.
  ///
  /// - Parameters:
  ///   - limits: the header `X-Sentry-Rate-Limits`: `SECONDS:CATEGORY;…:SCOPE:…`, separated by commas. An empty list of categories
  ///     means all.
  ///   - retryAfter: the header `Retry-After`.
  ///   - wall: nanoseconds since 1970, now.
  static func wait(status: Int, limits: String?, retryAfter: String?, wall: Int64) -> Int64 {
    var longest: Double = 0
    for limit in (limits ?? "").split(separator: ",") {
      let parts = limit.split(separator: ":", omittingEmptySubsequences: false).map(\.trimmingSpace)
      guard let seconds = Double(parts[0]), seconds > 0, seconds.isFinite else { continue }
      let categories = parts.count > 1 ? parts[1].split(separator: ";").map(String.init) : []
      if categories.isEmpty || categories.contains("replay") || categories.contains("replay_video") {
        longest = max(longest, seconds)
      }
    }
    if longest > 0 { return min(RetryPolicy.longestRetryAfter, Int64(min(longest, 1e9) * 1e9)) }
    guard status == 429 else { return 0 }
    switch retryAfter.flatMap({ RetryAfter($0) }) {
    case .delay(let delay)?: return min(RetryPolicy.longestRetryAfter, delay)
    case .date(let date)?: return min(RetryPolicy.longestRetryAfter, max(0, date - wall))
    case nil: return Int64(unnamed * 1e9)
    }
  }
}
