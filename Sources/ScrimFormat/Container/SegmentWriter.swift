/// Turns records into the bytes of one segment. Does no I/O: the caller drains ``bytes`` to wherever they go.
///
/// Equal calls give equal bytes. A call that throws leaves the writer as it was.
public struct SegmentWriter: Sendable {
  public let header: SegmentHeader
  /// Bytes that were not drained yet.
  public private(set) var bytes: [UInt8]
  /// Bytes of the segment so far, drained or not.
  public private(set) var size: Int
  private var hash = SHA256()
  private var tally = Tally()
  private var masks = MasksCoder()
  /// Scratch: the fields of a frame record before its operations.
  private var front: [UInt8] = []

  /// Begins a segment: ``bytes`` holds its magic and its header.
  public init(header: SegmentHeader) throws(FormatError) {
    try header.validate()
    self.header = header
    var start = Framing.magic
    Framing.append(header.payload, type: .header, flags: 0, to: &start)
    hash.update(start.span)
    bytes = start
    size = start.count
    do throws(FormatError.Reason) {
      try tally.noteOther(endingAt: size)
    } catch {
      throw FormatError(error, writing: true, record: 0, offset: FormatLimits.magicBytes)
    }
  }

  /// Continues a cut-off segment after its last intact record.
  ///
  /// - Parameters:
  ///   - recovered: the result of ``SegmentReader/recover(_:)`` for `file`; not sealed.
  ///   - file: the bytes that were recovered. They count as drained.
  public init(continuing recovered: RecoveredSegment, of file: [UInt8]) {
    precondition(recovered.segment.seal == nil, "a sealed segment doesn't go on")
    precondition(recovered.wholeBytes + recovered.tornBytes == file.count, "recovered from other bytes")
    header = recovered.segment.header
    bytes = []
    size = recovered.wholeBytes
    tally = recovered.tally
    hash.update(file.span.extracting(0..<recovered.wholeBytes))
  }

  /// Counts of frames and events, and their time span, so far.
  public var summary: SegmentSummary { tally.summary }

  /// Appends a frame record and, if the frame has masks, a masks record.
  ///
  /// - Throws: ``FormatError`` if the first frame isn't a keyframe, a time goes back, a number doesn't rise, its masks change a list
  ///   that isn't there, or a limit of the format would be passed.
  public mutating func append(_ frame: FrameRecord) throws(FormatError) {
    do throws(FormatError.Reason) {
      try frame.check()
      front.removeAll(keepingCapacity: true)
      frame.appendFront(to: &front)
      let place = try end(of: size, payload: front.count + frame.coded.count)
      guard let record = frame.masks else {
        try tally.note(frame, at: size, endingAt: place)
        if frame.isKey { masks.forget() }
        append(front, frame.coded, type: .frame, flags: frame.isKey ? RecordFlags.key : 0)
        return
      }
      var (masks, tally) = (masks, tally)
      if frame.isKey { masks.forget() }
      let listed = try masks.payload(of: record, header)
      try tally.note(frame, at: size, endingAt: place)
      try tally.noteMasks(endingAt: end(of: place, payload: listed.count))
      (self.masks, self.tally) = (masks, tally)
      append(front, frame.coded, type: .frame, flags: frame.isKey ? RecordFlags.key : 0)
      append(listed, type: .masks, flags: 0)
    } catch {
      throw FormatError(error, writing: true, record: tally.records, offset: size)
    }
  }

  /// Appends an event. Events keep their own time, which may be earlier than that of frames already
  /// written.
  ///
  /// - Throws: ``FormatError`` if a limit of the format would be passed.
  public mutating func append(_ event: EventRecord) throws(FormatError) {
    do throws(FormatError.Reason) {
      try event.check()
      let payload = event.payload
      try tally.note(event, endingAt: end(of: size, payload: payload.count))
      append(payload, type: .event, flags: 0)
    } catch {
      throw FormatError(error, writing: true, record: tally.records, offset: size)
    }
  }

  /// Appends a note. Notes keep their own time, as events do.
  ///
  /// - Throws: ``FormatError`` if a limit of the format would be passed.
  public mutating func append(_ note: NoteRecord) throws(FormatError) {
    do throws(FormatError.Reason) {
      try note.check()
      let payload = note.payload
      try tally.noteOther(endingAt: end(of: size, payload: payload.count))
      append(payload, type: .note, flags: 0)
    } catch {
      throw FormatError(error, writing: true, record: tally.records, offset: size)
    }
  }

  /// Removes all ``bytes``, after the caller stored them, and reuses their memory. Returns their number.
  @discardableResult
  public mutating func drain() -> Int {
    let count = bytes.count
    bytes.removeAll(keepingCapacity: true)
    return count
  }

  /// Ends the segment. ``SealedSegment/bytes`` are the bytes not yet drained, up to the end of the file.
  ///
  /// - Parameters:
  ///   - index: the segment's place in its session, without gaps from 0.
  ///   - previous: the digest of the previous segment's whole file; ``SHA256Digest/zero`` for index 0 only.
  /// - Throws: ``FormatError`` if the segment holds no frame.
  public consuming func seal(index: UInt32, previous: SHA256Digest) throws(FormatError) -> SealedSegment {
    precondition(
      (index == 0) == (previous == .zero), "the first segment has none before it, and every other has one")
    guard tally.summary.frames > 0 else {
      throw FormatError(.noFrames, writing: true, record: tally.records, offset: size)
    }
    let seal = Seal(
      index: index, previous: previous, content: hash.digest(), summary: tally.summary, entries: tally.entries
    )
    var record: [UInt8] = []
    Framing.append(seal.payload(at: size), type: .seal, flags: 0, to: &record)
    hash.update(record.span)
    return SealedSegment(
      header: header, bytes: bytes + record, size: size + record.count, digest: hash.digest(), seal: seal)
  }

  /// Where a record with `count` bytes of payload would end in the file.
  private func end(of place: Int, payload count: Int) throws(FormatError.Reason) -> Int {
    guard count <= FormatLimits.payloadBytes else {
      throw .overLimit("the record's length", value: count, limit: FormatLimits.payloadBytes)
    }
    return place + FormatLimits.recordHeadBytes + count
  }

  private mutating func append(_ payload: [UInt8], _ rest: [UInt8] = [], type: RecordType, flags: UInt8) {
    let start = bytes.count
    Framing.append(payload, rest, type: type, flags: flags, to: &bytes)
    var hash = hash
    hash.update(bytes.span.extracting(start..<bytes.count))
    self.hash = hash
    size += bytes.count - start
  }
}

/// A finished segment.
public struct SealedSegment: Sendable {
  public var header: SegmentHeader
  /// The end of the file: the bytes that were not drained before.
  public var bytes: [UInt8]
  /// Bytes of the whole file.
  public var size: Int
  /// The SHA-256 of the whole file, which the next segment's seal names.
  public var digest: SHA256Digest
  public var seal: Seal
}
