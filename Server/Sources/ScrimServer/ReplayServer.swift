import Foundation
public import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
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

  public init(store: String) { self.store = store }

  /// `http` or `https`, a name, and optionally a port: the form of an origin in a Content-Security-Policy.
  public static func isOrigin(_ text: String) -> Bool {
    text.wholeMatch(of: /https?:\/\/(?:[a-z0-9]|[a-z0-9][a-z0-9.-]*[a-z0-9]|\[[0-9a-f:]+\])(?::[0-9]{1,5})?/)
      != nil
  }

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

  /// - Throws: ``ServerError`` if it would listen on the network without keys or without TLS.
  public init(_ given: ServerOptions) throws {
    var options = given
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
    self.options = options
    try FileManager.default.createDirectory(
      atPath: options.store, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let service = ReplayService(
      store: SessionStore(path: options.store),
      index: try SessionIndex(path: ReplayServer.indexPath(options.store)))
    self.service = service
    let disk = NIOThreadPool(numberOfThreads: 16)
    disk.start()
    responder = Responder(
      service: service, options: options, limiter: RateLimiter(options.limits),
      budget: BodyBudget(options.limits.bytesInFlight),
      accessLog: try options.accessLog.map { try LineLog(path: $0 == "-" ? nil : $0) },
      auditLog: try LineLog(path: options.store + "/audit.jsonl"), disk: disk,
      thumbnails: ThumbnailCache(store: service.store))
  }

  public static func indexPath(_ store: String) -> String { store + "/.index/sessions.sqlite" }

  /// The application, which tests call without a network.
  public func application() throws -> some ApplicationProtocol {
    let limits = options.limits
    let http = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [
          DeadlineHandler(headerSeconds: limits.headerSeconds, bodySeconds: limits.bodySeconds)
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
    let mark = options.store + "/.index/open"
    let wasOpen = FileManager.default.fileExists(atPath: mark)
    try service.store.removeLeftovers()
    let isEmpty = try service.index.count() == 0
    _ = FileManager.default.createFile(atPath: mark, contents: nil)
    let thumbnails = responder.thumbnails
    if wasOpen || isEmpty {
      let service = service
      Thread.detachNewThread {
        do {
          try service.index.rebuild(from: service.store, fromNothing: false)
          try service.recordings.refresh()
          thumbnails.removeOrphans { project, session in
            guard let session = SessionID(session) else { return false }
            return ((try? service.index.place(session, project: project)) ?? nil) != nil
          }
        } catch {
          FileHandle.standardError.write(Data("scrim-server: the index is not complete: \(error)\n".utf8))
        }
      }
    }
    try await application().runService()
    try? FileManager.default.removeItem(atPath: mark)
  }
}
