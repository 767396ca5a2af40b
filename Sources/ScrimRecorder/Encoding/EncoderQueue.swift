import Dispatch
import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimSystem

/// State shared by the two threads.
final class EncoderQueue<Output: SegmentOutput & ~Copyable>: @unchecked Sendable {
  // Sendable, since everything except the state has one owner at a time: `touched` the recorder,
  // `segmenter` the serialising thread, `builder` the thread that does a step; after `drain()` the recorder
  // owns all.

  struct Entry {
    var info: FrameInfo
    var events: [SideRecord]
    var kind: Kind

    enum Kind {
      /// A picture comes with it.
      case new
      /// Its picture equals the previous one.
      case unchanged
      /// It is the previous frame again, for events from that time on, unless a segment is open.
      case again(at: Int64)
    }
  }

  /// A buffer of uncompressed bytes, which is reused.
  fileprivate final class Plain {
    var bytes: [UInt8] = []
  }

  /// One operation of a ``SegmentBuilder``.
  fileprivate enum Step {
    case aside(SideRecord)
    case seal
    case begin(FrameStart)
    case take(Plain, PayloadPart, ends: Bool)
    case end
  }

  fileprivate struct State: ~Copyable {
    /// Frames to be serialised, and the picture of the one that has one.
    var entries: [Entry] = []
    var fresh: MaskedFrame?
    /// The picture serialised before the current one. At first it does not exist yet.
    var spare: MaskedFrame?
    var hasSpare = true
    var isEncoding = false
    var isClosed = false
    /// Steps to be done, each with the number of bytes of `pending` that it settles.
    var steps: [(step: Step, settles: Int)] = []
    var isBuilding = false
    /// Uncompressed bytes in steps.
    var waiting = 0
    var buffers: [Plain] = []
    /// Bytes of the open segment after the last step, and the maximum that the steps to be done add.
    var written = 0
    var pending = 0
    /// Whether there is an open segment once all steps are done.
    var isOpen = false
    /// Whether an error occurred that is unknown to the segmenter and was not thrown yet.
    var isDoubtful = false
    var failure: SegmentingError<Output.Failure>?

    var isSettled: Bool { steps.isEmpty && !isBuilding }
  }

  /// Maximum number of waiting frames.
  private static var most: Int { 64 }
  /// Maximum of waiting uncompressed bytes, before those of the next step.
  private static var mostWaiting: Int { 1 << 20 }

  private let state: ConditionLock<State>
  /// The tiles with masks in the last picture passed on; nil before the first.
  private var touched: TileSet?
  private var segmenter: Segmenter
  private var builder: SegmentBuilder<Output>

  init(_ segmenter: consuming Segmenter, _ builder: consuming SegmentBuilder<Output>) {
    self.segmenter = segmenter
    self.builder = builder
    var state = State()
    state.entries.reserveCapacity(EncoderQueue.most)
    self.state = ConditionLock(state)
  }

  // MARK: Recorder's side

  func spare() -> MaskedFrame? {
    wait { $0.hasSpare ? () : nil }
    return state.withValue { state in
      state.hasSpare = false
      return state.spare.take()
    }
  }

  func hand(
    _ stage: inout MaskingStage, _ info: FrameInfo, _ events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) {
    let isNew = !stage.frame.damage.isEmpty || stage.frame.touched != touched
    wait { $0.entries.count < EncoderQueue.most && (!isNew || $0.fresh == nil) ? () : nil }
    if isNew {
      note(stage.frame.touched)
      var frame: MaskedFrame? = stage.lend()
      state.withValue { $0.fresh = frame.take() }
    }
    try append(info, isNew ? .new : .unchanged, &events)
  }

  func repeatFrame(
    _ info: FrameInfo, at time: Int64, _ events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) {
    wait { $0.entries.count < EncoderQueue.most ? () : nil }
    try append(info, .again(at: time), &events)
  }

  private func append(
    _ info: FrameInfo, _ kind: Entry.Kind, _ events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) {
    var entry = Entry(info: info, events: [], kind: kind)
    swap(&entry.events, &events)
    let failed = state.withValue { state in
      state.entries.append(entry)
      defer { state.failure = nil }
      return state.failure
    }
    state.wake()
    if let failed { throw failed }
  }

