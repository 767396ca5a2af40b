import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ScrimFormat
import ScrimStore

/// The pages: list, player, sign-in. They show only data that a reader's key may read.
extension Responder {
  private var shell: PageShell { PageShell(assets: assets) }

  /// Nil if the address is not that of a page.
  func page(_ request: Request, _ context: ServerContext, _ name: inout String?) async throws -> Response? {
    let path = request.uri.path
    if let asset = assets[path] {
      return Response(
        status: .ok,
        headers: [.contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable"],
        body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes)))
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    switch parts.first {
    case "" where parts.count == 1: return .seeOther("/s")
    case "sign-in" where parts.count == 1: return try await signIn(request, context)
    case "sign-out" where parts.count == 1: return try signOut(request)
    case "s": break
    default: return nil
    }
    guard request.method == .get || request.method == .head else { throw Refusal(405, "GET, HEAD") }
    guard let key = options.keys == nil ? try authorized(request) : try? authorized(request) else {
      // A request by a script or an image gets no page.
      guard parts.count == 1 || parts.count == 2 || parts.last == "embed" else {
        throw Refusal(401, "the key is missing or unknown")
      }
      return .seeOther("/sign-in?next=" + FormFields.encoded(request.uri.description))
    }
    name = key.name
    do {
      try limit(key.name + "/" + key.project, request)
      guard key.role.mayRead else { throw Refusal(403, "this key may not read") }
      return try await show(Array(parts.dropFirst()), request, key, context)
    } catch let refusal as Refusal where parts.count < 3 || parts[2] == "embed" {
      var response = refusal.response
      let markup = shell.problem(refusal, project: key.project, canSignOut: options.keys != nil)
      let page = Response.page(markup)
      for field in page.headers { response.headers[field.name] = field.value }
      response.body = page.body
      return response
    }
  }

  private func show(_ parts: [String], _ request: Request, _ key: AccessKey, _ context: ServerContext)
    async throws -> Response
  {
    let fields = FormFields(request.uri.query ?? "")
    guard let first = parts.first else { return try await list(fields, key) }
    guard let session = StoreLayout.session(named: first) else {
      throw Refusal(404, "a session's name is a UUID in lower case")
    }
    let service = service
    try await onDisk { try service.refresh() }
    let location = try await location(session, key)
    switch parts.count {
    case 1: return try await player(location, key, context, isEmbedded: false)
    case 2 where parts[1] == "embed": return try await player(location, key, context, isEmbedded: true)
    case 2 where parts[1] == "live": return try await live(fields, location)
    case 2 where parts[1] == "open": return try await open(fields, location, key, context)
    case 2 where parts[1] == "thumbnail": return try await thumbnail(request, location, key, context)
    default: throw Refusal(404, "there is nothing here")
    }
  }

  // MARK: List

  private func list(_ fields: FormFields, _ key: AccessKey) async throws -> Response {
    let choice = try SessionList.Choice(fields)
    let service = service
    let project = key.project
    try await onDisk { try service.refresh() }
    if let address = try await replay(choice, project) { return .seeOther(address) }
    let query = choice.query(now: Self.now)
    let list = try await onDisk {
      let (entries, next) = try service.index.list(query, project: project)
      let items = entries.map { SessionList.Item(entry: $0, isRecording: service.isRecording($0)) }
      return SessionList(choice: choice, items: items, next: next)
    }
    return .page(
      shell.page("Sessions", project: project, canSignOut: options.keys != nil, body: list.body))
  }

  /// The replay for the address of a trace or an error; nil if the list is shown instead.
  private func replay(_ choice: SessionList.Choice, _ project: String) async throws -> String? {
    let kind: SessionIndex.LinkKind
    let id: String
    if let trace = choice.traceID {
      (kind, id) = (.trace, trace)
    } else if let error = choice.errorID {
      (kind, id) = (.error, error)
    } else {
      return nil
    }
    let service = service
    let links = try await onDisk { try service.index.links(kind, id, project: project, limit: 2) }
    guard let link = links.first else { throw Refusal(404, "no session here has this \(kind.rawValue)") }
    guard links.count == 1 else { return nil }
    guard let time = link.time else { return "/s/\(link.session)" }
    return "/s/\(link.session)?t=\(Self.seconds(time))"
  }

  /// Nanoseconds as seconds without trailing zeros, rounded up to a microsecond, so that the linked event has
  /// happened at that time.
  static func seconds(_ time: Int64) -> String {
    let micro = time / 1000 + (time % 1000 > 0 ? 1 : 0)
    let sign = micro < 0 ? "-" : ""
    let digits = String(abs(micro) % 1_000_000 + 1_000_000).dropFirst()
    var fraction = String(digits)
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(sign)\(abs(micro) / 1_000_000)" + (fraction.isEmpty ? "" : "." + fraction)
  }

  // MARK: Player

  private func player(
    _ location: SessionLocation, _ key: AccessKey, _ context: ServerContext, isEmbedded: Bool
  ) async throws -> Response {
    let service = service
    let view = try await onDisk { try service.page(of: location) }
    guard !view.isEmpty else {
      // The manifest comes before the first segment.
      if view.manifest.state == .open { return waitingPage(location, key, isEmbedded: isEmbedded) }
      throw Refusal(404, "nothing of the session is recorded yet; try again in a moment")
    }
    guard !view.isSealedToKey else { return sealedPage(location, view, key, isEmbedded: isEmbedded) }
    audit("view", location.place.session, key, context)
    let document = PlayerDocument(
      session: "\(location.place.session)", view: view, assets: assets, traceURL: options.traceURL,
      isEmbedded: isEmbedded)
    return .page(
      document.markup, policy: PagePolicy.player(ancestors: isEmbedded ? options.embedders : nil))
  }

