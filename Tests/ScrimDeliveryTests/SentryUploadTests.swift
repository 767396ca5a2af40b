import Testing

@testable import ScrimDelivery

@Suite struct SentryRateLimitsTests {
  private func seconds(_ status: Int, _ limits: String? = nil, _ retryAfter: String? = nil) -> Double {
    Double(SentryRateLimits.wait(status: status, limits: limits, retryAfter: retryAfter, wall: 0)) / 1e9
  }

  @Test func onlyWhatConcernsReplaysCounts() {
    #expect(seconds(200) == 0)
    #expect(seconds(200, "60:replay:organization") == 60)
    #expect(seconds(200, "60:error;transaction:organization:quota") == 0)
    #expect(seconds(429, "60:error:key, 2700:default;replay;security:organization") == 2700)
    #expect(seconds(200, "50::key:backoff") == 50, "no category is all of them")
    #expect(seconds(200, "50") == 50)
    #expect(seconds(200, "7:replay_video:key,x:replay:key,-3:replay:key,nan:replay,inf:replay") == 7)
    #expect(seconds(429, "", "5") == 5)
    #expect(seconds(429) == 60, "a refusal without a time asks for a minute")
    #expect(seconds(429, nil, "Thu, 01 Jan 1970 00:01:40 GMT") == 100)
    #expect(seconds(503, nil, "5") == 0, "which the retry policy takes care of")
    // A forged answer silences nothing for good.
    #expect(seconds(429, "1e300:replay:key") == 86_400)
    #expect(seconds(429, nil, "99999999999999999999") == 86_400)
  }
}

@Suite struct SentryAddressTests {
  @Test func addressesAreMadeOfTheDSN() throws {
    for (dsn, address) in [
      ("https://abc@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/"),
      ("http://abc:old@127.0.0.1:9000/7", "http://127.0.0.1:9000/api/7/envelope/"),
      ("https://abc@sentry.example/under/path/7", "https://sentry.example/under/path/api/7/envelope/"),
    ] {
      #expect(try SentryUpload(dsn: dsn).address == address)
    }
  }

  @Test(arguments: [
    "", "abc", "https://o1.ingest.sentry.io/42", "https://@host/42", "https://abc@host", "https://abc@host/",
    "ftp://abc@host/42", "https://abc@host/42?x", "https://a b@host/42", "https://abc@/42",
    "https://abc@x@host/42", "https://abc\r\nx@host/42",
  ])
  func whatIsNoDSNIsRefused(dsn: String) {
    #expect(throws: DestinationError.self) { try SentryUpload(dsn: dsn) }
  }
}
