import ScrimFormat
import ScrimStore
import ScrimSystem
import Synchronization

/// One bucket of an S3-compatible object store: signed requests, one attempt each.
///
/// The body's SHA-256 is signed, and a success counts only if the store's confirmation agrees with the data:
/// some stores keep a wrong body and answer 200.
final class S3Bucket: Sendable {
  let address: String
  /// Empty, or ends with a slash; in front of every key.
  let prefix: String
  private let client: HTTPClient
  private let credentials: AWSCredentials
  private let region: String
  /// `https://HOST`, followed by `/BUCKET` for stores that are addressed by path.
  private let origin: String
  private let host: String
  private let root: String
  /// Nanoseconds by which the store's clock is ahead of ours; it refuses signatures that are 15 minutes
  /// off.
  private let clockOffset = Atomic<Int64>(0)
  /// Some stores don't support `If-None-Match` on PUT and report that.
  private let knowsConditions = Atomic<Bool>(true)

  init(
    _ address: String, _ options: DestinationOptions, environment: [String: String]
  ) throws(DestinationError) {
    let parts = address.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let bucket = String(parts.first ?? "")
    guard address.hasPrefix("s3://"), S3Bucket.isBucket(bucket) else {
      throw DestinationError(.usage, "\(address): give s3://BUCKET or s3://BUCKET/PREFIX")
    }
    var prefix = parts.count > 1 ? String(parts[1]) : ""
    while prefix.hasSuffix("/") { prefix.removeLast() }
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    let settings = try AWSSettings(
      profile: options.profile, environment: environment, read: SettingsFile.text)
    let usesPath = settings.usesPathStyle ?? (settings.endpoint != nil || bucket.contains("."))
    let endpoint = settings.endpoint ?? "https://s3.\(settings.region).amazonaws.com"
    guard let scheme = endpoint.firstRange(of: "://"),
      ["http", "https"].contains(String(endpoint[..<scheme.lowerBound]))
    else { throw DestinationError(.usage, "endpoint \(endpoint): it must begin with http:// or https://") }
    let authority = String(endpoint[scheme.upperBound...])
    guard !authority.contains("/"), !authority.contains("@"), !authority.isEmpty else {
      throw DestinationError(.usage, "endpoint \(endpoint): give https://HOST or https://HOST:PORT")
    }
    host = usesPath ? authority : "\(bucket).\(authority)"
    origin = String(endpoint[..<scheme.upperBound]) + host
    root = usesPath ? "/\(bucket)/" : "/"
    self.address = address
    region = settings.region
    client = try HTTPClient(options)
    credentials = AWSCredentials(settings.credentials, options)
    // Most machines are no EC2 instances: that is found out now, not by endless retries.
    if case .instance = settings.credentials {
      do throws(HTTPClient.Failure) { _ = try credentials.current() } catch {
        let name = options.profile ?? environment["AWS_PROFILE"] ?? "default"
        throw DestinationError(
          .usage, "\(AWSCredentialSearch.nothing(name)) (this machine has no instance role either)")
      }
    }
  }

