import ScrimFormat
import ScrimStore
import Synchronization

/// Bytes that the present session has on the disk; read by another thread than the one that writes.
final class WrittenBytes: Sendable {
  private let count = Atomic<Int>(0)

  var bytes: Int {
    get { count.load(ordering: .relaxed) }
    set { count.store(newValue, ordering: .relaxed) }
  }
}

/// The destination of the present session's segments: a folder, the buffer in memory, or none.
///
/// A segment that is built for one session may be written in another, which starts at the oldest frame of the
/// buffer. Names and times are then written as that session has them.
struct SessionOutput: ~Copyable, Sendable, SegmentOutput {
  typealias Failure = StoreError

  private var writer: SessionWriter?
  let written = WrittenBytes()
  private(set) var buffer: ReplayBuffer?
  /// A second copy of the buffer, which survives a crash of the process.
  private var crashBuffer: CrashBuffer?
  /// The reason why the crash buffer could not be kept.
  private(set) var crashBufferFailure: StoreError?
  /// The number of segments dropped from the crash buffer.
  private var crashDropped = 0
  /// The size of the open segment, if there is no destination.
  private var lostSize: Int?
  /// Nanoseconds to be subtracted from all times.
  private var shift: Int64 = 0
  private var header: SegmentHeader

  init(to writer: consuming SessionWriter, _ header: SegmentHeader) {
    self.writer = consume writer
    self.header = header
  }

  /// An output without a destination.
  init(_ header: SegmentHeader) { self.header = header }

  var isWriting: Bool {
    switch writer {
    case .some: true
    case .none: false
    }
  }

  var openSegmentSize: Int? {
    switch writer {
    case .some(let writer): writer.openSegmentSize
    case .none: buffer.map(\.openSize) ?? lostSize
    }
  }

  /// Continues in memory. The open segment must be sealed.
  mutating func keep(in new: ReplayBuffer, and crashBuffer: CrashBuffer? = nil) {
    precondition(!isWriting, "a session that is written is ended first")
    removeCrashBuffer()
    flush = nil
    buffer = new
    self.crashBuffer = crashBuffer
    crashBufferFailure = nil
    crashDropped = 0
    lostSize = nil
  }

  private mutating func removeCrashBuffer() {
    do { try crashBuffer?.remove() } catch { crashBufferFailure = error }
    crashBuffer = nil
  }

  /// Brings the crash buffer to the state of the buffer. If that fails because memory is full, the crash buffer is
  /// removed and the buffer continues.
  private mutating func copy(_ body: (inout CrashBuffer) throws(StoreError) -> Void) {
    guard crashBuffer != nil else { return }
    do throws(StoreError) {
      let before = buffer?.dropped ?? 0
      try body(&crashBuffer!)
      try crashBuffer!.dropFirst(before - crashDropped)
      crashDropped = before
    } catch {
      removeCrashBuffer()
      crashBufferFailure = error
    }
  }

  /// Discards the buffer.
  mutating func drop() {
    buffer = nil
    flush = nil
    lostSize = nil
    removeCrashBuffer()
  }

  /// A folder that is to receive the buffer, and the part of it that it has.
  private struct Flush: ~Copyable, Sendable {
    var writer: SessionWriter
    var header: SegmentHeader
    var shift: Int64
    /// The number of segments of the buffer that were written as wholes, or dropped from it before.
    var segments: Int
    /// The number of records of the next one that its open segment has.
    var items = 0
  }

  private var flush: Flush?

  /// Nanoseconds from the clock of records to that of the session that is written, or about to be.
  var sessionShift: Int64 {
    switch flush {
    case .some(let flush): flush.shift
    case .none: shift
    }
  }

  /// Whether a folder has a part of the buffer, because writing failed.
  var isFlushing: Bool {
    switch flush {
    case .some: true
    case .none: false
    }
  }

  /// Sets the folder that ``writeBuffer()`` writes to.
  ///
  /// - Parameters:
  ///   - header: the header of the session that is written; each segment has its own picture size.
  ///   - shift: nanoseconds from the clock of records to that of the session.
  mutating func prepare(
    _ new: consuming SessionWriter, _ header: SegmentHeader, shift: Int64
  ) {
    precondition(!isWriting && !isFlushing, "a session that is written is ended first")
    flush = Flush(writer: new, header: header, shift: shift, segments: buffer?.dropped ?? 0)
  }

  /// Writes the buffer to the folder that was set, and continues there.
  ///
  /// If it throws, the buffer continues in memory. The next call writes the rest: what the folder has may already be
  /// delivered.
  mutating func writeBuffer() throws(StoreError) {
    guard var flush = self.flush.take() else {
      preconditionFailure("a folder is set before the buffer is written")
    }
    do throws(StoreError) { try write(to: &flush) } catch {
      self.flush = consume flush
      throw error
    }
    (header, shift) = (flush.header, flush.shift)
    let written = flush.writer
    writer = consume written
    buffer = nil
    lostSize = nil
    removeCrashBuffer()
  }

