/// The last record of a segment: its place in the session, digests that verify it, and an index of its
/// frames.
///
/// It comes last because a session that buffers knows only when it flushes which segments exist.
public struct Seal: Hashable, Sendable {
  /// A frame record in the seal's table.
  public struct Entry: Hashable, Sendable {
    /// Offset of the record in the file.
    public var offset: Int
    public var isKey: Bool
    /// Nanoseconds on the session's clock.
    public var time: Int64
  }

  /// The segment's place in its session, without gaps from 0.
  public var index: UInt32
  /// The SHA-256 of the previous segment's whole file; zero for index 0.
  public var previous: SHA256Digest
  /// The SHA-256 of all bytes before the seal record.
  public var content: SHA256Digest
  public var summary: SegmentSummary
  /// The frame records in the order of the file.
  public var entries: [Entry]
}

/// Counts and time span of a segment.
public struct SegmentSummary: Hashable, Sendable {
  public var frames = 0
  public var events = 0
  /// The smallest and the largest time of any frame or event, in nanoseconds on the session's clock; nil without any.
  public var times: ClosedRange<Int64>?

  mutating func note(_ time: Int64) {
    times = times.map { min($0.lowerBound, time)...max($0.upperBound, time) } ?? time...time
  }
}

extension Seal {
  /// The seal of a segment of which only the place is known, since it is sealed to a public key.
  package init(index: Int, previous: SHA256Digest) {
    self.init(
      index: UInt32(index), previous: previous, content: .zero, summary: SegmentSummary(), entries: [])
  }

  /// Offset of the seal record, from the last bytes of a sealed segment's file.
  package static func place(in file: [UInt8]) -> Int {
    file.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// - Parameter offset: where the seal record starts; it is stored in the last four bytes of the file.
  func payload(at offset: Int) -> [UInt8] {
    var payload: [UInt8] = []
    payload.appendLittleEndian(index)
    payload += previous.bytes
    payload += content.bytes
    payload.appendVarint(UInt64(summary.frames))
    payload.appendVarint(UInt64(summary.events))
    payload.appendZigzag(summary.times?.lowerBound ?? 0)
    payload.appendZigzag(summary.times?.upperBound ?? 0)
    var before = Entry(offset: 0, isKey: true, time: 0)
    for entry in entries {
      payload.appendVarint(UInt64(entry.offset - before.offset) << 1 | (entry.isKey ? 1 : 0))
      payload.appendZigzag(entry.time - before.time)
      before = entry
    }
    payload.appendLittleEndian(UInt32(offset))
    return payload
  }

  /// Reads a seal and compares it with the records before it. The values in the seal are only compared,
  /// never used.
  init(payload reader: inout ByteReader, at offset: Int, of tally: Tally) throws(FormatError.Reason) {
    index = try reader.littleEndian(UInt32.self)
    previous = try reader.digest()
    guard (index == 0) == (previous == .zero) else { throw .badValue("the digest of the segment before") }
    content = try reader.digest()
    guard content == SHA256.digest(reader.bytes.span.extracting(0..<offset)) else {
      throw .sealDisagrees("the content's digest")
    }
    summary = tally.summary
    entries = tally.entries
    guard try reader.varint() == UInt64(summary.frames) else { throw .sealDisagrees("the number of frames") }
    guard try reader.varint() == UInt64(summary.events) else { throw .sealDisagrees("the number of events") }
    guard summary.frames > 0, let times = summary.times else { throw .noFrames }
    guard try reader.zigzag() == times.lowerBound else { throw .sealDisagrees("the first time") }
    guard try reader.zigzag() == times.upperBound else { throw .sealDisagrees("the last time") }
    var before = Entry(offset: 0, isKey: true, time: 0)
    for entry in entries {
      let place = UInt64(entry.offset - before.offset) << 1 | (entry.isKey ? 1 : 0)
      guard try reader.varint() == place, try reader.zigzag() == entry.time - before.time else {
        throw .sealDisagrees("the table of frames")
      }
      before = entry
    }
    guard reader.remaining >= 4 else { throw .truncated(needed: 4, present: reader.remaining) }
    _ = try reader.take(reader.remaining - 4)
    guard try reader.littleEndian(UInt32.self) == UInt32(offset) else {
      throw .sealDisagrees("the place of the seal")
    }
  }
}

/// State that writer and reader keep about the records so far, and the rules between records. A call that
/// throws changes nothing.
struct Tally: Sendable {
  private(set) var records = 0
  private(set) var summary = SegmentSummary()
  private(set) var entries: [Seal.Entry] = []
  private var lastNumber: Int?
  /// Whether the last record is a frame, so that a masks record may follow.
  private var isBehindFrame = false

  /// A frame record from `offset` to `end`.
  mutating func note(_ frame: FrameRecord, at offset: Int, endingAt end: Int) throws(FormatError.Reason) {
    if let last = entries.last, let number = lastNumber {
      guard frame.time >= last.time else { throw .timeBackwards(from: last.time, to: frame.time) }
      guard frame.number > number else { throw .numberNotRising(from: number, to: frame.number) }
    } else {
      guard frame.isKey else { throw .firstFrameNotKey }
    }
    try noteOther(endingAt: end)
    entries.append(Seal.Entry(offset: offset, isKey: frame.isKey, time: frame.time))
    lastNumber = frame.number
    isBehindFrame = true
    summary.frames += 1
    summary.note(frame.time)
  }

  mutating func note(_ event: EventRecord, endingAt end: Int) throws(FormatError.Reason) {
    try noteOther(endingAt: end)
    summary.events += 1
    summary.note(event.time)
  }

  /// The masks of the frame before.
  mutating func noteMasks(endingAt end: Int) throws(FormatError.Reason) {
    guard isBehindFrame else { throw .masksWithoutFrame }
    try noteOther(endingAt: end)
  }

  /// A record that is neither frame, event, masks nor seal.
  mutating func noteOther(endingAt end: Int) throws(FormatError.Reason) {
    guard records < FormatLimits.records else {
      throw .overLimit("the number of records", value: records + 1, limit: FormatLimits.records)
    }
    guard end <= FormatLimits.segmentBytes else {
      throw .overLimit("the segment's length", value: end, limit: FormatLimits.segmentBytes)
    }
    records += 1
    isBehindFrame = false
  }
}
