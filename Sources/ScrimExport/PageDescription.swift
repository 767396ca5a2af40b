import FoundationEssentials
import ScrimFormat
public import ScrimPlayer
public import ScrimStore

/// The data of a session that a page has before it reads a segment: the JSON of its element `scrim-session`. Times
/// are nanoseconds.
public struct PageDescription: Encodable, Sendable {
  struct Session: Encodable, Sendable {
    var id: String
    var started: String
    var policy: String
    var producer: String
    var state: String
    /// Frames and events that the recorder lost, as the manifest lists them.
    var droppedFrames: Int
    var droppedEvents: Int
  }

  /// A segment in the page's list.
  public struct Segment: Encodable, Sendable {
    var first: Int64
    var last: Int64
    var width: Int
    var height: Int
    var frames: Int
    var bytes: Int
    /// Nil while the segment is being recorded.
    var sha256: String?

    public init(_ entry: SessionManifest.Segment) {
      first = entry.times.lowerBound
      last = entry.times.upperBound
      width = entry.width
      height = entry.height
      frames = entry.frames
      bytes = entry.bytes
      sha256 = entry.digest.description
    }

    /// The complete part of the segment that is being recorded.
    public init(_ open: OpenSegment) {
      let segment = open.segment
      let times = segment.frames.map(\.time) + segment.events.map(\.time)
      first = times.min() ?? 0
      last = times.max() ?? 0
      width = segment.header.width
      height = segment.header.height
      frames = segment.frames.count
      bytes = open.bytes
    }

    private enum CodingKeys: String, CodingKey {
      case first, last, width, height, frames, bytes, sha256
    }

    public func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(first, forKey: .first)
      try values.encode(last, forKey: .last)
      try values.encode(width, forKey: .width)
      try values.encode(height, forKey: .height)
      try values.encode(frames, forKey: .frames)
      try values.encode(bytes, forKey: .bytes)
      // Null, as the page compares it.
      try values.encode(sha256, forKey: .sha256)
    }
  }

  /// The addresses on a server from which a page loads its parts.
  public struct Server: Encodable, Sendable {
    /// The segments' addresses without their eight digits.
    public var segments: String
    public var worker: String
    /// The address of the segments that were added since the page was made, and of the complete part of the open
    /// one.
    public var live: String
    public var open: String
    /// The interval in milliseconds at which the page asks for more.
    public var interval: Int
    /// Whether the session is being recorded.
    public var isRecording: Bool
    /// Whether the page is embedded in another.
    public var isEmbedded: Bool

    public init(
      segments: String, worker: String, live: String, open: String, interval: Int, isRecording: Bool,
      isEmbedded: Bool
    ) {
      self.segments = segments
      self.worker = worker
      self.live = live
      self.open = open
      self.interval = interval
      self.isRecording = isRecording
      self.isEmbedded = isEmbedded
    }
  }

  var session: Session
  var segments: [Segment]
  var range: [Int]
  /// The address of a trace viewer, with `{trace_id}` in it.
  public var traceURL: String?
  public var title: String?
  /// Rage clicks, dead clicks and frozen screens; nil if they are unknown.
  public var findings: [Finding]?
  /// Nil for a page that contains its segments.
  public var server: Server?

  /// - Parameters:
  /// - range: the sealed segments of the page; all by default.
  /// - open: the segment that is being recorded, which follows them.
  public init(_ manifest: SessionManifest, range: Range<Int>? = nil, open: OpenSegment? = nil) {
    session = Session(
      id: manifest.session.description, started: RFC3339.string(manifest.start),
      policy: manifest.policy.description, producer: manifest.producer, state: manifest.state.rawValue,
      droppedFrames: manifest.about.droppedFrames, droppedEvents: manifest.about.droppedEvents)
    segments = manifest.segments.map(Segment.init)
    if let open { segments.append(Segment(open)) }
    let range = range ?? segments.indices
    self.range = [range.lowerBound, range.upperBound]
  }

  /// Whether the address of a trace viewer is safe for links: a scheme that runs no code, a host that a recorded id
  /// can't change, and `{trace_id}` after it.
  public static func isTraceAddress(_ text: String) -> Bool {
    let lower = text.lowercased()
    guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix),
      // Characters that browsers ignore, such as tabs, must not hide anything.
      text.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" })
    else { return false }
    let rest = text.dropFirst(scheme.count)
    let host = rest.prefix { !"/?#".contains($0) }
    return !host.isEmpty && !host.contains("@") && !host.contains("{")
      && rest.dropFirst(host.count).contains("{trace_id}")
  }

  /// `<` is escaped, so that no text can end the element.
  public var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(self), as: UTF8.self).replacing("<", with: "\\u003c")
    } catch {
      preconditionFailure("strings and integers can be encoded")
    }
  }
}
