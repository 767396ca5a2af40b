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
    var list: [ListedMask]?
    var current: Set<ListedMask> = []
    var expected: [Set<ListedMask>] = []
    for number in 0..<20 {
      let isKey = number == 0 || Int.random(in: 0..<5, using: &generator) == 0
      if isKey { list = nil }
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        current.insert(MasksTests.random(&generator))
        if let gone = current.randomElement(using: &generator), Bool.random(using: &generator) {
          current.remove(gone)
        }
      }
      let masks = MasksRecord.record(of: Array(current), after: &list)
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
    var list: [ListedMask]?
    #expect(MasksRecord.record(of: [mask], after: &list)?.isComplete == true)
    #expect(MasksRecord.record(of: [mask], after: &list) == nil)
    #expect(MasksRecord.record(of: [], after: &list)?.isComplete == true)
    #expect(list == [])
  }

  @Test func masksFollowTheirFrame() throws {
    let all = MasksRecord(all: [])
    var change = all
    change.isComplete = false
    let header = try SegmentWriter(header: Samples.header).bytes
    func reason(_ records: [UInt8]...) throws -> FormatError.Reason? {
      try SegmentReader.recover(header + records.joined()).damage?.reason
    }
    let key = Samples.framed(frame(0, key: true, nil).payload, type: 2, flags: 1)
    let event = Samples.framed(EventRecord(time: 0, json: []).payload, type: 3)
    let complete = Samples.framed(all.payload, type: 5)
    #expect(try reason(key, complete) == nil)
    #expect(try reason(complete) == .masksWithoutFrame)
    #expect(try reason(key, complete, complete) == .masksWithoutFrame)
    #expect(try reason(key, event, complete) == .masksWithoutFrame)
    #expect(try reason(key, Samples.framed(change.payload, type: 5)) == .masksWithoutList)
    change.removed = [0]
    let two = Samples.framed(frame(1, nil).payload, type: 2)
    #expect(
      try reason(key, complete, two, Samples.framed(change.payload, type: 5)) == .badValue("a mask's place"))
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