  static func isBucket(_ name: String) -> Bool {
    (3...63).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
      }
  }

  func cancel() { client.cancel() }

  // MARK: Storing

  /// When an object may be stored.
  enum Condition {
    case always
    /// There is none yet.
    case isNew
    /// The stored one has this ETag.
    case replaces(String)
  }

  enum Stored {
    case stored
    /// The same bytes were already stored.
    case alreadyThere
    /// The condition doesn't hold.
    case conflict
    case refused(DeliveryAnswer)
  }

  /// Stores an object, and proves that the store has these bytes. Conditions are ignored by stores that don't
  /// support them.
  ///
  /// - Parameter key: without the bucket's prefix.
  func put(
    _ bytes: [UInt8], _ key: String, type: String, if condition: Condition
  ) throws(HTTPClient.Failure) -> Stored {
    var headers = [("content-type", type)]
    headers.append(("x-amz-meta-sha256", SHA256.digest(bytes.span).description))
    var isConditional = false
    if knowsConditions.load(ordering: .relaxed) {
      switch condition {
      case .always: break
      case .isNew:
        headers.append(("if-none-match", "*"))
        isConditional = true
      case .replaces(let tag):
        headers.append(("if-match", tag))
        isConditional = true
      }
    }
    let answer = try send("PUT", key, headers: headers, body: bytes)
    switch answer.status {
    case 200, 201, 204:
      let etag = answer.header("etag")?.filter { $0 != "\"" }
      if etag == MD5.hex(bytes) { return .stored }
      return try readBack(bytes, key) ?? .stored
    case 409, 412:
      guard isConditional else { return .refused(S3Bucket.meaning(answer)) }
      if case .isNew = condition {
        // It exists already, or another writer is writing it.
        return try readBack(bytes, key, mayDiffer: true) ?? .alreadyThere
      }
      // Ceph's gateway takes the quotation marks as a part of the tag, and never finds it.
      if case .replaces(let tag) = condition, tag.contains("\""),
        try send("HEAD", key).header("etag") == tag
      {
        return try put(bytes, key, type: type, if: .replaces(tag.filter { $0 != "\"" }))
      }
      return .conflict
    case 501 where isConditional:
      knowsConditions.store(false, ordering: .relaxed)
      return try put(bytes, key, type: type, if: condition)
    default: return .refused(S3Bucket.meaning(answer))
    }
  }

  /// Stores a new segment. An object of that name that is no whole segment, as a store may keep of an interrupted
  /// request, is stored again as `{key}.damaged`, once, and replaced.
  func put(segment file: SealedFile, _ key: String) throws(HTTPClient.Failure) -> Stored {
    let stored = try put(file.bytes, key, type: S3Destination.segmentType, if: .isNew)
    guard case .conflict = stored else { return stored }
    let there = try send("GET", key, limit: SealedFile.limit)
    guard there.status == 200, (try? SealedFile(there.body)) == nil, let tag = there.header("etag") else {
      return stored
    }
    let kept = try put(
      there.body, key + S3Bucket.damagedSuffix, type: "application/octet-stream", if: .isNew)
    switch kept {
    case .stored, .alreadyThere:
      return try put(file.bytes, key, type: S3Destination.segmentType, if: .replaces(tag))
    case .conflict, .refused: return kept
    }
  }

  static let damagedSuffix = ".damaged"

  /// - Returns: nil if the store has these bytes.
  private func readBack(
    _ bytes: [UInt8], _ key: String, mayDiffer: Bool = false
  ) throws(HTTPClient.Failure) -> Stored? {
    let answer = try send("GET", key, limit: bytes.count + (1 << 16))
    switch answer.status {
    case 200 where answer.body == bytes: return nil
    case 200:
      return mayDiffer
        ? .conflict : .refused(.unproven("the store reported success, but returns other bytes"))
    case 404: return .refused(.unproven("the store reported success, but doesn't find the object"))
    default: return .refused(S3Bucket.meaning(answer))
    }
  }

  /// The meaning of an S3 error: its code is more exact than its status.
  static func meaning(_ answer: HTTPClient.Answer) -> DeliveryAnswer {
    let text = String(decoding: answer.body.prefix(500), as: UTF8.self)
    switch code(answer) {
    case "RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "ServiceUnavailable", "OperationAborted",
      "ConditionalRequestConflict":
      return .status(503, retryAfter: answer.header("retry-after").flatMap { RetryAfter($0) }, body: text)
    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
      return .status(403, retryAfter: nil, body: text)
    default: return answer.asDelivery
    }
  }

  /// The `Code` in an error's XML; empty if there is none.
  static func code(_ answer: HTTPClient.Answer) -> String {
    XML.first("Code", in: String(decoding: answer.body.prefix(4096), as: UTF8.self)) ?? ""
  }

  // MARK: Requests

  /// One exchange.
  ///
  /// - Parameter key: without the bucket's prefix; nil for a request about the bucket itself.
  func send(
    _ method: String, _ key: String?, query items: [(name: String, value: String)] = [],
    headers extra: [(name: String, value: String)] = [], body: [UInt8]? = nil, limit: Int = 1 << 16,
    isSecondTry: Bool = false
  ) throws(HTTPClient.Failure) -> HTTPClient.Answer {
    let path = SigV4.path(root + (key.map { prefix + $0 } ?? ""), isNormalized: false)
    let query = SigV4.query(items)
    let offset = clockOffset.load(ordering: .relaxed)
    let date = SigV4.date(WallClock.now.addingReportingOverflow(offset).partialValue)
    let content = body ?? []
    let payload = SHA256.digest(content.span).description
    let keys = try credentials.current()
    var headers = extra
    headers += [("x-amz-content-sha256", payload), ("x-amz-date", date)]
    if let token = keys.sessionToken { headers.append(("x-amz-security-token", token)) }
    let authorization = SigV4(credentials: keys, region: region, service: "s3").authorization(
      for: SigV4.Request(
        method: method, path: path, query: query, headers: headers + [("host", host)], payload: payload),
      date: date)
    let answer = try client.perform(
      HTTPClient.Request(
        method: method, url: origin + path + (query.isEmpty ? "" : "?" + query),
        headers: headers + [("authorization", authorization)], body: body, answerLimit: limit))
    guard !isSecondTry, [400, 403].contains(answer.status) else { return answer }
    var isCorrected = false
    switch S3Bucket.code(answer) {
    case "RequestTimeTooSkewed":
      // A wrong clock is corrected by the store's, once.
      if let theirs = answer.header("date").flatMap({ HTTPDate.nanoseconds($0) }) {
        clockOffset.store(theirs - WallClock.now, ordering: .relaxed)
        isCorrected = true
      }
    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId":
      isCorrected = credentials.discard(keys)
    default: break
    }
    guard isCorrected else { return answer }
    return try send(method, key, query: items, headers: extra, body: body, limit: limit, isSecondTry: true)
  }
}
