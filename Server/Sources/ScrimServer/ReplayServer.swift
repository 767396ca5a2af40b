import Foundation
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ScrimDelivery
import ScrimExport
import ScrimFormat
import ScrimStore

/// The settings of a server.
public struct ServerOptions: Sendable {
  public var store: String
  public var address = "127.0.0.1"
  public var port = 9480
  /// The names by which it is reached, without ports; those of loopback are added if it listens there.
  public var hosts: Set<String> = []
  /// The keys; nil on a loopback address: every user of the machine may do everything in the project `default`.
  public var keys: AccessKeys?
  public var certificate: String?
  public var privateKey: String?
  public var isBehindProxy = false
  public var limits = ServerLimits()
  /// A file with one line per request; `-` is standard output, nil none.
  public var accessLog: String?
  /// Origins whose pages may show the player in a frame, such as `https://grafana.example.com`.
  public var embedders: [String] = []
  /// The address of a trace viewer, with `{trace_id}` in it.
  public var traceURL: String?
  /// For a bucket: a folder of this machine for the index and pictures, which no other server uses. Nil: one below
  /// the user's folder for caches.
  public var cache: String?
  /// For a bucket: seconds between two listings of new sessions.
  public var refreshSeconds = 5.0
  /// For a bucket: a profile of AWS's files; nil uses the environment's.
  public var profile: String?
  public var environment: [String: String] = ProcessInfo.processInfo.environment

  public init(store: String) { self.store = store }

  /// `http` or `https`, a name, and optionally a port: the form of an origin in a Content-Security-Policy.
  public static func isOrigin(_ text: String) -> Bool {
    text.wholeMatch(of: /https?:\/\/(?:[a-z0-9]|[a-z0-9][a-z0-9.-]*[a-z0-9]|\[[0-9a-f:]+\])(?::[0-9]{1,5})?/)
      != nil
  }

  /// Whether the address of a trace viewer is safe for links; the rule of `scrim export --trace-url`.
  public static func isTraceAddress(_ text: String) -> Bool { PageDescription.isTraceAddress(text) }

  /// A name or an address as in a `Host` header, without a port.
  public static func isHost(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9_](?:[A-Za-z0-9._-]*)|\[[0-9A-Fa-f:.]+\]/) != nil
  }

  /// The same with the path of the store's folder, if that is given as a URL.
  ///
  /// - Throws: ``ServerError`` for a URL that names neither a bucket nor a folder of this machine. As a path, `file://HOST`
  ///   would make a folder `file:` in the current one.
  func withPath() throws(ServerError) -> ServerOptions {
    guard !store.isEmpty else {
      throw ServerError(description: "--store takes a folder or s3://BUCKET/PREFIX")
    }
    guard !hasBucket, let scheme = store.firstRange(of: "://") else { return self }
    let rest = store[scheme.upperBound...]
    let path = rest.drop { $0 != "/" }
    guard store[..<scheme.lowerBound] == "file", path.count > 1,
      ["", "localhost"].contains(rest[..<path.startIndex])
    else {
      let advice = "give a folder, file:///DIR with three slashes, or s3://BUCKET/PREFIX"
      throw ServerError(description: "\(store): names no folder of this machine and no bucket; \(advice)")
    }
    var options = self
    options.store = String(path)
    return options
  }

  public var hasBucket: Bool { store.hasPrefix("s3://") }
  public var isLoopback: Bool { address == "127.0.0.1" || address == "::1" || address == "localhost" }
}

/// The reason why a server doesn't start.
public struct ServerError: Error, CustomStringConvertible {
  public var description: String
}

/// The receiving side of delivery, over HTTP.
public struct ReplayServer {
  private let options: ServerOptions
  private let service: ReplayService
  private let responder: Responder
  private let cache: CacheFolder?
  private let bucketLog: BucketAuditLog?
  /// Whether the last server over this folder was killed, or lost power.
  private let wasOpen: Bool

