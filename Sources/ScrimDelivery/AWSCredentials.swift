import Glibc
import ScrimFormat
import ScrimJSON
import ScrimSystem
import Synchronization

/// The keys of a source: fetched at first use, and again five minutes before they expire.
final class AWSCredentials: Sendable {
  private struct Held {
    var keys: SigV4.Credentials
    /// Nanoseconds since 1970; nil if they don't expire.
    var ends: Int64?
  }

  private let source: AWSCredentialSource
  private let options: DestinationOptions
  /// Held while they are fetched, so that parallel transfers wait for one request.
  private let held = Mutex<Held?>(nil)
  private static let margin: Int64 = 300_000_000_000

  init(_ source: AWSCredentialSource, _ options: DestinationOptions) {
    self.source = source
    self.options = options
  }

  /// The present keys.
  ///
  /// - Throws: ``HTTPClient/Failure`` with the reason; later calls try again.
  func current() throws(HTTPClient.Failure) -> SigV4.Credentials {
    if case .stored(let keys) = source { return keys }
    let result: Result<SigV4.Credentials, HTTPClient.Failure> = held.withLock { held in
      let now = WallClock.now
      if let known = held, known.ends.map({ $0 - AWSCredentials.margin > now }) ?? true {
        return .success(known.keys)
      }
      do throws(HTTPClient.Failure) {
        let new = try fetch(source)
        held = new
        return .success(new.keys)
      } catch {
        // The old ones are valid for some minutes more.
        if let known = held, let ends = known.ends, ends > now { return .success(known.keys) }
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Whether ``current()`` can return other keys than the ones that a store refused: forgets them.
  func discard(_ refused: SigV4.Credentials) -> Bool {
    if case .stored = source { return false }
    held.withLock { if $0?.keys == refused { $0 = nil } }
    return true
  }

  private func fetch(_ source: AWSCredentialSource) throws(HTTPClient.Failure) -> Held {
    switch source {
    case .stored(let keys): return Held(keys: keys, ends: nil)
    case .process(let command): return try run(command)
    case .container(let url, let token): return try container(url, token)
    case .instance(let endpoint): return try instance(endpoint)
    case .role(let role): return try assume(role)
    }
  }

  private static func failure(_ what: String) -> HTTPClient.Failure {
    .unreachable("credentials for S3: \(what)")
  }

  /// Reads the JSON that processes, containers and instances answer; the session token has two names.
  static func read(_ bytes: [UInt8], from place: String) throws(HTTPClient.Failure) -> (
    keys: SigV4.Credentials, ends: Int64?
  ) {
    guard let json = try? JSON(bytes) else { throw failure("\(place) answered no JSON") }
    func text(_ key: String) -> String? {
      if case .string(let text)? = json[key] { text.nonEmpty } else { nil }
    }
    guard let access = text("AccessKeyId"), let secret = text("SecretAccessKey") else {
      throw failure("\(place) answered no keys" + (text("Message") ?? text("Code")).map { ": \($0)" }.orEmpty)
    }
    let keys = SigV4.Credentials(
      accessKey: access, secretKey: secret, sessionToken: text("SessionToken") ?? text("Token"))
    guard let expiration = text("Expiration") else { return (keys, nil) }
    guard let ends = RFC3339.nanoseconds(expiration) else {
      throw failure("\(place) answered an Expiration that is no time")
    }
    return (keys, ends)
  }

  private func held(_ bytes: [UInt8], from place: String) throws(HTTPClient.Failure) -> Held {
    let (keys, ends) = try AWSCredentials.read(bytes, from: place)
    return Held(keys: keys, ends: ends)
  }

  // MARK: Sources

  /// Runs the command of `credential_process`, at most a minute.
  private func run(_ command: String) throws(HTTPClient.Failure) -> Held {
    let quoted = command.replacing("'", with: "'\\''")
    // Both strings live as C strings until the call returns.
    guard let pipe = unsafe popen("exec timeout 60 /bin/sh -c '\(quoted)' </dev/null", "re") else {
      throw AWSCredentials.failure("credential_process can't be started: \(SystemCall.message(for: errno))")
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 20 {
      // Reads at most the array's count.
      let got = unsafe fread(&chunk, 1, chunk.count, pipe)
      guard got > 0 else { break }
      bytes += chunk[..<got]
    }
    // Closes the pipe and waits for the command, once.
    let status = unsafe pclose(pipe)
    guard status == 0 else {
      let code = status >> 8 & 0xFF
      throw AWSCredentials.failure(
        code == 124
          ? "credential_process took more than a minute"
          : "credential_process ended with \(code); try it: \(command)")
    }
    return try held(bytes, from: "credential_process")
  }

  /// A client that reaches addresses of this machine's network only: never through a proxy, and with a short wait.
  private func localClient() throws(HTTPClient.Failure) -> HTTPClient {
    var local = options
    local.ignoresProxies = true
    local.connectTimeout = 1000
    local.stallTimeout = 5000
    local.bytesPerSecond = nil
    do { return try HTTPClient(local) } catch { throw AWSCredentials.failure("\(error)") }
  }

  private func container(
    _ url: String, _ token: AWSCredentialSource.ContainerToken?
  ) throws(HTTPClient.Failure) -> Held {
    var headers: [(name: String, value: String)] = []
    switch token {
    case .text(let text): headers.append(("authorization", text))
    case .file(let path): headers.append(("authorization", try AWSCredentials.file(path)))
    case nil: break
    }
    guard headers.allSatisfy({ $0.value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }) else {
      throw AWSCredentials.failure("the container's token has characters that a header can't have")
    }
    let answer = try localClient().perform(
      HTTPClient.Request(method: "GET", url: url, headers: headers))
    guard answer.status == 200 else { throw AWSCredentials.failure("\(url) answered \(answer.status)") }
    return try held(answer.body, from: url)
  }

  private static func file(_ path: String) throws(HTTPClient.Failure) -> String {
    guard let text = SettingsFile.text(of: path) else { throw failure("\(path) can't be read") }
    return text.trimmingSpaceAndLines
  }

  /// A token first, as version 2 of the metadata service wants; then the role's name, then its keys.
  private func instance(_ endpoint: String) throws(HTTPClient.Failure) -> Held {
    let client = try localClient()
    let token = try client.perform(
      HTTPClient.Request(
        method: "PUT", url: endpoint + "/latest/api/token",
        headers: [("x-aws-ec2-metadata-token-ttl-seconds", "600")], body: []))
    guard token.status == 200, let text = String(validating: token.body, as: UTF8.self),
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { throw AWSCredentials.failure("the instance's metadata service answered \(token.status)") }
    func get(_ path: String) throws(HTTPClient.Failure) -> [UInt8] {
      let answer = try client.perform(
        HTTPClient.Request(
          method: "GET", url: endpoint + "/latest/meta-data/iam/security-credentials/" + path,
          headers: [("x-aws-ec2-metadata-token", text)]))
      guard answer.status == 200 else {
        throw AWSCredentials.failure(
          answer.status == 404
            ? "the instance has no role" : "the instance's metadata service answered \(answer.status)")
      }
      return answer.body
    }
    let names = String(decoding: try get(""), as: UTF8.self)
    guard let role = names.split(whereSeparator: \.isNewline).first?.trimmingSpace, !role.isEmpty else {
      throw AWSCredentials.failure("the instance has no role")
    }
    return try held(get(SigV4.encode(role, keepingSlash: false)), from: "the instance's metadata service")
  }

  /// AWS's token service: `AssumeRole`, signed, or `AssumeRoleWithWebIdentity` with a token.
  private func assume(_ role: AWSRole) throws(HTTPClient.Failure) -> Held {
    var form: [(name: String, value: String)] = [
      ("Version", "2011-06-15"), ("RoleArn", role.arn), ("RoleSessionName", role.sessionName),
      ("DurationSeconds", "\(role.seconds)"),
    ]
    if let external = role.externalID { form.append(("ExternalId", external)) }
    var signer: SigV4?
    switch role.proof {
    case .keys(let source):
      form.append(("Action", "AssumeRole"))
      signer = SigV4(credentials: try fetch(source).keys, region: role.region, service: "sts")
    case .token(let path):
      form.append(("Action", "AssumeRoleWithWebIdentity"))
      form.append(("WebIdentityToken", try AWSCredentials.file(path)))
    }
    let body = Array(SigV4.query(form).utf8)
    let host = String(role.endpoint.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" })
    var headers = [("content-type", "application/x-www-form-urlencoded")]
    if let signer {
      let date = SigV4.date(WallClock.now)
      headers.append(("x-amz-date", date))
      if let token = signer.credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
      let request = SigV4.Request(
        method: "POST", path: "/", query: "", headers: headers + [("host", host)],
        payload: SHA256.digest(body.span).description)
      headers.append(("authorization", signer.authorization(for: request, date: date)))
    }
    let client: HTTPClient
    do { client = try HTTPClient(options) } catch { throw AWSCredentials.failure("\(error)") }
    let answer = try client.perform(
      HTTPClient.Request(method: "POST", url: role.endpoint + "/", headers: headers, body: body))
    let text = String(decoding: answer.body, as: UTF8.self)
    guard answer.status == 200, let access = XML.first("AccessKeyId", in: text),
      let secret = XML.first("SecretAccessKey", in: text)
    else {
      throw AWSCredentials.failure(
        "\(role.arn) can't be assumed: \(XML.first("Message", in: text) ?? "\(answer.status)")")
    }
    return Held(
      keys: SigV4.Credentials(
        accessKey: access, secretKey: secret, sessionToken: XML.first("SessionToken", in: text)),
      ends: XML.first("Expiration", in: text).flatMap { RFC3339.nanoseconds($0) })
  }
}

extension String? {
  fileprivate var orEmpty: String { self ?? "" }
}

extension String {
  fileprivate var trimmingSpaceAndLines: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