  private func note(_ tiles: TileSet) {
    if touched?.grid == tiles.grid { touched?.assign(tiles) } else { touched = tiles }
  }

  func idle(at time: Int64, _ events: inout [SideRecord]) throws(SegmentingError<Output.Failure>) -> Bool {
    if let failed = drain() { throw failed }
    defer { _ = settle() }
    while !events.isEmpty { try events.removeFirst().append(to: &builder) }
    try segmenter.sealIfFull(at: time, &builder)
    return builder.sizes.open != nil
  }

  func withOutput<Result>(
    _ events: inout [SideRecord], sealing: Bool, _ body: (inout Output) throws(Output.Failure) -> Result
  ) throws(SegmentingError<Output.Failure>) -> Result {
    if let failed = drain() { throw failed }
    defer { _ = settle() }
    while !events.isEmpty { try events.removeFirst().append(to: &builder) }
    return try builder.withOutput(sealing: sealing, body)
  }

  func finish(_ events: inout [SideRecord]) throws(SegmentingError<Output.Failure>) -> SegmentTotals {
    if let failed = drain() { throw failed }
    while !events.isEmpty { try events.removeFirst().append(to: &builder) }
    return try builder.finish()
  }

  /// Lets the worker end, after all earlier frames.
  func close() {
    _ = drain()
    state.withValue { $0.isClosed = true }
    state.wake()
  }

  /// Waits until all earlier frames are in segments; returns an error if there was one.
  private func drain() -> SegmentingError<Output.Failure>? {
    wait { $0.entries.isEmpty && !$0.isEncoding && $0.isSettled ? () : nil }
    return state.withValue { state in
      defer { state.failure = nil }
      return state.failure
    }
  }

  // MARK: Steps

  private enum Next<Result> {
    case result(Result)
    case step(Step, settles: Int)
  }

  /// Does steps until `body` returns a result.
  @discardableResult
  private func wait<Result>(for result: (inout State) -> Result?) -> Result {
    while true {
      let next = state.wait { state -> ConditionLock<State>.Attempt<Next<Result>> in
        if let result = result(&state) { return .done(.result(result)) }
        if state.isBuilding || state.steps.isEmpty { return .wait }
        state.isBuilding = true
        let (step, settles) = state.steps.removeFirst()
        return .done(.step(step, settles: settles))
      }
      switch next {
      case .result(let result): return result
      case .step(let step, let settles): build(step, settles)
      }
    }
  }

  private func build(_ step: Step, _ settles: Int) {
    var failure: SegmentingError<Output.Failure>?
    do throws(SegmentingError<Output.Failure>) {
      switch step {
      case .aside(.event(let event)): try builder.append(event)
      case .aside(.note(let note)): try builder.append(note)
      case .seal: try builder.seal()
      case .begin(let frame): try builder.begin(frame)
      case .take(let plain, let part, let ends):
        do { try builder.take(&plain.bytes, of: part, ends: ends) } catch { throw .codec(error) }
      case .end: try builder.end()
      }
    } catch {
      failure = error
    }
    let written = builder.sizes.open ?? 0
    state.withValue { state in
      state.isBuilding = false
      state.written = written
      // Events from before the first segment are yet to be added to it.
      if written > 0 { state.pending -= settles }
      if case .take(let plain, _, _) = step {
        state.waiting -= plain.bytes.count
        state.buffers.append(plain)
      }
      guard let failure else { return }
      state.isDoubtful = true
      state.failure = state.failure ?? failure
    }
    state.wake()
  }

  /// - Parameters:
  ///   - adds: maximum bytes that the step, or a later one of its frame, adds to a segment.
  ///   - settles: those of which the segment's size is known once the step is done.
  fileprivate func push(_ step: Step, adds: Int, settles: Int) {
    state.withValue { state in
      state.steps.append((step, settles))
      state.pending += adds
      switch step {
      case .seal: state.isOpen = false
      case .begin: state.isOpen = true
      case .take(let plain, _, _): state.waiting += plain.bytes.count
      case .aside, .end: break
      }
    }
    state.wake()
  }