  /// The page of a session of which nothing has arrived yet: the browser loads it again until the player can start.
  private func waitingPage(_ location: SessionLocation, _ key: AccessKey, isEmbedded: Bool) -> Response {
    let name = "Session \(String("\(location.place.session)".prefix(8)))"
    let body: Markup = """
      <main class="narrow">
      <h1>\(name)</h1>
      <p>The first segment of this session has not arrived yet. This page shows it as soon as it is here.</p>
      <p><a href="/s">All sessions</a></p>
      </main>
      """
    var response = Response.page(
      shell.page(name, project: isEmbedded ? nil : key.project, canSignOut: false, body: body),
      policy: isEmbedded ? PagePolicy.player(ancestors: options.embedders) : PagePolicy.plain)
    response.headers[.refresh] = "2"
    return response
  }

  private func live(_ fields: FormFields, _ location: SessionLocation) async throws -> Response {
    guard let known = Int(fields["known"] ?? "0"), known >= 0 else {
      throw Refusal(400, "known is a count of segments")
    }
    let service = service
    return try Self.json(LiveAnswer(try await onDisk { try service.page(of: location) }, known: known), .ok)
  }

  /// The complete part of the segment that is being recorded, from a byte offset on.
  private func open(
    _ fields: FormFields, _ location: SessionLocation, _ key: AccessKey, _ context: ServerContext
  )
    async throws -> Response
  {
    guard let index = Int(fields["index"] ?? ""), (0..<SessionFolder.segmentLimit).contains(index),
      let from = Int(fields["from"] ?? "0"), from >= 0
    else { throw Refusal(400, "index is that of a segment, and from a count of bytes") }
    guard location.isLocal else { return Response(status: .noContent) }
    let found = try await onDisk { location.folder?.openSegmentBytes(index) }
    // It is sealed, or was not begun.
    guard let bytes = found else { return Response(status: .noContent) }
    if from == 0 { audit("read open segment \(index)", location.place.session, key, context) }
    return Response(
      status: .ok, headers: [.contentType: "application/vnd.scrim.segment"],
      body: try bodies.body(bytes.dropFirst(from)))
  }

  private func thumbnail(
    _ request: Request, _ location: SessionLocation, _ key: AccessKey, _ context: ServerContext
  ) async throws -> Response {
    guard let bytes = try await service.thumbnails.picture(of: location, by: service) else {
      throw Refusal(404, "there is no picture")
    }
    audit("read thumbnail", location.place.session, key, context)
    let tag = "\"\(SHA256.digest(bytes.span))\""
    let headers: HTTPFields = [
      .contentType: "image/jpeg", .cacheControl: "private, no-cache", .eTag: tag,
    ]
    if request.headers[.ifNoneMatch] == tag { return Response(status: .notModified, headers: headers) }
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  // MARK: Signing in

  /// The key of a cookie; it may read, never write or delete.
  func signedIn(_ request: Request) -> AccessKey? {
    guard request.method == .get || request.method == .head, let token = token(request) else { return nil }
    return signIns.find(token, now: signIns.now, among: options.keys)
  }

  private func token(_ request: Request) -> String? {
    for field in request.headers[values: .cookie] {
      for pair in field.split(separator: ";") {
        let pair = pair.trimmingCharacters(in: .whitespaces)
        if pair.hasPrefix(cookieName + "=") { return String(pair.dropFirst(cookieName.count + 1)) }
      }
    }
    return nil
  }

  private var isSecure: Bool { options.certificate != nil || options.isBehindProxy }
  /// Browsers accept a cookie with this prefix only over TLS, from this host itself.
  private var cookieName: String { isSecure ? "__Host-scrim" : "scrim" }

  private func cookie(_ token: String, seconds: Int) -> String {
    "\(cookieName)=\(token); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Lax"
      + (isSecure ? "; Secure" : "")
  }

  private func signIn(_ request: Request, _ context: ServerContext) async throws -> Response {
    guard let keys = options.keys else { return .seeOther("/s") }
    if request.method == .get || request.method == .head {
      return .page(shell.signIn(next: Self.next(FormFields(request.uri.query ?? "")), message: nil))
    }
    guard request.method == .post else { throw Refusal(405, "GET, HEAD, POST") }
    try limit("sign-in " + context.remote, request)
    let fields = FormFields(String(decoding: try await receive(request, limit: 8192), as: UTF8.self))
    let next = Self.next(fields)
    guard let key = fields["key"].flatMap({ keys.find($0.trimmingCharacters(in: .whitespacesAndNewlines)) }),
      key.role.mayRead
    else {
      return .page(
        shell.signIn(next: next, message: "This is no key that may read here."), .forbidden)
    }
    var generator = SystemRandomNumberGenerator()
    let token = signIns.begin(key, now: signIns.now, using: &generator)
    var response = Response.seeOther(next)
    response.headers[.setCookie] = cookie(token, seconds: SignIns.seconds)
    return response
  }

  private func signOut(_ request: Request) throws -> Response {
    guard request.method == .post else { throw Refusal(405, "POST") }
    if let token = token(request) { signIns.end(token) }
    var response = Response.seeOther("/sign-in")
    response.headers[.setCookie] = cookie("", seconds: 0)
    return response
  }

  /// The address after signing in: always a page of this server.
  private static func next(_ fields: FormFields) -> String {
    guard let next = fields["next"], next.utf8.count < 2000,
      next == "/s" || next.hasPrefix("/s/") || next.hasPrefix("/s?"),
      next.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C })
    else { return "/s" }
    return next
  }
}
