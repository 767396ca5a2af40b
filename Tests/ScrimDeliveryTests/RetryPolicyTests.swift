import Testing

@testable import ScrimDelivery

@Suite struct RetryPolicyTests {
  private let policy = RetryPolicy()
  private let second: Int64 = 1_000_000_000
  private let now = DeliveryTime(monotonic: 5_000_000_000, wall: 1_700_000_000_000_000_000)

  private func verdict(
    _ status: Int, _ retryAfter: String? = nil, attempt: Int = 1, random: Double = 0.5
  ) -> RetryPolicy.Verdict {
    policy.verdict(
      on: .status(status, retryAfter: retryAfter.flatMap { RetryAfter($0) }, body: ""), attempt: attempt,
      now: now, random: random)
  }

  @Test func everyStatus() {
    for status in 0...999 {
      let expected: RetryPolicy.Verdict =
        switch status {
        case 401, 403: .stop
        case 410: .discardSession
        case 408, 425, 429, 500...599: .wait(until: now.monotonic + second / 2)
        default: .park
        }
      #expect(verdict(status) == expected, "\(status)")
    }
    #expect(policy.verdict(on: .delivered, attempt: 9, now: now, random: 0) == .delivered)
    for answer in [DeliveryAnswer.unreachable("x"), .unproven("x"), .cancelled] {
      #expect(
        policy.verdict(on: answer, attempt: 1, now: now, random: 0.5)
          == .wait(until: now.monotonic + second / 2))
    }
  }

  @Test(arguments: [
    (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (11, 300), (64, 300), (Int.max, 300), (0, 1), (-5, 1),
  ])
  func backoffDoublesUpToItsCap(attempt: Int, seconds: Int) {
    #expect(policy.backoff(attempt, 1) == Int64(seconds) * second)
    #expect(policy.backoff(attempt, 0) == 0)
    #expect(policy.backoff(attempt, 0.25) == Int64(seconds) * second / 4)
  }

  @Test(arguments: [
    ("7", 7), ("  120 ", 120), ("86400", 86_400), ("86401", 86_400), ("99999999999999999999", 86_400),
    ("Tue, 14 Nov 2023 22:13:30 GMT", 10), ("Tue, 14 Nov 2023 22:14:20 GMT", 60),
    ("Wed, 15 Nov 2023 22:13:21 GMT", 86_400), ("Fri, 31 Dec 2100 23:59:59 GMT", 86_400),
  ])
  func retryAfterIsObeyedUpToADay(text: String, seconds: Int) {
    for status in [408, 425, 429, 500, 503, 599] {
      #expect(verdict(status, text) == .wait(until: now.monotonic + Int64(seconds) * second))
      #expect(
        verdict(status, text, attempt: 1000, random: 0.99)
          == .wait(until: now.monotonic + Int64(seconds) * second))
    }
    #expect(verdict(404, text) == .park)
    #expect(verdict(410, text) == .discardSession)
  }

  /// No request, nonsense, and times in the past: the policy's own wait, so that no loop runs without a
  /// pause.
  @Test(arguments: [
    "0", "-1", "1.5", "soon", "", "Tue, 14 Nov 2023 22:13:20 GMT", "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Tue, 14 Nov 2023 22:13:30", "Tue, 32 Nov 2023 22:13:30 GMT", "1e3",
  ])
  func unusableWaitsGiveThePolicysWait(text: String) {
    #expect(verdict(429, text) == .wait(until: now.monotonic + second / 2))
  }

  @Test func clocksAtTheirEnds() {
    let late = DeliveryTime(monotonic: .max - 5, wall: .min)
    #expect(
      policy.verdict(on: .status(429, retryAfter: .delay(.max), body: ""), attempt: 1, now: late, random: 0)
        == .wait(until: .max))
    #expect(
      policy.verdict(on: .status(429, retryAfter: .date(.max), body: ""), attempt: 3, now: late, random: 1)
        == .wait(until: .max))
    let early = DeliveryTime(monotonic: 0, wall: .max)
    #expect(
      policy.verdict(on: .status(503, retryAfter: .date(.min), body: ""), attempt: 1, now: early, random: 1)
        == .wait(until: second))
  }

  /// The limit shrinks with a short first wait, so that a test of many retries is short; it never falls below it.
  @Test(
    arguments: [
      (0.02, 20_000_000, 6_000_000_000), (1, 1_000_000_000, 300_000_000_000),
      (600, 600_000_000_000, 600_000_000_000), (0, 1_000_000, 300_000_000),
    ] as [(Double, Int64, Int64)])
  func aShortFirstWait(seconds: Double, base: Int64, cap: Int64) {
    let policy = RetryPolicy(base: seconds)
    #expect(policy.base == base && policy.cap == cap)
  }
}