  /// - Throws: ``ServerError`` if it would listen on the network without keys or without TLS, or if the store's address
  ///   names none.
  public init(_ given: ServerOptions) throws {
    var options = try given.withPath()
    if options.isLoopback {
      options.hosts.formUnion(["localhost", "127.0.0.1", "[::1]"])
    } else {
      guard options.keys != nil else {
        throw ServerError(
          description: "\(options.address) can be reached from other machines: give --keys FILE")
      }
      guard options.certificate != nil || options.isBehindProxy else {
        throw ServerError(
          description:
            "\(options.address) can be reached from other machines: give --tls CERT KEY, or --behind-proxy")
      }
      guard !options.hosts.isEmpty else {
        throw ServerError(description: "the server's name is missing: give --host NAME")
      }
    }
    options.hosts = Set(options.hosts.map { $0.lowercased() })
    let auditLog: any AuditLog
    let signIns: SignIns
    if options.hasBucket {
      let cache = try CacheFolder(options)
      self.cache = cache
      let bucket = try ReplayServer.bucket(options)
      let report = { @Sendable (words: String) in
        FileHandle.standardError.write(Data("scrim-server: \(words)\n".utf8))
      }
      let index = try SessionIndex.open(path: ReplayServer.indexPath(cache.path), isDoubtful: true)
      service = ReplayService(
        bucket: bucket, index: index, cache: cache.path, interval: options.refreshSeconds, report: report)
      let log = try BucketAuditLog(store: bucket, folder: cache.path + "/audit", report: report)
      bucketLog = log
      wasOpen = false
      auditLog = log
      signIns = SignIns(secret: try bucket.secret())
    } else {
      try FileManager.default.createDirectory(
        atPath: options.store, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      cache = nil
      bucketLog = nil
      signIns = SignIns()
      wasOpen = FileManager.default.fileExists(atPath: ReplayServer.openMark(options.store))
      service = ReplayService(
        store: SessionStore(path: options.store),
        index: try SessionIndex.open(path: ReplayServer.indexPath(options.store), isDoubtful: wasOpen))
      auditLog = try LineLog(path: options.store + "/" + SessionStore.auditFile)
    }
    self.options = options
    let disk = NIOThreadPool(numberOfThreads: 16)
    disk.start()
    responder = Responder(
      service: service, options: options, limiter: RateLimiter(options.limits),
      budget: BodyBudget(options.limits.bytesInFlight),
      accessLog: try options.accessLog.map { try LineLog(path: $0 == "-" ? nil : $0) },
      auditLog: auditLog, disk: disk, signIns: signIns,
      bodies: AnswerBodies(disk: disk, budget: BodyBudget(options.limits.answerBytes)))
  }

  private static func bucket(_ options: ServerOptions) throws -> BucketStore {
    do {
      return try BucketStore(
        address: options.store, profile: options.profile, environment: options.environment)
    } catch { throw ServerError(description: "\(error)") }
  }

  /// Deletes the index and rebuilds it from the store.
  ///
  /// - Returns: the number of sessions.
  public static func reindex(_ given: ServerOptions) throws -> Int {
    let options = try given.withPath()
    guard options.hasBucket else {
      return try SessionIndex.open(path: indexPath(options.store), isDoubtful: true).rebuild(
        from: SessionStore(path: options.store), fromNothing: true)
    }
    let cache = try CacheFolder(options)
    let index = try SessionIndex.open(path: indexPath(cache.path), isDoubtful: true)
    try index.removeAll()
    let watch = BucketWatch(store: try bucket(options), index: index, forget: { _ in })
    try watch.refresh(everything: true)
    while try watch.readEvents(limit: 1000) > 0 {}
    return try index.count()
  }

  public static func indexPath(_ store: String) -> String { store + "/.index/sessions.sqlite" }
  /// A file that is there while the index is open.
  private static func openMark(_ store: String) -> String { store + "/.index/open" }

  /// The application, which tests call without a network.
  public func application() throws -> some ApplicationProtocol {
    let limits = options.limits
    let http = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [
          DeadlineHandler(
            headerSeconds: limits.headerSeconds, bodySeconds: limits.bodySeconds,
            answerSeconds: limits.answerSeconds)
        ],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
    var server = http
    if let certificate = options.certificate, let key = options.privateKey {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate).map {
        NIOSSLCertificateSource.certificate($0)
      }
      let tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
      server = try .tls(http, tlsConfiguration: tls)
    }
    var logger = Logger(label: "scrim-server")
    logger.logLevel = .warning
    return Application(
      responder: responder, server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(options.address, port: options.port), serverName: "scrim",
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      onServerRunning: { channel in
        let port = channel.localAddress?.port ?? 0
        FileHandle.standardError.write(Data("scrim-server: listening on port \(port)\n".utf8))
      }, logger: logger)
  }

  /// Serves until SIGTERM or SIGINT, then finishes open requests. An index that was not closed is compared with the
  /// store while the server runs.
  public func run() async throws {
    let evaluator = SessionEvaluator(service) { words in
      FileHandle.standardError.write(Data("scrim-server: \(words)\n".utf8))
    }
    Thread.detachNewThread { evaluator.run() }
    defer { evaluator.stop() }
    if let watch = service.watch, let bucketLog {
      let isOver = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        watch.run { bucketLog.flush() }
        isOver.signal()
      }
      try await application().runService()
      watch.stop()
      isOver.wait()
      return bucketLog.flush()
    }
    let mark = ReplayServer.openMark(options.store)
    let store = SessionStore(path: options.store)
    try store.removeLeftovers()
    let isEmpty = try service.index.count() == 0
    _ = FileManager.default.createFile(atPath: mark, contents: nil)
    // After a power failure the mark is there, or nothing that was written since.
    for path in [mark, options.store + "/.index", options.store] { SessionIndex.syncToDisk(path) }
    if wasOpen || isEmpty {
      let service = service
      Thread.detachNewThread {
        do {
          try service.index.rebuild(from: store, fromNothing: false)
          try service.refresh()
          service.thumbnails.removeOrphans { project, session in
            guard let session = SessionID(session) else { return false }
            return ((try? service.index.place(session, project: project)) ?? nil) != nil
          }
        } catch {
          FileHandle.standardError.write(Data("scrim-server: the index is not complete: \(error)\n".utf8))
        }
      }
    }
    try await application().runService()
    SessionIndex.sync(path: ReplayServer.indexPath(options.store))
    try? FileManager.default.removeItem(atPath: mark)
  }
}
