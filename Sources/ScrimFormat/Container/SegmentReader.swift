/// A decoded segment: intact records only.
public struct Segment: Hashable, Sendable {
  public var header: SegmentHeader
  public var frames: [FrameRecord] = []
  public var events: [EventRecord] = []
  public var notes: [NoteRecord] = []
  /// Records of unknown types, which were skipped.
  public var unknownRecords = 0
  /// Nil for a segment that is still being written, or was cut off.
  public var seal: Seal?
}

/// The intact part of a segment whose writing was cut off.
public struct RecoveredSegment: Sendable {
  public var segment: Segment
  /// Bytes up to the end of the last intact record.
  public var wholeBytes: Int
  /// Bytes after them, which are lost.
  public var tornBytes: Int
  /// The error that ended the reading; nil if every byte belongs to an intact record.
  public var damage: FormatError?
  var tally: Tally

  /// Counts of its frames and events, and their time span.
  package var summary: SegmentSummary { tally.summary }
}

/// Reads segments from untrusted bytes: never crashes, and allocates memory only in proportion to the bytes
/// that are present.
public enum SegmentReader {
  /// Reads a sealed segment, completely or not at all.
  ///
  /// - Throws: ``FormatError`` for the first bytes that violate Format.md.
  public static func read(_ bytes: [UInt8]) throws(FormatError) -> Segment {
    let scan = try recover(bytes)
    if let damage = scan.damage { throw damage }
    guard scan.segment.seal != nil else {
      throw FormatError(.notSealed, writing: false, record: scan.tally.records, offset: scan.wholeBytes)
    }
    return scan.segment
  }

  /// Reads the intact part: every record before the first that is torn, damaged or out of order.
  ///
  /// - Throws: ``FormatError`` if not even the header is intact.
  public static func recover(_ bytes: [UInt8]) throws(FormatError) -> RecoveredSegment {
    var tally = Tally()
    var place = FormatLimits.magicBytes
    let header: SegmentHeader
    do throws(FormatError.Reason) {
      try checkMagic(bytes)
      let record = try nextRecord(bytes, at: place)
      guard record.type == RecordType.header.rawValue else { throw FormatError.Reason.headerNotFirst }
      var reader = ByteReader(bytes, record.payload)
      header = try SegmentHeader(payload: &reader)
      try tally.noteOther(endingAt: record.payload.upperBound)
      place = record.payload.upperBound
    } catch {
      throw FormatError(error, writing: false, record: 0, offset: place)
    }
    var segment = Segment(header: header)
    var masks = MasksCoder()
    var damage: FormatError?
    while place < bytes.count {
      do throws(FormatError.Reason) {
        if segment.seal != nil { throw FormatError.Reason.bytesAfterSeal(bytes.count - place) }
        place = try readRecord(bytes, at: place, into: &segment, &tally, &masks)
      } catch {
        damage = FormatError(error, writing: false, record: tally.records, offset: place)
        break
      }
    }
    return RecoveredSegment(
      segment: segment, wholeBytes: place, tornBytes: bytes.count - place, damage: damage, tally: tally)
  }

  private static func checkMagic(_ bytes: [UInt8]) throws(FormatError.Reason) {
    let stem = Framing.magicStem
    guard bytes.starts(with: stem.prefix(bytes.count)) else { throw .notASegment }
    guard bytes.count >= FormatLimits.magicBytes else {
      throw .truncated(needed: FormatLimits.magicBytes, present: bytes.count)
    }
    guard bytes[7] == Framing.magic[7] else { throw .notASegment }
    guard !EnvelopeHeader.versions.contains(bytes[6]) else { throw .sealedToKey }
    guard bytes[6] == Framing.version else { throw .unsupportedVersion(bytes[6]) }
  }

  private struct RawRecord {
    var type: UInt8
    var flags: UInt8
    /// The range of the payload in the file; the record ends where it ends.
    var payload: Range<Int>
  }

  /// The record at `offset`, its length and its checksum checked.
  private static func nextRecord(_ bytes: [UInt8], at offset: Int) throws(FormatError.Reason) -> RawRecord {
    var reader = ByteReader(bytes, offset..<bytes.count)
    let head = FormatLimits.recordHeadBytes
    guard reader.remaining >= head else { throw .truncated(needed: head, present: reader.remaining) }
    let type = try reader.byte()
    let flags = try reader.byte()
    let length = Int(try reader.littleEndian(UInt32.self))
    guard length <= FormatLimits.payloadBytes else {
      throw .overLimit("the record's length", value: length, limit: FormatLimits.payloadBytes)
    }
    let checksum = try reader.littleEndian(UInt32.self)
    let payload = try reader.take(length)
    var crc = CRC32C()
    crc.update(bytes.span.extracting(offset..<(offset + 6)))
    crc.update(bytes.span.extracting(payload))
    guard crc.value == checksum else { throw .checksum }
    return RawRecord(type: type, flags: flags, payload: payload)
  }

  /// Reads one record and returns the offset of the next. If it throws, all stays unchanged.
  private static func readRecord(
    _ bytes: [UInt8], at offset: Int, into segment: inout Segment, _ tally: inout Tally,
    _ masks: inout MasksCoder
  ) throws(FormatError.Reason) -> Int {
    let record = try nextRecord(bytes, at: offset)
    let end = record.payload.upperBound
    var reader = ByteReader(bytes, record.payload)
    switch RecordType(rawValue: record.type) {
    case .header: throw .secondHeader
    case .frame:
      let frame = try FrameRecord(payload: &reader, isKey: record.flags & RecordFlags.key != 0)
      try tally.note(frame, at: offset, endingAt: end)
      if frame.isKey { masks.forget() }
      segment.frames.append(frame)
    case .event:
      let event = try EventRecord(payload: &reader)
      try tally.note(event, endingAt: end)
      segment.events.append(event)
    case .note:
      let note = try NoteRecord.read(payload: &reader)
      try tally.noteOther(endingAt: end)
      if let note { segment.notes.append(note) } else { segment.unknownRecords += 1 }
    case .masks:
      var noted = tally
      try noted.noteMasks(endingAt: end)
      segment.frames[segment.frames.count - 1].masks = try masks.record(&reader, segment.header)
      tally = noted
    case .seal:
      segment.seal = try Seal(payload: &reader, at: offset, of: tally)
    case nil:
      try tally.noteOther(endingAt: end)
      segment.unknownRecords += 1
    }
    return end
  }
}
