import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct MasksTests {
  private static func random(_ generator: inout SeededGenerator) -> ListedMask {
    let x = Int.random(in: 0...3, using: &generator)
    let y = Int.random(in: 0...2, using: &generator)
    return ListedMask(
      rect: Rect(
        x: x, y: y, width: Int.random(in: 1...(4 - x), using: &generator),
        height: Int.random(in: 1...(3 - y), using: &generator)),
      kind: MaskKind.allCases.randomElement(using: &generator)!,
      reason: ListedMask.Reason.allCases.randomElement(using: &generator)!,
      role: [nil, "label", "push button", "é"].randomElement(using: &generator)!)
  }

  private func frame(_ number: Int, key: Bool = false, _ masks: MasksRecord?) -> FrameRecord {
    FrameRecord(time: Int64(number), number: number, isKey: key, coded: [], masks: masks)
  }

  /// For any sequence of lists, a reader has at each frame the list that the writer was given.
  @Test(arguments: 0..<30) func listsReturn(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    var writer = try SegmentWriter(header: Samples.header)
    var history = MaskHistory()
    var current: Set<ListedMask> = []
    var expected: [Set<ListedMask>] = []
    for number in 0..<20 {
      let isKey = number == 0 || Int.random(in: 0..<5, using: &generator) == 0
      if isKey { history.forget() }
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        current.insert(MasksTests.random(&generator))
        if let gone = current.randomElement(using: &generator), Bool.random(using: &generator) {
          current.remove(gone)
        }
      }
      let masks = history.record(of: Array(current))
      if isKey { #expect(masks?.isComplete == true) }
      try writer.append(frame(number, key: isKey, masks))
      expected.append(current)
    }
    let segment = try SegmentReader.read(writer.seal(index: 0, previous: .zero).bytes)
    #expect(segment.unknownRecords == 0)
    var read: [ListedMask]?
    for (frame, expected) in zip(segment.frames, expected) {
      if frame.isKey { read = nil }
      frame.masks?.apply(to: &read)
      let read = try #require(read)
      #expect(Set(read) == expected)
      #expect(read.count == expected.count)
    }
  }

  @Test func unchangedMasksAreNotWritten() {
    let mask = ListedMask(rect: Rect(x: 0, y: 0, width: 2, height: 2), kind: .text, reason: .rule)
    var history = MaskHistory()
    let (first, again) = (history.record(of: [mask]), history.record(of: [mask]))
    let none = history.record(of: [])
    #expect(first?.isComplete == true)
    #expect(again == nil)
    #expect(none?.removed == [0])
    #expect(history.list == [])
    history.forget()
    let last = history.record(of: [])
    #expect(last?.isComplete == true)
  }

  /// Rows of a form: a label and an entry each, and two buttons.
  private func form(x: Int, y: Int) -> [ListedMask] {
    var masks: [ListedMask] = []
    for row in 0..<8 {
      masks.append(
        ListedMask(
          rect: Rect(x: x, y: y + 39 * row, width: 102, height: 38), kind: .text, reason: .default,
          role: "label"))
      masks.append(
        ListedMask(
          rect: Rect(x: x + 103, y: y + 39 * row, width: 517, height: 38), kind: .input, reason: .default,
          role: "entry"))
    }
    for column in 0..<2 {
      masks.append(
        ListedMask(
          rect: Rect(x: x + 439 + 90 * column, y: y + 320, width: 89, height: 38), kind: .text,
          reason: .default, role: "push button"))
    }
    return masks
  }

  /// Masks that are alike take few bits, and a window that moves takes one entry whatever it holds.
  @Test func aFormAndItsMovementAreSmall() throws {
    var header = Samples.header
    (header.width, header.height) = (1280, 800)
    var (history, writer, reader) = (MaskHistory(), MasksCoder(), MasksCoder())
    func sent(_ masks: [ListedMask]) throws -> (record: MasksRecord, bytes: Int) {
      let change = history.record(of: masks)
      let record = try #require(change)
      let payload = try writer.payload(of: record, header)
      var bytes = ByteReader(payload, 0..<payload.count)
      let read = try reader.record(&bytes, header)
      #expect(read == record)
      #expect(Set(reader.masks ?? []) == Set(masks))
      return (record, payload.count)
    }
    let first = try sent(form(x: 330, y: 240))
    #expect(first.record.isComplete)
    #expect(first.bytes <= 48, "\(first.bytes) bytes")
    let moved = try sent(form(x: 301, y: 182))
    #expect(moved.record.moved?.places.count == 18 && moved.record.removed.isEmpty)
    #expect(moved.record.added.isEmpty)
    #expect(moved.bytes <= 10, "\(moved.bytes) bytes")
    var typed = form(x: 301, y: 182)
    typed[1].rect.width -= 7
    let changed = try sent(typed)
    #expect(changed.record.removed.count == 1 && changed.record.added.count == 1)
    #expect(changed.bytes <= 10, "\(changed.bytes) bytes")
  }

  /// A record of which half is missing is refused, and chance makes no more masks than its bytes pay for. What is cut off by less may
  /// be read as other masks: the record's checksum and length are there for that.
  @Test func damagedListsAreRefusedOrSmall() throws {
    var header = Samples.header
    (header.width, header.height) = (1280, 800)
    var writer = MasksCoder()
    let payload = try writer.payload(of: MasksRecord(all: form(x: 330, y: 240)), header)
    for end in 1..<(payload.count / 2) {
      var bytes = ByteReader(payload, 0..<end)
      var reader = MasksCoder()
      #expect(throws: FormatError.Reason.self) { _ = try reader.record(&bytes, header) }
      #expect(reader.masks == nil)
    }
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      var noise: [UInt8] = [UInt8.random(in: 0...1, using: &generator)]
      for _ in 0..<Int.random(in: 0..<60, using: &generator) {
        noise.append(Bool.random(using: &generator) ? 0xFF : UInt8.random(in: 0...255, using: &generator))
      }
      var bytes = ByteReader(noise, 0..<noise.count)
      var reader = writer
      let record = try? reader.record(&bytes, header)
      #expect((record?.added.count ?? 0) <= 100 * noise.count)
      if record == nil { #expect(reader.masks == writer.masks) }
    }
  }

  /// A record may keep a long list in few bytes, so all lists of a segment together have a limit, with moves and new lists too.
  @Test func theListsOfASegmentHaveALimit() throws {
    let mask = ListedMask(rect: Rect(x: 0, y: 0, width: 1, height: 1), kind: .text, reason: .rule)
    let list = (0..<3).map { place in
      var mask = mask
      mask.rect.x = place
      return mask
    }
    var move = MasksRecord()
    move.moved = MasksRecord.Movement(x: 0, y: 1, places: [0, 1, 2])
    for last in [MasksRecord(), MasksRecord(all: list), move] {
      var (writer, strict) = (MasksCoder(), MasksCoder(listedLimit: 8))
      var (reader, strictReader) = (MasksCoder(), MasksCoder(listedLimit: 8))
      for (place, record) in [MasksRecord(all: list), MasksRecord(), last].enumerated() {
        let payload = try writer.payload(of: record, Samples.header)
        var bytes = ByteReader(payload, 0..<payload.count)
        var again = bytes
        _ = try reader.record(&bytes, Samples.header)
        guard place == 2 else {
          #expect(try strict.payload(of: record, Samples.header) == payload)
          _ = try strictReader.record(&again, Samples.header)
          continue
        }
        let refusal = FormatError.Reason.overLimit("the number of masks in all lists", value: 9, limit: 8)
        #expect(throws: refusal) { _ = try strict.payload(of: record, Samples.header) }
        #expect(throws: refusal) { _ = try strictReader.record(&again, Samples.header) }
      }
    }
  }

  /// Where the lists of a segment would exceed half of the limit, the whole picture is listed; the next segment starts anew.
  @Test func longListsBecomeOne() throws {
    let list = (0..<3).map { place in
      ListedMask(rect: Rect(x: place, y: 0, width: 1, height: 1), kind: .text, reason: .rule)
    }
    let picture = ListedMask(rect: Rect(x: 0, y: 0, width: 4, height: 3), kind: .other, reason: .tooMany)
    let kept = KeptSegments()
    var builder = try SegmentBuilder(to: kept, Samples.header, CodingOptions())
    builder.listedMasksLimit = 16
    var expected: [[ListedMask]] = []
    for number in 0..<8 {
      if number == 6 { try builder.seal() }
      let isKey = number % 6 == 0
      let masks = Array(list.prefix(3 - number % 2))
      let info = FrameInfo(
        time: Int64(number), number: number, status: [], withheldTiles: 0, masks: masks)
      try builder.begin(FrameStart(info: info, isKey: isKey, width: 4, height: 3))
      try builder.end()
      // 3 + 2 + 3 are 8.
      expected.append((3..<6).contains(number) ? [picture] : masks)
    }
    let segments = try builder.withOutput { (output) throws(FormatError) in output.sealed }
    var shown: [[ListedMask]] = []
    for bytes in segments {
      var masks: [ListedMask]?
      for frame in try SegmentReader.read(bytes).frames {
        if frame.isKey { masks = nil }
        frame.masks?.apply(to: &masks)
        shown.append(masks ?? [])
      }
    }
    #expect(shown.map(Set.init) == expected.map(Set.init))
  }

  @Test func masksFollowTheirFrame() throws {
    let all = MasksRecord(all: [])
    let header = try SegmentWriter(header: Samples.header).bytes
    func reason(_ records: [UInt8]...) throws -> FormatError.Reason? {
      try SegmentReader.recover(header + records.joined()).damage?.reason
    }
    let key = Samples.framed(frame(0, key: true, nil).payload, type: 2, flags: 1)
    let event = Samples.framed(EventRecord(time: 0, json: []).payload, type: 3)
    var coder = MasksCoder()
    let complete = Samples.framed(try coder.payload(of: all, Samples.header), type: 5)
    #expect(try reason(key, complete) == nil)
    #expect(try reason(complete) == .masksWithoutFrame)
    #expect(try reason(key, complete, complete) == .masksWithoutFrame)
    #expect(try reason(key, event, complete) == .masksWithoutFrame)
    let change = Samples.framed(try coder.payload(of: MasksRecord(), Samples.header), type: 5)
    #expect(try reason(key, change) == .masksWithoutList)
    let next = Samples.framed(frame(1, nil).payload, type: 2)
    #expect(try reason(key, complete, next, change) == nil)
    // A keyframe forgets the list.
    let key2 = Samples.framed(frame(1, key: true, nil).payload, type: 2, flags: 1)
    #expect(try reason(key, complete, key2, change) == .masksWithoutList)
  }

  @Test func aChangeNamesPlacesOfItsList() throws {
    var writer = try SegmentWriter(header: Samples.header)
    let mask = ListedMask(rect: Rect(x: 1, y: 1, width: 2, height: 2), kind: .text, reason: .rule)
    try writer.append(frame(0, key: true, MasksRecord(all: [mask])))
    var change = MasksRecord()
    for (removed, places) in [([1], []), ([0, 0], []), ([], [2])] {
      change.removed = removed
      change.moved = MasksRecord.Movement(x: 1, y: 0, places: places)
      #expect(throws: FormatError.self) { try writer.append(frame(1, change)) }
    }
    change.removed = []
    change.moved = MasksRecord.Movement(x: 2, y: 0, places: [0])
    // It would stick out of the picture.
    #expect(throws: FormatError.self) { try writer.append(frame(1, change)) }
    change.moved = MasksRecord.Movement(x: 1, y: -1, places: [0])
    try writer.append(frame(1, change))
    let segment = try SegmentReader.read(writer.seal(index: 0, previous: .zero).bytes)
    #expect(segment.frames[1].masks == change)
  }

  @Test func aMaskLiesInThePicture() throws {
    var writer = try SegmentWriter(header: Samples.header)
    for rect in [
      Rect(x: 0, y: 0, width: 5, height: 1), Rect(x: -1, y: 0, width: 1, height: 1),
      Rect(x: 0, y: 0, width: 0, height: 1),
    ] {
      let masks = MasksRecord(all: [ListedMask(rect: rect, kind: .text, reason: .rule)])
      #expect(throws: FormatError.self) { try writer.append(frame(0, key: true, masks)) }
    }
    #expect(writer.summary.frames == 0)
  }

  @Test func notesReturnAndUnknownKindsArePassedOver() throws {
    var writer = try SegmentWriter(header: Samples.header)
    let notes = [
      NoteRecord(time: -5, kind: .gap, offset: 6_000_000_000),
      NoteRecord(time: 7, kind: .clockStep, offset: -31_536_000_000_000_000),
    ]
    try writer.append(frame(0, key: true, nil))
    for note in notes { try writer.append(note) }
    #expect(throws: FormatError.self) { try writer.append(NoteRecord(time: 0, kind: .gap, offset: 0)) }
    let bytes = writer.bytes + Samples.framed([0, 9, 0], type: 4)
    let found = try SegmentReader.recover(bytes)
    #expect(found.damage == nil)
    #expect(found.segment.notes == notes)
    #expect(found.segment.unknownRecords == 1)
    let sealed = try writer.seal(index: 0, previous: .zero)
    #expect(sealed.seal.summary == SegmentSummary(frames: 1, events: 0, times: 0...0))
  }
}

/// Keeps sealed segments in memory.
private struct KeptSegments: SegmentOutput {
  typealias Failure = FormatError

  var sealed: [[UInt8]] = []
  private var open: SegmentWriter?
  private var last = SHA256Digest.zero

  var openSegmentSize: Int? { open?.size }

  mutating func begin(_ segment: consuming SegmentWriter) { open = segment }
  mutating func append(_ frame: FrameRecord) throws(FormatError) { try open?.append(frame) }
  mutating func append(_ event: EventRecord) throws(FormatError) { try open?.append(event) }
  mutating func append(_ note: NoteRecord) throws(FormatError) { try open?.append(note) }

  mutating func seal() throws(FormatError) {
    guard let segment = open.take() else { return }
    let result = try segment.seal(index: UInt32(sealed.count), previous: last)
    sealed.append(result.bytes)
    last = SHA256.digest(result.bytes.span)
  }

  mutating func finish() throws(FormatError) -> SegmentTotals {
    try seal()
    return SegmentTotals(segments: sealed.count, bytes: sealed.joined().count)
  }
}
