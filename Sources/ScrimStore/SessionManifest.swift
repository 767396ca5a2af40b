import FoundationEssentials
public import ScrimFormat

/// `manifest.json`: what a session is and which sealed segments it has. Equal manifests are equal bytes.
public struct SessionManifest: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, Codable {
    /// Being written, or cut off: there may be one more segment, not sealed yet.
    case open
    /// Ended: the segments listed are all.
    case sealed
  }

  /// A sealed segment; its place in the list is its index.
  public struct Segment: Hashable, Sendable {
    /// Bytes of the whole file, and their SHA-256.
    public var bytes: Int
    public var digest: SHA256Digest
    /// Pixels.
    public var width: Int
    public var height: Int
    public var frames: Int
    public var events: Int
    /// The smallest and the largest time of any frame or event, in nanoseconds on the session's clock.
    public var times: ClosedRange<Int64>

    init(header: SegmentHeader, seal: Seal, size: Int, digest: SHA256Digest) {
      bytes = size
      self.digest = digest
      width = header.width
      height = header.height
      frames = seal.summary.frames
      events = seal.summary.events
      times = seal.summary.times ?? 0...0
    }
  }

  public var session: SessionID
  /// Nanoseconds since 1970-01-01T00:00:00Z; the session's clock counts from there.
  public var start: Int64
  /// Pixels, as the session began; segments may differ.
  public var width: Int
  public var height: Int
  public var policy: SHA256Digest
  public var producer: String
  public var state: State
  public var segments: [Segment]

  /// The manifest of a session that has no segment yet.
  public init(header: SegmentHeader) {
    session = header.session
    start = header.start
    width = header.width
    height = header.height
    policy = header.policy
    producer = header.producer
    state = .open
    segments = []
  }

  /// The SHA-256 that the next segment's seal names as the one before it.
  public var lastDigest: SHA256Digest { segments.last?.digest ?? .zero }

  func isSession(of header: SegmentHeader) -> Bool {
    session == header.session && start == header.start && policy == header.policy
      && producer == header.producer
  }
}

extension SessionManifest {
  /// UTF-8, keys sorted, times in milliseconds with as many decimals as they take, a line feed at the end.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(Document(self))) + [0x0A]
    } catch {
      preconditionFailure("strings, integers and finite decimals can be encoded")
    }
  }

  /// Reads a manifest; keys that it doesn't know are passed over.
  ///
  /// - Throws: ``StoreError`` that names `path` where anything is missing, of a wrong type or out of order.
  public init(json: [UInt8], path: String) throws(StoreError) {
    let document: Document
    do {
      document = try JSONDecoder().decode(Document.self, from: Data(json))
    } catch let error as DecodingError {
      throw StoreError(path, .badManifest(error.sentence))
    } catch {
      throw StoreError(path, .badManifest("the manifest is not JSON"))
    }
    func valid<Value>(_ value: Value?, _ field: String) throws(StoreError) -> Value {
      guard let value else { throw StoreError(path, .badManifest("\(field) has no valid value")) }
      return value
    }
    guard document.format == Document.format else {
      throw StoreError(
        path, .badManifest("the manifest is of the format \(document.format), not \(Document.format)"))
    }
    session = try valid(SessionID(document.id), "id")
    start = try valid(RFC3339.nanoseconds(document.startedAt), "started_at")
    width = document.width
    height = document.height
    policy = try valid(SHA256Digest(hex: document.policy), "policy_sha256")
    producer = document.producer
    state = document.state
    segments = []
    segments.reserveCapacity(document.segments.count)
    for (place, entry) in document.segments.enumerated() {
      let name = "segment \(place)"
      guard entry.index == place else {
        throw StoreError(
          path, .badManifest("\(name) of the list has index \(entry.index): a segment is missing"))
      }
      guard entry.file == SessionFolder.segmentFile(place) else {
        throw StoreError(
          path, .badManifest("\(name) is not the file \(SessionFolder.segmentFile(place))"))
      }
      let first = try valid(entry.firstTime.nanoseconds, "first_t_ms of \(name)")
      let last = try valid(entry.lastTime.nanoseconds, "last_t_ms of \(name)")
      guard first <= last else {
        throw StoreError(path, .badManifest("\(name) ends before it starts"))
      }
      segments.append(
        Segment(
          bytes: entry.bytes, digest: try valid(SHA256Digest(hex: entry.sha256), "sha256 of \(name)"),
          width: entry.width, height: entry.height, frames: entry.frames, events: entry.events,
          times: first...last))
    }
  }
}

extension SessionManifest.Segment {
  fileprivate init(
    bytes: Int, digest: SHA256Digest, width: Int, height: Int, frames: Int, events: Int,
    times: ClosedRange<Int64>
  ) {
    self.bytes = bytes
    self.digest = digest
    self.width = width
    self.height = height
    self.frames = frames
    self.events = events
    self.times = times
  }
}

/// The manifest as JSON spells it.
private struct Document: Codable {
  static let format = "scrim-session/1"

  struct Segment: Codable {
    var index: Int
    var file: String
    var bytes: Int
    var sha256: String
    var width: Int
    var height: Int
    var frames: Int
    var events: Int
    var firstTime: Decimal
    var lastTime: Decimal

    enum CodingKeys: String, CodingKey {
      case index, file, bytes, sha256, width, height, frames, events
      case firstTime = "first_t_ms"
      case lastTime = "last_t_ms"
    }
  }

  var format: String
  var id: String
  var startedAt: String
  var width: Int
  var height: Int
  var policy: String
  var producer: String
  var state: SessionManifest.State
  var segments: [Segment]

  enum CodingKeys: String, CodingKey {
    case format, id, width, height, producer, state, segments
    case startedAt = "started_at"
    case policy = "policy_sha256"
  }

  init(_ manifest: SessionManifest) {
    format = Document.format
    id = manifest.session.description
    startedAt = RFC3339.string(manifest.start)
    width = manifest.width
    height = manifest.height
    policy = manifest.policy.description
    producer = manifest.producer
    state = manifest.state
    segments = manifest.segments.enumerated().map { index, segment in
      Segment(
        index: index, file: SessionFolder.segmentFile(index), bytes: segment.bytes,
        sha256: segment.digest.description, width: segment.width, height: segment.height,
        frames: segment.frames, events: segment.events,
        firstTime: Decimal(milliseconds: segment.times.lowerBound),
        lastTime: Decimal(milliseconds: segment.times.upperBound))
    }
  }
}

extension Decimal {
  /// Nanoseconds as milliseconds, exactly.
  fileprivate init(milliseconds nanoseconds: Int64) {
    self = Decimal(nanoseconds) / 1_000_000
  }

  /// Milliseconds as nanoseconds; nil if they aren't whole, or too many.
  fileprivate var nanoseconds: Int64? {
    guard isFinite, let value = Int64((self * 1_000_000).description),
      value.magnitude <= FormatLimits.time.magnitude
    else { return nil }
    return value
  }
}

extension DecodingError {
  fileprivate var sentence: String {
    switch self {
    case .keyNotFound(let key, let context): "\(key.stringValue) is missing\(context.place)"
    case .typeMismatch(_, let context): "a value has the wrong type\(context.place)"
    case .valueNotFound(_, let context): "a value is null\(context.place)"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty ? "the manifest is not JSON" : "a value can't be read\(context.place)"
    @unknown default: "the manifest can't be read"
    }
  }
}

extension DecodingError.Context {
  fileprivate var place: String {
    codingPath.isEmpty
      ? "" : " at " + codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }
}
