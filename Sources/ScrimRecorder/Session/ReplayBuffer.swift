import ScrimFormat

/// The last seconds of a session in memory: whole segments, each of which begins with a keyframe.
///
/// It holds at least the requested seconds, unless its byte budget is smaller; then the oldest segments are dropped
/// and counted.
struct ReplayBuffer: Sendable {
  enum Item: Sendable {
    case frame(FrameRecord)
    case event(EventRecord)
    case note(NoteRecord)
  }

  struct Segment: Sendable {
    /// Its header as it was begun; session and start are replaced by those of the session that is finally written.
    var header: SegmentHeader
    var items: [Item]
    /// The approximate number of bytes that it takes in memory and in a file.
    var bytes: Int
    /// The time of its first frame.
    var first: Int64
    /// The time from which it holds what happened: later than that of its first frame if this repeats the last frame of the
    /// segment before.
    var begins: Int64
    var isSealed = false
  }

  private let span: Int64
  private let budget: Int
  /// The latest time of a frame, and of a frame or event.
  private var lastFrame = Int64.min
  private var latest = Int64.min
  private(set) var segments: [Segment] = []
  private(set) var bytes = 0
  /// The number of segments that were dropped for the budget although they were young enough.
  private(set) var droppedByBudget = 0
  /// The number of segments that were dropped for any reason.
  private(set) var dropped = 0

  /// - Parameters:
  /// - seconds: the minimum that is held.
  /// - budget: the maximum number of bytes.
  init(seconds: Double, budget: Int) {
    span = Int64(seconds * 1e9)
    self.budget = budget
  }

  /// The buffer of a crashed process: all of its segments, sealed.
  init(_ abandoned: [ScrimFormat.Segment]) {
    span = .max
    budget = .max
    for segment in abandoned {
      guard let first = segment.frames.first?.time else { continue }
      begin(segment.header, ReplayBuffer.items(of: segment), first: first, bytes: 0)
      seal()
    }
  }

  /// Notes and events, followed by the frames: a reader orders them by their times.
  static func items(of segment: ScrimFormat.Segment) -> [Item] {
    segment.notes.map { .note($0) } + segment.events.map { .event($0) } + segment.frames.map { .frame($0) }
  }

  /// Bytes of the open segment; nil between segments.
  var openSize: Int? { segments.last.flatMap { $0.isSealed ? nil : $0.bytes } }

  mutating func begin(_ header: SegmentHeader, _ items: [Item], first: Int64, bytes size: Int) {
    precondition(openSize == nil, "a segment is begun when the one before is sealed")
    segments.append(
      Segment(header: header, items: items, bytes: size, first: first, begins: max(first, latest)))
    bytes += size
    for item in items { note(item) }
    trim()
  }

  private mutating func note(_ item: Item) {
    switch item {
    case .frame(let frame):
      lastFrame = max(lastFrame, frame.time)
      latest = max(latest, frame.time)
    case .event(let event): latest = max(latest, event.time)
    case .note: break
    }
  }

  mutating func append(_ item: Item, time: Int64?, bytes size: Int) {
    precondition(openSize != nil, "records are appended to an open segment")
    segments[segments.count - 1].items.append(item)
    segments[segments.count - 1].bytes += size
    bytes += size
    note(item)
    if time != nil { trim() }
  }

  mutating func seal() {
    precondition(openSize != nil, "an open segment is sealed")
    segments[segments.count - 1].isSealed = true
  }

  /// Drops segments that are too old or exceed the budget; never the last one.
  private mutating func trim() {
    while segments.count > 1 {
      if segments[1].begins <= lastFrame - span {
        // The remaining segments must contain the requested seconds.
      } else if bytes > budget {
        droppedByBudget += 1
      } else {
        return
      }
      bytes -= segments.removeFirst().bytes
      dropped += 1
    }
  }
}
