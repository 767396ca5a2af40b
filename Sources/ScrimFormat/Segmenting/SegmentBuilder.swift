package import ScrimCodec
import ScrimImage
import ScrimRedact

/// Compresses serialised frames and writes them, with events, into the segments of an output: the half of
/// coding that reads no pixels.
package struct SegmentBuilder<Output: SegmentOutput & ~Copyable>: ~Copyable, SegmenterOutput {
  private var header: SegmentHeader
  private var compressor: PayloadCompressor
  private var output: Output
  /// The frame that is being compressed; nil between frames, and after an error.
  private var frame: FrameStart?
  private var lastSizes = SegmentSizes()
  /// Events from before the first segment.
  private var earlyEvents: [EventRecord] = []
  private var earlyNotes: [NoteRecord] = []
  private var masks = MaskHistory()
  /// Masks of all lists of the open segment together.
  private var listedMasks = 0
  /// The limit of a segment's lists together.
  var listedMasksLimit = FormatLimits.listedMasks

  /// - Parameter header: of the first segment; it has the session's id and the size of the first pictures.
  package init(
    to output: consuming Output, _ header: SegmentHeader, _ options: CodingOptions
  ) throws(SegmentingError<Output.Failure>) {
    do { compressor = try PayloadCompressor(options) } catch { throw .codec(error) }
    self.header = header
    self.output = output
  }

  package var sizes: SegmentSizes {
    var sizes = lastSizes
    sizes.open = output.openSegmentSize
    return sizes
  }

  package var openSegmentSizeBound: Int? { lastSizes.isBroken ? .max : output.openSegmentSize }

  package func settle() -> SegmentSizes { sizes }

  package mutating func append(_ event: EventRecord) throws(SegmentingError<Output.Failure>) {
    if output.openSegmentSize == nil {
      earlyEvents.append(event)
    } else {
      do { try output.append(event) } catch { throw .output(error) }
    }
  }

  package mutating func append(_ note: NoteRecord) throws(SegmentingError<Output.Failure>) {
    if output.openSegmentSize == nil {
      earlyNotes.append(note)
    } else {
      do { try output.append(note) } catch { throw .output(error) }
    }
  }

  package mutating func begin(_ next: FrameStart) throws(SegmentingError<Output.Failure>) {
    frame = nil
    if header.width != next.width || header.height != next.height {
      if output.openSegmentSize != nil { try seal() }
      header.width = next.width
      header.height = next.height
    }
    // A frame is useless without the one that it builds on.
    guard next.isKey || (output.openSegmentSize != nil && !lastSizes.isBroken) else { return }
    compressor.begin(keyframe: next.isKey)
    frame = next
    lastSizes.isBroken = false
  }

  package mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) throws(CodecError) {
    guard frame != nil else { return }
    do throws(CodecError) { try compressor.take(&plain, of: part, ends: ends) } catch {
      frame = nil
      lastSizes.isBroken = true
      throw error
    }
  }

  package mutating func end() throws(SegmentingError<Output.Failure>) {
    guard let start = frame else { return }
    frame = nil
    var history = masks
    // Stays so unless everything below succeeds.
    masks.forget()
    if start.isKey { history.forget() }
    if output.openSegmentSize == nil { listedMasks = 0 }
    let listed = start.info.masks.flatMap { history.record(of: affordable($0)) }
    let record = FrameRecord(
      time: start.info.time, number: start.info.number, isKey: start.isKey,
      withheldTiles: start.info.withheldTiles, status: start.info.status, coded: compressor.payload,
      masks: listed)
    let count = record.coded.count
    (lastSizes.keyframe, lastSizes.sinceKeyframe) =
      start.isKey ? (count, 0) : (lastSizes.keyframe, lastSizes.sinceKeyframe + count)
    if output.openSegmentSize == nil {
      try open(with: record)
    } else {
      do { try output.append(record) } catch { throw .output(error) }
    }
    masks = history
    if listed != nil { listedMasks += history.list?.count ?? 0 }
  }

  /// The masks; the whole picture as one mask if the lists of the segment would become too long together. Half of the limit is kept
  /// for such lists, of which a segment can't have more.
  private func affordable(_ masks: [ListedMask]) -> [ListedMask] {
    if listedMasks + masks.count <= listedMasksLimit / 2 { return masks }
    let picture = Rect(x: 0, y: 0, width: header.width, height: header.height)
    return [ListedMask(rect: picture, kind: .other, reason: .tooMany)]
  }

  package mutating func seal() throws(SegmentingError<Output.Failure>) {
    guard output.openSegmentSize != nil else { return }
    do { try output.seal() } catch { throw .output(error) }
  }

  /// Runs `body` with the output.
  ///
  /// - Parameter sealing: whether the open segment is sealed before, so that the next frame must be a keyframe.
  package mutating func withOutput<Result>(
    sealing: Bool = true, _ body: (inout Output) throws(Output.Failure) -> Result
  ) throws(SegmentingError<Output.Failure>) -> Result {
    if sealing { try seal() }
    do { return try body(&output) } catch { throw .output(error) }
  }

  /// Seals the open segment and ends the session.
  package mutating func finish() throws(SegmentingError<Output.Failure>) -> SegmentTotals {
    do { return try output.finish() } catch { throw .output(error) }
  }

  private mutating func open(with frame: FrameRecord) throws(SegmentingError<Output.Failure>) {
    let segment: SegmentWriter
    do { segment = try newSegment(with: frame) } catch { throw .format(error) }
    do { try output.begin(segment) } catch { throw .output(error) }
    earlyEvents.removeAll()
    earlyNotes.removeAll()
  }

  private func newSegment(with frame: FrameRecord) throws(FormatError) -> SegmentWriter {
    var segment = try SegmentWriter(header: header)
    for note in earlyNotes { try segment.append(note) }
    for event in earlyEvents { try segment.append(event) }
    try segment.append(frame)
    return segment
  }
}
