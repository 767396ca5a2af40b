public import ScrimStore

/// A place that sealed segments are delivered to. A call is one attempt: it blocks until there is an answer, and trying again
/// is the caller's (``RetryPolicy``). Calls may come in any order, at the same time, and again: the second call for the same
/// bytes changes nothing.
public protocol Destination: Sendable {
  /// The address as people gave it; no secret is in it.
  var address: String { get }
  func put(_ segment: SealedFile) -> DeliveryAnswer
  /// - Parameter bytes: the manifest's file, which is delivered as it is.
  func put(manifest bytes: [UInt8], _ manifest: SessionManifest) -> DeliveryAnswer
  /// Ends calls that wait for an answer, and those that come later, with ``DeliveryAnswer/cancelled``.
  func cancel()
}

/// Why a destination can't be used.
public struct DestinationError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    /// What was asked for makes no sense.
    case usage
    /// The machine lacks something.
    case environment
  }

  public var fault: Fault
  public var description: String

  init(_ fault: Fault, _ description: String) {
    self.fault = fault
    self.description = description
  }
}

/// What a destination needs besides its address.
public struct DestinationOptions: Hashable, Sendable {
  /// Sent as `Authorization: Bearer`; of HTTP only.
  public var key: String?
  /// The part of the store that sessions go to; of folders and S3. A server knows it from the key.
  public var project = "default"
  /// Certificates to trust instead of the system's.
  public var certificates: String?
  /// Bytes a second that all transfers together may send; nil for no limit.
  public var bytesPerSecond: Int?
  /// Transfers at the same time, which share the limit.
  public var inFlight = 4
  /// A profile of AWS's files; nil takes the environment's.
  public var profile: String?
  /// Milliseconds for making a connection, and without a byte either way.
  public var connectTimeout = 15_000
  public var stallTimeout = 60_000

  public init() {}
}

/// Opens the destination that an address names: `https://…`, `http://…`, `s3://BUCKET/PREFIX`, `file:///…` or a folder.
public func openDestination(
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
  if address.hasPrefix("file://") {
    return FolderDestination(path: String(address.dropFirst(7)), project: options.project)
  }
  guard !address.contains("://") else {
    throw DestinationError(
      .usage, "\(address): an address begins with https://, http://, s3:// or file://, or is a folder")
  }
  return FolderDestination(path: address, project: options.project)
}
