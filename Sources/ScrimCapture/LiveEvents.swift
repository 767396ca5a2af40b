package import ScrimRedact
import ScrimSystem

/// Adds the events of another thread to a live recording: those of a file or pipe (``EventFeed``), or of a
/// journal (``JournalFeed``).
package struct LiveEvents: FrameSource {
  private var source: any FrameSource
  private let feed: Feed
  private let types: [String]
  /// Offset of the source's clock from CLOCK_MONOTONIC, as far as it is known.
  private var origin: Int64?
  private var item: SourceItem?

  package var width: Int { source.width }
  package var height: Int { source.height }
  package var expectedFrames: Int? { source.expectedFrames }
  package var isLive: Bool { source.isLive }
  package var observedEvents: [String]? {
    source.observedEvents.map { Set($0).union(types).sorted() }
  }
  package var tornReads: Int { source.tornReads }
  package var windows: [SourceWindow] { source.windows }

  /// Its release ends the feed's thread.
  private final class Feed: Sendable {
    let queue: LiveEventQueue
    init(_ queue: LiveEventQueue) { self.queue = queue }
    deinit { queue.close() }
  }

  /// - Parameter types: types of events of which all are observed from now on.
  package init(_ source: any FrameSource, _ queue: LiveEventQueue, observing types: [String] = []) {
    self.source = source
    feed = Feed(queue)
    self.types = types
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    if item == nil {
      item = try source.next()
      let now = MonotonicClock.now
      switch item {
      // A frame's time lies slightly in the past, that of `idle` does not: the latest origin is the best
      // estimate.
      case .frame(let frame): origin = min(origin ?? .max, now - frame.time)
      case .idle(let time): origin = min(origin ?? .max, now - time)
      case .lost, .event, .lostEvent, nil: break
      }
    }
    if let origin, let entry = feed.queue.take() {
      switch entry {
      case .fault(let issue, let count): return .lostEvent(issue, count: count)
      case .event(var event):
        event.time = event.time.map { max(0, $0 - origin) }
        return .event(event)
      }
    }
    defer { item = nil }
    return item
  }
}