  private func write(to flush: inout Flush) throws(StoreError) {
    guard let buffer else { return }
    if flush.segments < buffer.dropped {
      // The buffer has dropped a segment of which the folder has the beginning.
      if flush.writer.openSegmentSize != nil { try flush.writer.seal() }
      (flush.segments, flush.items) = (buffer.dropped, 0)
    }
    while flush.segments - buffer.dropped < buffer.segments.count {
      let segment = buffer.segments[flush.segments - buffer.dropped]
      if flush.writer.openSegmentSize == nil, flush.items == 0 {
        try flush.writer.begin(
          try SessionOutput.built(segment.header, segment.items, for: flush.header, flush.shift))
        flush.items = segment.items.count
      }
      while flush.items < segment.items.count {
        // A record that can't be written now is kept by the writer.
        flush.items += 1
        switch segment.items[flush.items - 1] {
        case .frame(let frame): try flush.writer.append(SessionOutput.shifted(frame, flush.shift))
        case .event(let event): try flush.writer.append(SessionOutput.shifted(event, flush.shift))
        case .note(let note): try flush.writer.append(SessionOutput.shifted(note, flush.shift))
        }
      }
      guard segment.isSealed else { return }
      // Nothing is open if only the list of segments could not be written.
      if flush.writer.openSegmentSize != nil { try flush.writer.seal() }
      flush.segments += 1
      flush.items = 0
    }
  }

  private static func built(
    _ own: SegmentHeader, _ items: [ReplayBuffer.Item], for session: SegmentHeader, _ shift: Int64
  ) throws(StoreError) -> SegmentWriter {
    var header = session
    header.width = own.width
    header.height = own.height
    do throws(FormatError) {
      var segment = try SegmentWriter(header: header)
      for item in items {
        switch item {
        case .frame(let frame): try segment.append(shifted(frame, shift))
        case .event(let event): try segment.append(shifted(event, shift))
        case .note(let note): try segment.append(shifted(note, shift))
        }
      }
      return segment
    } catch {
      throw StoreError("the buffer", .segment(error))
    }
  }

  private static func shifted(_ frame: FrameRecord, _ shift: Int64) -> FrameRecord {
    var frame = frame
    frame.time -= shift
    return frame
  }

  private static func shifted(_ event: EventRecord, _ shift: Int64) -> EventRecord {
    EventRecord(time: event.time - shift, json: event.json)
  }

  private static func shifted(_ note: NoteRecord, _ shift: Int64) -> NoteRecord {
    NoteRecord(time: note.time - shift, kind: note.kind, offset: note.offset)
  }

  mutating func begin(_ segment: consuming SegmentWriter) throws(StoreError) {
    defer { noteWritten() }
    let size = segment.size
    guard isWriting || buffer != nil else {
      lostSize = size
      return
    }
    if isWriting, shift == 0, segment.header.isSameSession(as: header) {
      return try writer!.begin(segment)
    }
    let own = segment.header
    let start = segment.bytes
    let items = SessionOutput.items(of: start)
    if isWriting { return try writer!.begin(try SessionOutput.built(own, items, for: header, shift)) }
    var first: Int64?
    for case .frame(let frame) in items { first = first ?? frame.time }
    buffer?.begin(own, items, first: first ?? 0, bytes: size)
    copy { (copy) throws(StoreError) in try copy.begin(segment) }
  }

  /// The records of a segment that was just begun: notes and events, and its first frame.
  private static func items(of bytes: [UInt8]) -> [ReplayBuffer.Item] {
    guard let found = try? SegmentReader.recover(bytes), found.damage == nil else {
      preconditionFailure("what was written a moment ago can be read")
    }
    return ReplayBuffer.items(of: found.segment)
  }

  mutating func append(_ frame: FrameRecord) throws(StoreError) {
    defer { noteWritten() }
    if isWriting { return try writer!.append(SessionOutput.shifted(frame, shift)) }
    let size = frame.coded.count + 64 + (frame.masks?.added.count ?? 0) * 64
    if buffer != nil {
      // The bytes are copied to an array of their own size, since the compressor's own buffer has room for its
      // largest frame.
      var kept = frame
      kept.coded = []
      kept.coded.reserveCapacity(frame.coded.count)
      kept.coded += frame.coded
      buffer!.append(.frame(kept), time: frame.time, bytes: size)
      copy { (copy) throws(StoreError) in try copy.append(frame) }
    } else {
      lostSize? += size
    }
  }

  mutating func append(_ event: EventRecord) throws(StoreError) {
    if isWriting { return try writer!.append(SessionOutput.shifted(event, shift)) }
    let size = event.json.count + 64
    if buffer != nil {
      buffer!.append(.event(event), time: nil, bytes: size)
      copy { (copy) throws(StoreError) in try copy.append(event) }
    } else {
      lostSize? += size
    }
  }

  mutating func append(_ note: NoteRecord) throws(StoreError) {
    if isWriting { return try writer!.append(SessionOutput.shifted(note, shift)) }
    if buffer != nil {
      buffer!.append(.note(note), time: nil, bytes: 64)
      copy { (copy) throws(StoreError) in try copy.append(note) }
    } else {
      lostSize? += 64
    }
  }

  mutating func seal() throws(StoreError) {
    defer { noteWritten() }
    if isWriting { return try writer!.seal() }
    if buffer != nil {
      buffer!.seal()
      copy { (copy) in copy.seal() }
    } else {
      lostSize = nil
    }
  }

  mutating func finish() throws(StoreError) -> SegmentTotals { try finish(nil) }

  /// Ends the session that is written.
  ///
  /// - Parameter about: its description in the manifest.
  mutating func finish(_ about: SessionAbout?) throws(StoreError) -> SegmentTotals {
    guard isWriting else { return SegmentTotals(segments: 0, bytes: 0) }
    if let about { writer!.describe(about) }
    let totals = try writer!.finish()
    return totals
  }

  /// Releases the folder after the end of its session.
  mutating func close() {
    writer = nil
    shift = 0
    written.bytes = 0
  }

  private func noteWritten() {
    switch writer {
    case .some(let writer): written.bytes = writer.bytes
    case .none: break
    }
  }
}