  /// A buffer for uncompressed bytes, as soon as few of them wait.
  fileprivate func buffer() -> Plain {
    wait { state in state.waiting > EncoderQueue.mostWaiting ? nil : state.buffers.popLast() ?? Plain() }
  }

  fileprivate var openSegmentSizeBound: Int? {
    state.withValue { state in
      if state.isDoubtful { return .max }
      return state.isOpen ? state.written + state.pending : nil
    }
  }

  /// Waits until all steps are done.
  fileprivate func settle() -> SegmentSizes {
    wait { $0.isSettled ? () : nil }
    let sizes = builder.sizes
    state.withValue { state in
      state.pending = 0
      state.written = sizes.open ?? 0
      state.isOpen = sizes.open != nil
      state.isDoubtful = false
    }
    return sizes
  }

  // MARK: Worker's side

  func work() {
    var shown: MaskedFrame?
    var sink = QueuedSegmenterOutput(queue: self)
    while let entry = nextEntry() {
      if case .new = entry.kind { take(&shown) }
      var failure: SegmentingError<Output.Failure>?
      do throws(SegmentingError<Output.Failure>) {
        for event in entry.events { try event.append(to: &sink) }
        switch shown {
        case .some(let frame):
          if case .again(let time) = entry.kind {
            try segmenter.repeatFrame(frame, entry.info, at: time, to: &sink)
          } else {
            try segmenter.append(frame, entry.info, to: &sink)
          }
        case .none: preconditionFailure("the first frame has a picture")
        }
      } catch {
        failure = error
      }
      shown?.settle()
      state.withValue { state in
        state.isEncoding = false
        state.failure = state.failure ?? failure
      }
      state.wake()
    }
  }

  /// The next frame; nil at the end.
  private func nextEntry() -> Entry? {
    let entry = wait { state -> Entry?? in
      if state.entries.isEmpty { return state.isClosed ? .some(nil) : nil }
      state.isEncoding = true
      return state.entries.removeFirst()
    }
    state.wake()
    return entry
  }

  /// Takes the next picture, and returns the previous one.
  private func take(_ shown: inout MaskedFrame?) {
    var last = shown.take()
    shown = state.withValue { state in
      if last != nil {
        state.spare = last.take()
        state.hasSpare = true
      }
      return state.fresh.take()
    }
    state.wake()
  }
}

/// Converts the segmenter's output to steps.
private struct QueuedSegmenterOutput<Output: SegmentOutput & ~Copyable>: SegmenterOutput {
  typealias Failure = Output.Failure

  let queue: EncoderQueue<Output>
  /// Maximum bytes of the current frame.
  private var most = 0

  init(queue: EncoderQueue<Output>) { self.queue = queue }

  /// Maximum bytes of an event, or of the beginning of a frame, besides its content.
  private static var headMost: Int { 4096 }

  var openSegmentSizeBound: Int? { queue.openSegmentSizeBound }

  mutating func settle() -> SegmentSizes { queue.settle() }

  mutating func append(_ event: EventRecord) {
    let most = event.json.count + QueuedSegmenterOutput.headMost
    queue.push(.aside(.event(event)), adds: most, settles: most)
  }

  mutating func append(_ note: NoteRecord) {
    let most = QueuedSegmenterOutput.headMost
    queue.push(.aside(.note(note)), adds: most, settles: most)
  }

  mutating func seal() { queue.push(.seal, adds: 0, settles: 0) }

  mutating func begin(_ frame: FrameStart) {
    most = QueuedSegmenterOutput.headMost + (frame.info.masks.map(MasksRecord.sizeBound) ?? 0)
    queue.push(.begin(frame), adds: most, settles: 0)
  }

  mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) {
    let buffer = queue.buffer()
    swap(&plain, &buffer.bytes)
    // No coding expands incompressible data by more than this.
    let more = buffer.bytes.count + buffer.bytes.count / 8 + QueuedSegmenterOutput.headMost
    most += more
    queue.push(.take(buffer, part, ends: ends), adds: more, settles: 0)
  }

  mutating func end() { queue.push(.end, adds: 0, settles: most) }
}
