public import ScrimFormat

/// `manifest.json`: metadata of a session and the list of its sealed segments. Equal manifests are equal
/// bytes.
public struct SessionManifest: Hashable, Sendable {
  public enum State: String, Hashable, Sendable {
    /// Being written, or cut off: there may be one more segment, not sealed yet.
    case open
    /// Ended: the list of segments is complete.
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

    /// A segment that is sealed to a key: nothing else is known of it.
    init(envelope bytes: Int, digest: SHA256Digest) {
      self.init(bytes: bytes, digest: digest, width: 0, height: 0, frames: 0, events: 0, times: 0...0)
    }

    init(
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

  public var session: SessionID
  /// Nanoseconds since 1970-01-01T00:00:00Z; the session's clock counts from there.
  public var start: Int64
  /// Size in pixels at the start of the session; segments may differ.
  public var width: Int
  public var height: Int
  public var policy: SHA256Digest
  public var producer: String
  public var state: State
  public var segments: [Segment]
  public var about = SessionAbout()
  /// Nil unless the session is sealed to a public key. Then the manifest as stored says nothing of pictures, counts,
  /// times, policy or producer: those are 0, empty, or zeros.
  public var envelope: SessionEnvelope?

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

  /// The SHA-256 that the next segment's seal stores as that of the previous file.
  public var lastDigest: SHA256Digest { segments.last?.digest ?? .zero }

  func isSession(of header: SegmentHeader) -> Bool {
    session == header.session && start == header.start && policy == header.policy
      && producer == header.producer
  }
}
