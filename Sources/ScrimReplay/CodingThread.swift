import Dispatch
import ScrimFormat
import ScrimRedact

/// A second thread that codes a frame while the next one is captured and masked.
///
/// One frame is under way at most: who hands over another waits until it is coded. The thread has a masked picture of its own, to
/// which the damaged tiles are copied. Bytes are those of one thread, since all that depends on coded frames happens here, in order.
final class CodingThread: Sendable {
  private let desk: Desk

  init(_ builder: consuming SegmentBuilder, showing frame: borrowing MaskedFrame) {
    desk = Desk(builder, MaskedFrame(copying: frame))
    let desk = desk
    DispatchQueue(label: "scrim.coding", qos: .userInitiated).async { desk.work() }
  }

  deinit { desk.close() }

  /// Hands over the frame after the one before, with the events before it.
  ///
  /// - Parameter events: left empty.
  /// - Throws: what went wrong with the frame before; this one is taken all the same.
  func append(
    _ frame: borrowing MaskedFrame, _ moment: SegmentBuilder.Moment, after events: inout [EventRecord]
  ) throws(RecordingError) {
    try desk.hand(frame, moment, &events)
  }

  /// Waits for the frame under way, and seals what is full at a moment.
  func rest(at time: Int64) throws(RecordingError) { try desk.rest(at: time) }

  /// Waits for the frame under way, adds the last events and ends the session.
  func finish(_ events: inout [EventRecord]) throws(RecordingError) -> (segments: Int, bytes: Int) {
    try desk.finish(&events)
  }
}

/// What the two threads share. It is the worker's from `ready` to `idle`, and the recorder's otherwise: semaphores pass it on.
private final class Desk: @unchecked Sendable {
  private var builder: SegmentBuilder
  private var frame: MaskedFrame
  private var moment: SegmentBuilder.Moment?
  private var events: [EventRecord] = []
  private var failure: RecordingError?
  /// The recorder's alone.
  private var isBusy = false
  private let ready = DispatchSemaphore(value: 0)
  private let idle = DispatchSemaphore(value: 0)

  init(_ builder: consuming SegmentBuilder, _ frame: consuming MaskedFrame) {
    self.builder = builder
    self.frame = frame
  }

  func hand(
    _ next: borrowing MaskedFrame, _ moment: SegmentBuilder.Moment, _ events: inout [EventRecord]
  ) throws(RecordingError) {
    let failed = takeBack()
    if next.width == frame.width, next.height == frame.height {
      frame.advance(to: next)
    } else {
      frame = MaskedFrame(copying: next)
    }
    self.moment = moment
    swap(&self.events, &events)
    isBusy = true
    ready.signal()
    if let failed { throw failed }
  }

  func rest(at time: Int64) throws(RecordingError) {
    if let failed = takeBack() { throw failed }
    try builder.rest(at: time)
  }

  func finish(_ events: inout [EventRecord]) throws(RecordingError) -> (segments: Int, bytes: Int) {
    if let failed = takeBack() { throw failed }
    while !events.isEmpty { try builder.append(events.removeFirst()) }
    return try builder.finish()
  }

  /// Lets the worker end, after what it is at.
  func close() {
    _ = takeBack()
    moment = nil
    ready.signal()
  }

  /// Waits until the worker is done; returns what went wrong.
  private func takeBack() -> RecordingError? {
    if isBusy { idle.wait() }
    isBusy = false
    defer { failure = nil }
    return failure
  }

  func work() {
    while true {
      ready.wait()
      guard let moment else { return }
      do throws(RecordingError) {
        for event in events { try builder.append(event) }
        try builder.append(frame, moment)
      } catch {
        failure = error
      }
      events.removeAll(keepingCapacity: true)
      idle.signal()
    }
  }
}
