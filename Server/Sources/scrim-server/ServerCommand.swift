import ArgumentParser
import Foundation
import ScrimServer
import ScrimStore

@main
struct ServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrim-server",
    abstract:
      "Receives sessions that scrim delivers, stores and indexes them, and shows them in a browser.",
    subcommands: [Serve.self, Reindex.self, NewKey.self], defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Serve a store.")

  @Option(
    help: ArgumentHelp(
      "The folder of the sessions, which is created if it is missing, file:///DIR, or s3://BUCKET/PREFIX.",
      valueName: "dir|s3-url"))
  var store: String

  @OptionGroup var bucket: BucketArguments

  @Option(
    help: ArgumentHelp("The address to listen on; 127.0.0.1:9480 by default.", valueName: "address:port"))
  var listen = "127.0.0.1:9480"

  @Option(help: ArgumentHelp("A name by which the server is reached; may be repeated.", valueName: "name"))
  var host: [String] = []

  @Option(help: ArgumentHelp("The keys: lines ROLE PROJECT NAME SHA256 (see new-key).", valueName: "file"))
  var keys: String?

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("A certificate and its key, PEM.", valueName: "cert key"))
  var tls: [String] = []

  @Flag(help: "A proxy in front of the server provides TLS.")
  var behindProxy = false

  @Option(help: ArgumentHelp("A file for one line per request; - is standard output.", valueName: "file"))
  var accessLog: String?

  @Option(
    help: ArgumentHelp(
      "An origin whose pages may show the player in a frame, such as https://grafana.example.com; may be repeated.",
      valueName: "origin"))
  var embed: [String] = []

  @Option(help: ArgumentHelp("The address of a trace viewer, with {trace_id} in it.", valueName: "url"))
  var traceURL: String?

  @Option(help: ArgumentHelp("The maximum size of a segment in megabytes.", valueName: "mb"))
  var maxSegmentMegabytes = 64

  @Option(help: ArgumentHelp("The maximum of requests per second for one key.", valueName: "n"))
  var rate = 200.0

  @Option(
    help: ArgumentHelp("The maximum of megabytes per day for one key; no limit by default.", valueName: "mb"))
  var dayMegabytes: Int?

  @Option(help: ArgumentHelp("Seconds for a request's header, and for its body.", valueName: "s"))
  var headerSeconds = 20
  @Option(help: .hidden)
  var bodySeconds = 120
  @Option(help: .hidden)
  var answerSeconds = 30

  func validate() throws {
    guard tls.isEmpty || tls.count == 2 else {
      throw ValidationError("--tls takes a certificate and its key")
    }
    for origin in embed where !ServerOptions.isOrigin(origin) {
      throw ValidationError("--embed takes an origin, as https://grafana.example.com: \(origin)")
    }
    if let traceURL, !ServerOptions.isTraceAddress(traceURL) {
      throw ValidationError(
        "--trace-url takes an address of http or https with {trace_id} behind its host, such as https://traces.example/{trace_id}"
      )
    }
    for name in host where !ServerOptions.isHost(name) {
      throw ValidationError("--host takes a name without scheme and port, as replay.example.com: \(name)")
    }
    try Serve.check("--max-segment-megabytes", maxSegmentMegabytes, 1...1024)
    try Serve.check("--rate", rate, 0.01...1_000_000)
    if let dayMegabytes { try Serve.check("--day-megabytes", dayMegabytes, 1...1_000_000_000) }
    try Serve.check("--header-seconds", headerSeconds, 1...86_400)
    try Serve.check("--body-seconds", bodySeconds, 1...86_400)
    try Serve.check("--answer-seconds", answerSeconds, 1...86_400)
    _ = try address()
  }

  private static func check<Value>(_ name: String, _ value: Value, _ range: ClosedRange<Value>) throws {
    guard range.contains(value) else {
      throw ValidationError("\(name) takes \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// The two parts of `--listen`.
  private func address() throws -> (name: String, port: Int) {
    guard let colon = listen.lastIndex(of: ":"), colon > listen.startIndex,
      let port = UInt16(listen[listen.index(after: colon)...]),
      listen[listen.index(after: colon)...].allSatisfy(\.isNumber)
    else { throw ValidationError("--listen takes ADDRESS:PORT") }
    return (
      String(listen[..<colon]).trimmingCharacters(in: CharacterSet(charactersIn: "[]")), Int(port)
    )
  }

  func run() async throws {
    var options = bucket.options(store)
    (options.address, options.port) = try address()
    options.hosts = Set(host)
    if let keys {
      guard let bytes = FileManager.default.contents(atPath: keys) else {
        throw ValidationError("--keys \(keys): the file can't be read")
      }
      do { options.keys = try AccessKeys(text: String(decoding: bytes, as: UTF8.self)) } catch {
        throw ValidationError("--keys \(keys): \(error)")
      }
    }
    options.certificate = tls.first
    options.privateKey = tls.last
    options.isBehindProxy = behindProxy
    options.accessLog = accessLog
    options.embedders = embed
    options.traceURL = traceURL
    options.limits.segmentBytes = maxSegmentMegabytes << 20
    options.limits.requestsPerSecond = rate
    options.limits.burst = max(1, rate * 2)
    options.limits.bytesPerDay = dayMegabytes.map { $0 << 20 }
    options.limits.headerSeconds = headerSeconds
    options.limits.bodySeconds = bodySeconds
    options.limits.answerSeconds = answerSeconds
    let server: ReplayServer
    do { server = try ReplayServer(options) } catch let error as ServerError {
      throw ValidationError("\(error)")
    }
    try await server.run()
  }
}

/// Options for a store that is a bucket.
struct BucketArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "For a bucket: a folder of this machine for the index and pictures, for this server alone.",
      valueName: "dir"))
  var cache: String?

  @Option(help: ArgumentHelp("For a bucket: a profile of ~/.aws.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("For a bucket: seconds between two listings of new sessions.", valueName: "s"))
  var refreshSeconds = 5.0

  func validate() throws {
    guard refreshSeconds >= 0.2, refreshSeconds <= 3600 else {
      throw ValidationError("--refresh-seconds takes 0.2 to 3600")
    }
  }

  func options(_ store: String) -> ServerOptions {
    var options = ServerOptions(store: store)
    options.cache = cache
    options.profile = profile
    options.refreshSeconds = refreshSeconds
    return options
  }
}

struct Reindex: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete the index and rebuild it from the store.")

  @Option(help: ArgumentHelp("The store.", valueName: "dir|s3-url"))
  var store: String

  @OptionGroup var bucket: BucketArguments

  func run() throws {
    let count: Int
    do { count = try ReplayServer.reindex(bucket.options(store)) } catch let error as ServerError {
      throw ValidationError("\(error)")
    }
    print("\(count) sessions are indexed")
  }
}

struct NewKey: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Make a key: it is printed to standard output, and the line for the server's file to standard error.")

  @Option(help: "writer, reader or admin.")
  var role: String
  @Option(help: "The project whose sessions the key can access.")
  var project = "default"
  @Option(help: "The name of the key in logs.")
  var name: String

  func run() throws {
    guard let role = AccessRole(rawValue: role) else {
      throw ValidationError("--role is writer, reader or admin")
    }
    guard StoreLayout.isProject(project), StoreLayout.isProject(name) else {
      throw ValidationError("names are lower-case letters, digits, - and _")
    }
    var generator = SystemRandomNumberGenerator()
    let (key, line) = AccessKeys.make(role, project: project, name: name, using: &generator)
    print(key)
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }
}
