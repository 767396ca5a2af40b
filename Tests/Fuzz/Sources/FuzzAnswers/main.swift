import ScrimFormat

@testable import ScrimDelivery

/// Reads the input as an answer of a server: status and header in the first lines, an empty line, then the body; in
/// each way that an uploader, a bucket's client and a search for credentials read it. Whatever a server answers, an
/// upload is proved only by a digest, and a wait is at most a day.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // libFuzzer passes `count` bytes, or a null pointer and none.
  let input = unsafe Array(UnsafeBufferPointer(start: data, count: count))
  let answer = parse(input)
  checkRetries(answer)
  checkDigests(answer)
  checkXML(answer)
  checkCredentials(answer.body)
  _ = AWSFiles(environment: [:]) { _ in String(decoding: answer.body, as: UTF8.self) }
  return 0
}

func parse(_ input: [UInt8]) -> HTTPClient.Answer {
  var rest = input[...]
  var headers: [(name: String, value: String)] = []
  let status = rest.popFirst().map { 200 + Int($0) * 2 } ?? 0
  while let end = rest.firstIndex(of: 0x0A), end > rest.startIndex {
    let line = String(decoding: rest[..<end], as: UTF8.self)
    rest = rest[(end + 1)...]
    guard let colon = line.firstIndex(of: ":") else { continue }
    headers.append(
      (line[..<colon].trimmingSpace.lowercased(), line[line.index(after: colon)...].trimmingSpace))
  }
  return HTTPClient.Answer(status: status, headers: headers, body: Array(rest.drop { $0 == 0x0A }))
}

func checkRetries(_ answer: HTTPClient.Answer) {
  let wall: Int64 = 1_800_000_000_000_000_000
  let now = DeliveryTime(monotonic: 1_000_000_000, wall: wall)
  for delivery in [answer.asDelivery, S3Bucket.meaning(answer)] {
    precondition(delivery != .delivered, "a status alone is no proof")
    switch RetryPolicy().verdict(on: delivery, attempt: 3, now: now, random: 0.5) {
    case .delivered: preconditionFailure("delivered without a proof")
    case .wait(let until):
      precondition(until >= now.monotonic, "a wait that is over")
      precondition(until - now.monotonic <= RetryPolicy.longestRetryAfter, "a wait of more than a day")
    case .park, .discardSession, .stop: break
    }
  }
  for header in answer.headers {
    let wait = SentryRateLimits.wait(
      status: answer.status, limits: header.value, retryAfter: header.value, wall: wall)
    precondition((0...RetryPolicy.longestRetryAfter).contains(wait), "a wait of more than a day")
  }
}

func checkDigests(_ answer: HTTPClient.Answer) {
  let digest = SHA256.digest(answer.body.span)
  for header in answer.headers where ContentDigest.matches(header.value, digest) == true {
    precondition(header.value.contains(ContentDigest.field(digest)), "another digest counts as the body's")
  }
}

func checkXML(_ answer: HTTPClient.Answer) {
  _ = S3Bucket.code(answer)
  guard let page = S3Listing(answer.body) else { return }
  precondition(page.objects.count + page.folders.count <= answer.body.count / 10, "more objects than bytes")
  for object in page.objects { precondition(object.bytes >= 0, "an object of less than nothing") }
}

func checkCredentials(_ body: [UInt8]) {
  guard let (keys, _) = try? AWSCredentials.read(body, from: "a test") else { return }
  precondition(!keys.accessKey.isEmpty && !keys.secretKey.isEmpty, "keys without content")
}
