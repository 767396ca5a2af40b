package import ScrimStore

/// A place to which sealed segments are delivered. A call is one attempt: it blocks until there is an
/// answer, and the caller decides about retries (``RetryPolicy``). Calls may be made in any order, in
/// parallel, and repeatedly: a second call with the same bytes changes nothing.
package protocol Destination: Sendable {
  /// The address as the user gave it; it contains no secret.
  var address: String { get }
  func put(_ segment: SealedFile) -> DeliveryAnswer
  /// - Parameter bytes: the manifest's file, which is delivered as it is.
  func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer
  /// Ends pending and later calls with ``DeliveryAnswer/cancelled``.
  func cancel()
}

/// Why a destination can't be used.
public struct DestinationError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    /// The request is contradictory.
    case usage
    /// The machine lacks a requirement.
    case environment
  }

  public var fault: Fault
  public var description: String

  init(_ fault: Fault, _ description: String) {
    self.fault = fault
    self.description = description
  }
}

/// Options of a destination besides its address.
public struct DestinationOptions: Hashable, Sendable {
  /// Sent as `Authorization: Bearer`; HTTP only.
  public var key: String?
  /// The part of the store for the sessions; folders and S3 only. A server derives it from the key.
  public var project = "default"
  /// Certificates to trust instead of the system's.
  public var certificates: String?
  /// Maximum bytes per second of all transfers together; nil for no limit.
  public var bytesPerSecond: Int?
  /// Number of parallel transfers, which share the limit.
  public var inFlight = 4
  /// A profile of AWS's files; nil uses the environment's.
  public var profile: String?
  /// Milliseconds to make a connection, and without a byte in either direction.
  public var connectTimeout = 15_000
  public var stallTimeout = 60_000
  /// Whether to connect directly, whatever proxies the environment names.
  var ignoresProxies = false

  public init() {}
}

/// Opens the destination at an address: `https://…`, `http://…`, `s3://BUCKET/PREFIX`, `file:///…` or a
/// folder.
package func openDestination(
  _ address: String, _ options: DestinationOptions, environment: [String: String]
) throws(DestinationError) -> any Destination {
  guard StoreLayout.isProject(options.project) else {
    throw DestinationError(
      .usage, "project \(options.project): use lower-case letters, digits, - and _, at most 64 of them")
  }
  if address.hasPrefix("http://") || address.hasPrefix("https://") {
    return try HTTPDestination(address, options)
  }
  if address.hasPrefix("s3://") { return try S3Destination(address, options, environment: environment) }
  if let path = try folder(ofFileURL: address) {
    return FolderDestination(path: path, project: options.project)
  }
  guard !address.contains("://") else {
    throw DestinationError(
      .usage, "\(address): give a URL with https://, http://, s3:// or file://, or a folder")
  }
  return FolderDestination(path: address, project: options.project)
}

/// The folder that a `file://` URL names; nil for any other address.
///
/// - Throws: ``DestinationError`` if the URL names a host, as `file://DIR` with two slashes does, or no folder.
package func folder(ofFileURL address: String) throws(DestinationError) -> String? {
  let scheme = "file://"
  guard address.hasPrefix(scheme) else { return nil }
  let rest = address.dropFirst(scheme.count)
  let host = rest.prefix { $0 != "/" }
  let path = rest.dropFirst(host.count)
  guard host.isEmpty || host == "localhost", path.count > 1 else {
    throw DestinationError(
      .usage, "\(address): names no folder of this machine; give file:///DIR, with three slashes, or a folder"
    )
  }
  return String(path)
}
