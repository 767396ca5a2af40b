import FoundationEssentials
package import ScrimRedact

/// Reads the events of a JSON Lines file, one after the other.
struct EventReader {
  private var lines: LineReader

  init(_ path: String) throws(CaptureError) { lines = try LineReader(path) }

  /// The next event, or the error of its line; nil at the end.
  mutating func next() throws(CaptureError) -> Result<Event, EventError>? {
    guard let json = try lines.next() else { return nil }
    do { return .success(try Event(json: json, line: lines.lines)) } catch { return .failure(error) }
  }
}

/// A source and a file of events on its clock, merged by time: an event comes before the first frame that
/// is not older than it.
package struct SourceWithEvents: FrameSource {
  private var source: any FrameSource
  private var events: EventReader
  private let path: String
  private var event: Result<Event, EventError>?
  /// The source's last item, held back until the events before it are returned; also its end.
  private var item: SourceItem??

  package var width: Int { source.width }
  package var height: Int { source.height }
  package var expectedFrames: Int? { source.expectedFrames }
  package var isLive: Bool { source.isLive }
  package var observedEvents: [String]? { source.observedEvents }
  package var tornReads: Int { source.tornReads }
  package var windows: [SourceWindow] { source.windows }

  /// A capture folder with the events of its `events.jsonl`, if it has one.
  package static func capture(_ path: String) throws(CaptureError) -> any FrameSource {
    let folder = try CaptureFolder(path)
    let events = "\(path)/events.jsonl"
    guard FileManager.default.fileExists(atPath: events) else { return folder }
    return try SourceWithEvents(folder, events: events)
  }

  /// - Parameter path: the file of events, `-` for standard input; events of equal times keep its order.
  package init(_ source: any FrameSource, events path: String) throws(CaptureError) {
    self.source = source
    self.path = path
    events = try EventReader(path)
    event = try events.next()
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    let item: SourceItem?
    if let held = self.item { item = held } else { item = try source.next() }
    if let event, SourceWithEvents.isDue(event, before: item) {
      self.item = .some(item)
      self.event = try events.next()
      switch event {
      case .success(let event): return .event(event)
      case .failure(let error): return .lostEvent(CaptureIssue(place: path, message: "\(error)"))
      }
    }
    self.item = nil
    return item
  }

  private static func isDue(_ event: Result<Event, EventError>, before item: SourceItem?) -> Bool {
    switch item {
    // An event without a time keeps its place in the file.
    case .frame(let frame): ((try? event.get())?.time).map { $0 <= frame.time } ?? true
    case nil: true
    default: false
    }
  }
}
