import Glibc
import ScrimFormat
package import ScrimStore
import ScrimSystem
import Synchronization

/// An S3-compatible object store, `s3://BUCKET/PREFIX`, in the layout of ``StoreLayout``.
///
/// The body's SHA-256 is signed, an existing object is not replaced (`If-None-Match: *`, if the store
/// supports it), and the store's confirmation is compared with the data: some stores keep a wrong body and
/// answer 200.
package final class S3Destination: Destination {
  package let address: String
  private let client: HTTPClient
  private let signer: SigV4
  /// `https://HOST`, followed by `/BUCKET` for stores that are addressed by path.
  private let origin: String
  private let host: String
  private let root: String
  private let prefix: String
  private let project: String
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
    guard S3Destination.isBucket(bucket) else {
      throw DestinationError(.usage, "\(address): give s3://BUCKET or s3://BUCKET/PREFIX")
    }
    var prefix = parts.count > 1 ? String(parts[1]) : ""
    while prefix.hasSuffix("/") { prefix.removeLast() }
    self.prefix = prefix.isEmpty ? "" : prefix + "/"
    let settings = try AWSSettings(
      profile: options.profile, environment: environment, read: S3Destination.text)
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
    project = options.project
    client = try HTTPClient(options)
    signer = SigV4(credentials: settings.credentials, region: settings.region, service: "s3")
  }

  /// The text of a settings file; nil if there is none. Such files have a few lines.
  private static func text(of path: String) -> String? {
    guard let file = try? OpenFile(path, O_RDONLY), let bytes = try? file.read(1 << 20) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func isBucket(_ name: String) -> Bool {
    (3...63).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
      }
  }

  package func cancel() { client.cancel() }

  package func put(_ segment: SealedFile) -> DeliveryAnswer {
    let key =
      prefix + StoreLayout.session(segment.session, start: segment.header.start, project: project) + "/"
      + SessionFolder.segmentFile(segment.index)
    return answer { () throws(HTTPClient.Failure) in
      if try isDeleted(segment.session) {
        return .status(410, retryAfter: nil, body: "the session was deleted")
      }
      return try put(segment.bytes, segment.digest, key, replacing: false)
    }
  }

  package func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer {
    let key =
      prefix + StoreLayout.session(manifest.session, start: manifest.start, project: project) + "/"
      + StoreLayout.manifestFile
    return answer { () throws(HTTPClient.Failure) in
      if try isDeleted(manifest.session) {
        return .status(410, retryAfter: nil, body: "the session was deleted")
      }
      return try put(bytes, SHA256.digest(bytes.span), key, replacing: true)
    }
  }

  private func answer(_ body: () throws(HTTPClient.Failure) -> DeliveryAnswer) -> DeliveryAnswer {
    do throws(HTTPClient.Failure) { return try body() } catch { return error.asDelivery }
  }

  /// Whether the store has the session's tombstone. Checked at most once per session and minute, so that it
  /// costs no request per segment.
  private func isDeleted(_ session: SessionID) throws(HTTPClient.Failure) -> Bool {
    let now = MonotonicClock.now
    let known = asked.withLock { $0[session] }
    if let known, known.isDeleted || now - known.at < 60_000_000_000 { return known.isDeleted }
    let answer = try send(
      "HEAD", prefix + StoreLayout.tombstone(session, project: project), [], nil, limit: 1 << 16)
    // Any other answer than 200 counts as no: an error of the store shows at the PUT.
    let isDeleted = answer.status == 200
    asked.withLock {
      if $0.count > 10_000 { $0.removeAll() }
      $0[session] = Asked(at: now, isDeleted: isDeleted)
    }
    return isDeleted
  }

  private struct Asked {
    var at: Int64
    var isDeleted: Bool
  }
  private let asked = Mutex<[SessionID: Asked]>([:])

  private func put(
    _ bytes: [UInt8], _ digest: SHA256Digest, _ key: String, replacing: Bool
  ) throws(HTTPClient.Failure) -> DeliveryAnswer {
    var headers = [("content-type", replacing ? "application/json" : "application/vnd.scrim.segment")]
    headers.append(("x-amz-meta-sha256", digest.description))
    let isConditional = !replacing && knowsConditions.load(ordering: .relaxed)
    if isConditional { headers.append(("if-none-match", "*")) }
    let answer = try send("PUT", key, headers, bytes, limit: 1 << 16)
    switch answer.status {
    case 200, 201, 204:
      let etag = answer.header("etag")?.filter { $0 != "\"" }
      if etag == MD5.hex(bytes) { return .delivered }
      return try readBack(bytes, key, otherwise: nil)
    case 409, 412:
      // It already exists, or another writer is writing it.
      guard isConditional else { return answer.asDelivery }
      return try readBack(
        bytes, key, otherwise: .status(409, retryAfter: nil, body: "another object is already stored there"))
    case 501 where isConditional:
      knowsConditions.store(false, ordering: .relaxed)
      return try put(bytes, digest, key, replacing: replacing)
    default: return S3Destination.meaning(answer)
    }
  }

  /// The meaning of an S3 error: its code is more exact than its status.
  private static func meaning(_ answer: HTTPClient.Answer) -> DeliveryAnswer {
    switch S3Destination.code(answer) {
    case "RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "ServiceUnavailable", "OperationAborted",
      "ConditionalRequestConflict":
      return .status(
        503, retryAfter: answer.header("retry-after").flatMap { RetryAfter($0) },
        body: String(decoding: answer.body.prefix(500), as: UTF8.self))
    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
      return .status(403, retryAfter: nil, body: String(decoding: answer.body.prefix(500), as: UTF8.self))
    default: return answer.asDelivery
    }
  }

  /// The `Code` in an error's XML.
  private static func code(_ answer: HTTPClient.Answer) -> String {
    let text = String(decoding: answer.body.prefix(4096), as: UTF8.self)
    guard let start = text.firstRange(of: "<Code>"),
      let end = text[start.upperBound...].firstRange(of: "</Code>")
    else { return "" }
    return String(text[start.upperBound..<end.lowerBound])
  }

  private func readBack(
    _ bytes: [UInt8], _ key: String, otherwise: DeliveryAnswer?
  ) throws(HTTPClient.Failure) -> DeliveryAnswer {
    let answer = try send("GET", key, [], nil, limit: bytes.count + (1 << 16))
    switch answer.status {
    case 200 where answer.body == bytes: return .delivered
    case 200:
      return otherwise ?? .unproven("the store reported success, but returns other bytes")
    case 404: return .unproven("the store reported success, but doesn't find the object")
    default: return S3Destination.meaning(answer)
    }
  }

  private func send(
    _ method: String, _ key: String, _ extra: [(name: String, value: String)], _ body: [UInt8]?, limit: Int,
    isSecondTry: Bool = false
  ) throws(HTTPClient.Failure) -> HTTPClient.Answer {
    let path = SigV4.path(root + key, isNormalized: false)
    let offset = clockOffset.load(ordering: .relaxed)
    let date = S3Destination.date(WallClock.now.addingReportingOverflow(offset).partialValue)
    let content = body ?? []
    let payload = SHA256.digest(content.span).description
    var headers = extra
    headers += [("x-amz-content-sha256", payload), ("x-amz-date", date)]
    if let token = signer.credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    let authorization = signer.authorization(
      for: SigV4.Request(
        method: method, path: path, query: "", headers: headers + [("host", host)], payload: payload),
      date: date)
    let answer = try client.perform(
      HTTPClient.Request(
        method: method, url: origin + path, headers: headers + [("authorization", authorization)], body: body,
        answerLimit: limit))
    // A wrong clock is corrected by the store's, once.
    if answer.status == 403, !isSecondTry, S3Destination.code(answer) == "RequestTimeTooSkewed",
      let theirs = answer.header("date").flatMap({ HTTPDate.nanoseconds($0) })
    {
      clockOffset.store(theirs - WallClock.now, ordering: .relaxed)
      return try send(method, key, extra, body, limit: limit, isSecondTry: true)
    }
    return answer
  }

  /// Such as `20150830T123600Z`.
  static func date(_ nanoseconds: Int64) -> String {
    let second = nanoseconds - ((nanoseconds % 1_000_000_000) + 1_000_000_000) % 1_000_000_000
    return RFC3339.string(second).filter { $0 != "-" && $0 != ":" }
  }
}
