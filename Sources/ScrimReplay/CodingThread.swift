import Dispatch
import ScrimFormat
import ScrimImage
import ScrimRedact

/// A second thread that codes frames while the next ones are captured and masked.
///
/// Frames wait in a queue. Those with damage wait in pictures of their own, to which damaged tiles are copied; there are two of them,
/// so that one is filled while the other is coded. Frames without damage take no picture: the recorder runs through them ahead
/// of the thread. Where the queue is full, or no picture is free, who hands over a frame waits.
///
/// Bytes are those of one thread, since all that depends on coded frames happens here, in order.
final class CodingThread: Sendable {
  private let desk: Desk

  init(_ builder: consuming SegmentBuilder, showing frame: borrowing MaskedFrame) {
    desk = Desk(builder, frame)
    let desk = desk
    DispatchQueue(label: "scrim.coding", qos: .userInitiated).async { desk.work() }
  }

  deinit { desk.close() }

  /// Hands over the frame after the one before, with the events before it.
  ///
  /// - Parameter events: left empty.
  /// - Throws: what went wrong with an earlier frame; this one is taken all the same.
  func append(
    _ frame: borrowing MaskedFrame, _ moment: SegmentBuilder.Moment, after events: inout [EventRecord]
  ) throws(RecordingError) {
    try desk.hand(frame, moment, &events)
  }

  /// Waits for all frames handed over, and seals what is full at a moment.
  func rest(at time: Int64) throws(RecordingError) { try desk.rest(at: time) }

  /// Waits for all frames handed over, adds the last events and ends the session.
  func finish(_ events: inout [EventRecord]) throws(RecordingError) -> (segments: Int, bytes: Int) {
    try desk.finish(&events)
  }
}

/// What the two threads share.
private final class Desk: @unchecked Sendable {
  // Sendable, since `missed` and `touched` are the recorder's alone, and `builder` the worker's, or the recorder's after `drain()`.

  /// A picture that is the recorder's while it is free, and the worker's from there on.
  private final class Slot: @unchecked Sendable {
    var frame: MaskedFrame

    init(_ frame: consuming MaskedFrame) { self.frame = frame }
  }

  private struct Entry {
    var moment: SegmentBuilder.Moment
    var events: [EventRecord]
    /// Number of the picture that shows the frame; nil where it looks like the one before.
    var slot: Int?
  }

  private struct Queue {
    var entries: [Entry] = []
    var free: [Int] = []
    /// The picture that shows what was coded last.
    var shown: Int?
    var isWorking = false
    var isClosed = false
    var failure: RecordingError?
  }

  private static let pictures = 2
  /// Frames that wait at most.
  private static let most = 64

  private let queue: Monitor<Queue>
  private let slots: [Slot]
  /// By picture: the tiles that changed since it was filled.
  private var missed: [TileSet]
  /// Where masks lie in the picture filled last; nil before the first.
  private var touched: TileSet?
  private var builder: SegmentBuilder

  init(_ builder: consuming SegmentBuilder, _ frame: borrowing MaskedFrame) {
    self.builder = builder
    var slots: [Slot] = []
    for _ in 0..<Desk.pictures { slots.append(Slot(MaskedFrame(copying: frame))) }
    self.slots = slots
    missed = slots.map { _ in TileSet(frame.damage.grid) }
    var queue = Queue()
    queue.entries.reserveCapacity(Desk.most)
    queue.free = Array(slots.indices)
    self.queue = Monitor(queue)
  }

  func hand(
    _ next: borrowing MaskedFrame, _ moment: SegmentBuilder.Moment, _ events: inout [EventRecord]
  ) throws(RecordingError) {
    let slot = next.damage.isEmpty && next.touched == touched ? nil : fill(next)
    var entry = Entry(moment: moment, events: [], slot: slot)
    swap(&entry.events, &events)
    let failed = queue.wait { queue -> Monitor<Queue>.Attempt<RecordingError?> in
      if queue.entries.count >= Desk.most { return .wait }
      queue.entries.append(entry)
      defer { queue.failure = nil }
      return .done(queue.failure)
    }
    queue.wake()
    if let failed { throw failed }
  }

  /// Waits for a picture, and has it show a frame.
  private func fill(_ next: borrowing MaskedFrame) -> Int {
    let slot = queue.wait { queue -> Monitor<Queue>.Attempt<Int> in
      queue.free.popLast().map { .done($0) } ?? .wait
    }
    if missed[slot].grid != next.damage.grid {
      // Another size: no picture shows anything of it.
      for index in missed.indices { missed[index] = TileSet(next.damage.grid, full: true) }
    } else {
      for index in missed.indices { missed[index].formUnion(next.damage) }
    }
    if slots[slot].frame.width == next.width, slots[slot].frame.height == next.height {
      slots[slot].frame.advance(to: next, from: missed[slot])
    } else {
      slots[slot].frame = MaskedFrame(copying: next)
    }
    missed[slot].removeAll()
    if touched?.grid == next.touched.grid { touched?.assign(next.touched) } else { touched = next.touched }
    return slot
  }

  func rest(at time: Int64) throws(RecordingError) {
    if let failed = drain() { throw failed }
    try builder.rest(at: time)
  }

  func finish(_ events: inout [EventRecord]) throws(RecordingError) -> (segments: Int, bytes: Int) {
    if let failed = drain() { throw failed }
    while !events.isEmpty { try builder.append(events.removeFirst()) }
    return try builder.finish()
  }

  /// Lets the worker end, after all that was handed over.
  func close() {
    _ = drain()
    queue.withValue { $0.isClosed = true }
    queue.wake()
  }

  /// Waits until all that was handed over is coded; returns what went wrong.
  private func drain() -> RecordingError? {
    queue.wait { queue in
      if queue.isWorking || !queue.entries.isEmpty { return .wait }
      defer { queue.failure = nil }
      return .done(queue.failure)
    }
  }

  func work() {
    while let (entry, slot) = nextEntry() {
      var failure: RecordingError?
      do throws(RecordingError) {
        for event in entry.events { try builder.append(event) }
        try builder.append(slots[slot].frame, entry.moment)
      } catch {
        failure = error
      }
      slots[slot].frame.settle()
      queue.withValue { queue in
        queue.isWorking = false
        queue.failure = queue.failure ?? failure
      }
      queue.wake()
    }
  }

  /// The next frame and the picture that shows it; nil at the end.
  private func nextEntry() -> (Entry, slot: Int)? {
    let next = queue.wait { queue -> Monitor<Queue>.Attempt<(Entry, slot: Int)?> in
      if queue.entries.isEmpty { return queue.isClosed ? .done(nil) : .wait }
      let entry = queue.entries.removeFirst()
      if let slot = entry.slot {
        if let last = queue.shown { queue.free.append(last) }
        queue.shown = slot
      }
      guard let slot = queue.shown else { preconditionFailure("the first frame has a picture") }
      queue.isWorking = true
      return .done((entry, slot))
    }
    queue.wake()
    return next
  }
}
