import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ScrimFormat
import ScrimStore

/// The context of a request.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let remote: String

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    remote = source.channel.remoteAddress?.ipAddress ?? "-"
  }
}

/// Answers requests: checks the host, the key and the limits, then asks the ``ReplayService``.
struct Responder: HTTPResponder {
  typealias Context = ServerContext

  let service: ReplayService
  let options: ServerOptions
  let limiter: RateLimiter
  let budget: BodyBudget
  let metrics = ServerMetrics()
  let accessLog: LineLog?
  let auditLog: any AuditLog
  /// Disk calls block, so they run on their own threads.
  let disk: NIOThreadPool
  let assets = PageAssets()
  let signIns: SignIns
  let bodies: AnswerBodies

  func respond(to request: Request, context: ServerContext) async throws -> Response {
    let start = ContinuousClock.now
    var name: String?
    var response: Response
    do {
      response = try await answer(request, context, &name)
    } catch let refusal as Refusal {
      response = refusal.response
    } catch {
      context.logger.error("request failed", metadata: ["error": "\(error)"])
      // Usually a full disk: the sender keeps its data and tries again.
      response = Refusal(503, "the store can't be used now", retryAfter: 30).response
    }
    // The header is that of GET; a client would read a body as the next answer.
    if request.method == .head { response = response.createHeadResponse() }
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.referrerPolicy] = "same-origin"
    response.headers[.crossOriginResourcePolicy] = "same-origin"
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "private, no-store" }
    if response.headers[.contentSecurityPolicy] == nil {
      response.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    metrics.note(method: known(request.method), status: response.status.code, seconds: seconds)
    accessLog?.write(
      AccessLine(
        at: RFC3339.string(Self.now), ms: (seconds * 1e6).rounded() / 1000, method: known(request.method),
        path: String(request.uri.path.prefix(200)), status: response.status.code, key: name,
        remote: context.remote))
    return response
  }

  static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) * 1_000_000 }

  /// Any other method would add a label to the metrics.
  private func known(_ method: HTTPRequest.Method) -> String {
    [.get, .put, .delete, .head, .post].contains(method) ? method.rawValue : "OTHER"
  }

  private func answer(_ request: Request, _ context: ServerContext, _ name: inout String?) async throws
    -> Response
  {
    try checkHost(request)
    let path = request.uri.path
    if path == "/healthz" {
      guard request.method == .get || request.method == .head else { throw Refusal(405, "GET") }
      return try await health()
    }
    if let page = try await page(request, context, &name) { return page }
    let key = try authorized(request)
    name = key.name
    try limit(key.name + "/" + key.project, request)
    if path == "/metrics" {
      guard key.role.mayRead else { throw Refusal(403, "this key may not read") }
      let service = service
      let text = metrics.text(sessions: try await onDisk { try service.index.count() })
      return Response(
        status: .ok, headers: [.contentType: "text/plain; version=0.0.4"],
        body: .init(byteBuffer: ByteBuffer(string: text)))
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    guard parts.starts(with: ["v1", "sessions"]) else { throw Refusal(404, "there is nothing here") }
    let rest = Array(parts.dropFirst(2))
    if rest.isEmpty {
      guard request.method == .get || request.method == .head else { throw Refusal(405, "GET") }
      guard key.role.mayRead else { throw Refusal(403, "this key may not read") }
      return try await list(request, key)
    }
    guard let session = StoreLayout.session(named: rest[0]) else {
      throw Refusal(400, "a session's name is a UUID in lower case")
    }
    switch rest.count {
    case 1:
      guard request.method == .delete else { throw Refusal(405, "DELETE") }
      return try await delete(session, key, context)
    case 2 where rest[1] == "manifest":
      return try await object(request, .manifest, session, key, context)
    case 3 where rest[1] == "segments":
      guard let index = StoreLayout.index(rest[2]) else {
        throw Refusal(400, "a segment's index has eight digits")
      }
      return try await object(request, .segment(index), session, key, context)
    default: throw Refusal(404, "there is nothing here")
    }
  }

  enum Object: Sendable {
    case manifest
    case segment(Int)
  }

  private func object(
    _ request: Request, _ object: Object, _ session: SessionID, _ key: AccessKey, _ context: ServerContext
  ) async throws -> Response {
    switch request.method {
    case .put:
      guard key.role.mayWrite else { throw Refusal(403, "this key may not write") }
      return try await put(request, object, session, key)
    case .get, .head:
      guard key.role.mayRead else { throw Refusal(403, "this key may not read") }
      return try await read(request, object, session, key, context)
    default: throw Refusal(405, "GET, HEAD, PUT")
    }
  }

  func onDisk<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await disk.runIfActive(body)
  }

  // MARK: Who asks

  /// Seconds of a monotonic clock.
  static var uptime: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }

  func limit(_ who: String, _ request: Request) throws {
    if let wait = limiter.take(
      who, bytes: request.headers[.contentLength].flatMap { Int($0) } ?? 0, now: Self.uptime,
      wall: Date().timeIntervalSince1970)
    {
      throw Refusal(429, "too many requests or bytes from this key; try again later", retryAfter: wait)
    }
  }

  /// Refuses requests that a page of another site makes a browser send: through a name that resolves to this
  /// machine, or across sites.
  private func checkHost(_ request: Request) throws {
    // The first one is the authority. A proxy may have chosen by the second (RFC 9112, 3.2).
    guard request.headers[.host] == nil else { throw Refusal(400, "a request has one Host") }
    guard let host = request.head.authority.map(Self.hostName), options.hosts.contains(host) else {
      throw Refusal(421, "this is not a name of the server; see --host")
    }
    for origin in request.headers[values: .origin] {
      guard let scheme = origin.range(of: "://"), ["http", "https"].contains(origin[..<scheme.lowerBound]),
        isOwn(String(origin[scheme.upperBound...]), request)
      else { throw Refusal(403, "requests from pages of other sites are refused") }
    }
  }

  /// Another port is another site, on this machine even of another user. Only a proxy may have changed the name of
  /// the request.
  private func isOwn(_ origin: String, _ request: Request) -> Bool {
    guard options.hosts.contains(Self.hostName(origin)) else { return false }
    return options.isBehindProxy || origin.lowercased() == request.head.authority?.lowercased()
  }

  /// Without the port.
  private static func hostName(_ authority: String) -> String {
    let lower = authority.lowercased()
    if lower.hasPrefix("["), let end = lower.firstIndex(of: "]") { return String(lower[...end]) }
    return String(lower.prefix { $0 != ":" })
  }

  func authorized(_ request: Request) throws -> AccessKey {
    if options.keys != nil, request.headers[.authorization] == nil, let key = signedIn(request) { return key }
    guard let keys = options.keys else {
      // On a loopback address without keys.
      return AccessKey(role: .admin, project: "default", name: "local", hash: .zero)
    }
    let values = request.headers[values: .authorization]
    guard values.count == 1, let space = values[0].firstIndex(of: " "),
      values[0][..<space].lowercased() == "bearer",
      let key = keys.find(String(values[0][values[0].index(after: space)...]))
    else { throw Refusal(401, "the key is missing or unknown") }
    return key
  }

  // MARK: Storing

  private func put(
    _ request: Request, _ object: Object, _ session: SessionID, _ key: AccessKey
  ) async throws -> Response {
    let limit: Int
    switch object {
    case .manifest: limit = options.limits.manifestBytes
    case .segment: limit = options.limits.segmentBytes
    }
    guard request.headers[.contentEncoding] == nil else {
      throw Refusal(415, "Content-Encoding is not supported; send the body without it")
    }
    let digest = try Self.digest(request)
    let bytes = try await receive(request, limit: limit)
    let service = service
    let project = key.project
    let answer: ReplayService.Answer
    switch object {
    case .segment(let index):
      answer = try await onDisk {
        try service.put(segment: bytes, index, of: session, digest: digest, project: project)
      }
    case .manifest:
      guard SHA256.digest(bytes.span) == digest else {
        throw Refusal(400, "the body does not match its Content-Digest")
      }
      answer = try await onDisk { try service.put(manifest: bytes, of: session, project: project) }
    }
    switch answer {
    case .stored(let digest):
      metrics.noteStored(bytes: bytes.count)
      return Response(status: .created, headers: Self.headers(digest))
    case .alreadyThere(let digest): return Response(status: .ok, headers: Self.headers(digest))
    case .refused(let status, let words): throw Refusal(status, words)
    case .busy(let words): throw Refusal(503, words, retryAfter: 1)
    }
  }

  /// The SHA-256 that the sender gives; several must be equal, since readers of a header differ in which one counts.
  private static func digest(_ request: Request) throws -> SHA256Digest {
    var found: SHA256Digest?
    for part in request.headers[values: .contentDigest].flatMap({ $0.split(separator: ",") }) {
      let part = part.trimmingCharacters(in: .whitespaces)
      guard part.hasPrefix("sha-256=") else { continue }
      guard part.hasPrefix("sha-256=:"), part.hasSuffix(":"), part.utf8.count > 10,
        let bytes = Data(base64Encoded: String(part.dropFirst(9).dropLast())), bytes.count == 32
      else { throw Refusal(400, "the sha-256 of Content-Digest is not 32 bytes in base64") }
      let digest = SHA256Digest(Array(bytes))
      guard found == nil || found == digest else {
        throw Refusal(400, "Content-Digest has two different sha-256")
      }
      found = digest
    }
    guard let found else { throw Refusal(400, "Content-Digest with sha-256 is missing") }
    return found
  }

  static func headers(_ digest: SHA256Digest) -> HTTPFields {
    [.contentDigest: "sha-256=:\(Data(digest.bytes).base64EncodedString()):", .eTag: "\"\(digest)\""]
  }

  func receive(_ request: Request, limit: Int) async throws -> [UInt8] {
    let claimed: Int
    if let text = request.headers[.contentLength] {
      guard let length = Int(text), length >= 0 else { throw Refusal(400, "Content-Length is no number") }
      guard length <= limit else { throw Refusal(413, "a body has at most \(limit) bytes") }
      claimed = length
    } else {
      claimed = limit
    }
    guard budget.reserve(claimed) else { throw Refusal(503, "too many bodies at once", retryAfter: 1) }
    defer { budget.release(claimed) }
    var bytes: [UInt8] = []
    // A wrong length costs no memory: what isn't written isn't there.
    bytes.reserveCapacity(min(claimed, 1 << 20))
    do {
      for try await buffer in request.body {
        guard bytes.count + buffer.readableBytes <= limit else {
          throw Refusal(413, "a body has at most \(limit) bytes")
        }
        bytes.append(contentsOf: buffer.readableBytesView)
      }
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      // Invalid chunks, or a closed connection.
      throw Refusal(400, "the body is incomplete or wrongly chunked")
    }
    return bytes
  }

  // MARK: Deleting

  private func delete(_ session: SessionID, _ key: AccessKey, _ context: ServerContext) async throws
    -> Response
  {
    guard key.role.mayDelete else { throw Refusal(403, "this key may not delete") }
    let location = try await location(session, key)
    guard !location.isLocal else {
      throw Refusal(409, "a recorder writes it in a folder of its own; scrim delete removes that")
    }
    let service = service
    let log = auditLog
    let entry = entry("delete", session, key, context)
    let removed = try await onDisk {
      let removed = try service.delete(location.place)
      log.write(entry)
      return removed
    }
    return try Self.json(["files": removed.files, "bytes": removed.bytes], .ok)
  }

  // MARK: The rest

  /// Whether the store can be used now.
  private func health() async throws -> Response {
    let service = service
    do { try await onDisk { try service.check() } } catch {
      throw Refusal(503, "the store can't be used now")
    }
    return try Self.json(["status": "ok"], .ok)
  }

  static func json(_ value: some Encodable, _ status: HTTPResponse.Status) throws -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(value)
    return Response(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(bytes: Array(data) + [0x0A])))
  }
}

/// An answer for a failure.
struct Refusal: Error {
  var status: Int
  var words: String
  var retryAfter: Int?

  init(_ status: Int, _ words: String, retryAfter: Int? = nil) {
    self.status = status
    self.words = words
    self.retryAfter = retryAfter
  }

  var response: Response {
    var response =
      (try? Responder.json(["error": words], HTTPResponse.Status(code: status)))
      ?? Response(status: .internalServerError)
    if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
    if status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
    if status == 405 { response.headers[.allow] = words }
    return response
  }
}

private struct AccessLine: Encodable {
  var at: String
  var ms: Double
  var method: String
  var path: String
  var status: Int
  var key: String?
  var remote: String
}

extension HTTPField.Name {
  static var contentDigest: Self { .init("Content-Digest")! }
  static var host: Self { .init("Host")! }
  /// A browser loads the page again after these seconds.
  static var refresh: Self { .init("Refresh")! }
  static var referrerPolicy: Self { .init("Referrer-Policy")! }
  static var crossOriginResourcePolicy: Self { .init("Cross-Origin-Resource-Policy")! }
}
