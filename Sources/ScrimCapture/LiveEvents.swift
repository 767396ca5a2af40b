import Glibc
package import ScrimRedact
import ScrimSystem

/// Adds events from a file or pipe to a live recording. An event gets the time at which its line arrived,
/// and its own time is ignored: the writer doesn't know the screen's clock.
package struct LiveEvents: FrameSource {
  private var source: any FrameSource
  private let feed: EventFeed
  /// Offset of the source's clock from CLOCK_MONOTONIC, as far as it is known.
  private var origin: Int64?
  private var item: SourceItem?

  package var width: Int { source.width }
  package var height: Int { source.height }
  package var expectedFrames: Int? { source.expectedFrames }
  package var isLive: Bool { source.isLive }
  package var observedEvents: [String]? { source.observedEvents }
  package var tornReads: Int { source.tornReads }

  /// - Parameter path: a file, a named pipe, or `-` for standard input.
  package init(_ source: any FrameSource, events path: String) throws(CaptureError) {
    self.source = source
    feed = try EventFeed(path)
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
    if let origin, let event = feed.take() {
      guard var event = event.event else { return .lostEvent(event.fault) }
      event.time = event.time.map { $0 - origin }
      return .event(event)
    }
    defer { item = nil }
    return item
  }
}

/// Reads lines of events on its own thread.
private final class EventFeed: Sendable {
  struct Line: Sendable {
    var event: Event?
    var fault = CaptureIssue(place: "", message: "")
  }

  private struct State {
    var lines: [Line] = []
    var dropped = 0
  }

  private let state = ConditionLock(State())
  private let path: String
  /// Maximum number of waiting lines.
  private static let limit = 4096

  init(_ path: String) throws(CaptureError) {
    self.path = path
    // Opening a pipe without a writer would block the recording, so it is opened on the thread.
    if path != "-", unsafe access(path, R_OK) != 0 { throw .system(path: path, errno: errno) }
    let context = unsafe Unmanaged.passRetained(self)
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<EventFeed>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard code == 0 else {
      unsafe context.release()
      throw .system(path: path, errno: code)
    }
    pthread_detach(thread)
  }

  func take() -> Line? {
    state.withValue { state in
      if state.lines.isEmpty {
        guard state.dropped > 0 else { return nil }
        defer { state.dropped = 0 }
        return Line(
          fault: CaptureIssue(
            place: path,
            message:
              "\(state.dropped) events were dropped, because they came faster than they could be recorded"))
      }
      return state.lines.removeFirst()
    }
  }

  private func run() {
    let file: OpenFile
    do throws(SystemError) { file = path == "-" ? .standardInput : try OpenFile(path, O_RDONLY) } catch {
      return post(Line(fault: CaptureIssue(place: path, message: SystemCall.message(for: error.errno))))
    }
    var line: [UInt8] = []
    var number = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // The pointer and the count describe `chunk`.
      let count = SystemCall.retrying {
        unsafe chunk.withUnsafeMutableBytes { unsafe read(file.descriptor, $0.baseAddress, $0.count) }
      }
      guard count > 0 else { return }
      let now = MonotonicClock.now
      for byte in chunk[..<count] {
        guard byte == 0x0A else {
          // The excess of a line that is too long is dropped, which makes it invalid JSON.
          if line.count <= EventFeed.lineLimit { line.append(byte) }
          continue
        }
        number += 1
        if line.contains(where: { $0 > 0x20 }) { post(line, number, at: now) }
        line.removeAll(keepingCapacity: true)
      }
    }
  }

  private static let lineLimit = 1 << 20

  private func post(_ json: [UInt8], _ number: Int, at now: Int64) {
    do {
      var event = try Event(json: json, line: number)
      event.time = now
      post(Line(event: event))
    } catch {
      post(Line(fault: CaptureIssue(place: path, message: "\(error)")))
    }
  }

  private func post(_ line: Line) {
    state.withValue { state in
      if state.lines.count < EventFeed.limit { state.lines.append(line) } else { state.dropped += 1 }
    }
  }
}
