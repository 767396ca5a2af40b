import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct DamageTests {
  @Test func everyFlipOfAByteIsFound() throws {
    var bytes = try Samples.example().bytes
    var missed: [String] = []
    for offset in bytes.indices {
      for flip in UInt8(1)...255 {
        bytes[offset] ^= flip
        if (try? SegmentReader.read(bytes)) != nil { missed.append("byte \(offset) ^ \(flip)") }
        bytes[offset] ^= flip
      }
    }
    #expect(missed.isEmpty)
  }

  @Test func everyTruncationIsFound() throws {
    let whole = try Samples.random(seed: 11, records: 12).seal(index: 0, previous: .zero).bytes
    for count in whole.indices {
      #expect(throws: FormatError.self, "\(count) bytes") { try SegmentReader.read(Array(whole[..<count])) }
    }
    #expect(throws: FormatError.self) { try SegmentReader.read(whole + [0]) }
  }

  @Test func everyPrefixIsRecoveredToItsLastWholeRecord() throws {
    var ends: [(end: Int, frames: Int, events: Int)] = []
    var generator = SeededGenerator(seed: 12)
    var writer = try SegmentWriter(header: Samples.header)
    ends.append((writer.size, 0, 0))
    for index in 0..<14 {
      if index % 3 == 2 {
        try writer.append(EventRecord(time: Int64(index), json: randomBytes(index, &generator)))
      } else {
        try writer.append(
          FrameRecord(
            time: Int64(index), number: index, isKey: index == 0, coded: randomBytes(index, &generator)))
      }
      ends.append((writer.size, writer.summary.frames, writer.summary.events))
    }
    let bytes = writer.bytes
    for count in 0...bytes.count {
      let prefix = Array(bytes[..<count])
      guard let last = ends.last(where: { $0.end <= count }) else {
        #expect(throws: FormatError.self) { try SegmentReader.recover(prefix) }
        continue
      }
      let found = try SegmentReader.recover(prefix)
      #expect(found.wholeBytes == last.end)
      #expect(found.tornBytes == count - last.end)
      #expect((found.damage == nil) == (found.tornBytes == 0))
      #expect(found.segment.frames.count == last.frames)
      #expect(found.segment.events.count == last.events)
      let continued = SegmentWriter(continuing: found, of: prefix)
      guard last.frames > 0 else { continue }
      let sealed = try continued.seal(index: 0, previous: .zero)
      let file = Array(prefix[..<found.wholeBytes]) + sealed.bytes
      #expect(sealed.size == file.count)
      #expect(sealed.digest == SHA256.digest(file.span))
      let segment = try SegmentReader.read(file)
      #expect(segment.frames == found.segment.frames)
      #expect(segment.events == found.segment.events)
    }
  }

  @Test func aContinuedSegmentIsTheSameAsOneThatWasNotCut() throws {
    let whole = try Samples.random(seed: 13, records: 10)
    let sealed = try whole.seal(index: 0, previous: .zero)
    let found = try SegmentReader.recover(whole.bytes)
    let again = try SegmentWriter(continuing: found, of: whole.bytes).seal(index: 0, previous: .zero)
    #expect(whole.bytes + again.bytes == sealed.bytes)
  }

  @Test func damageInTheMiddleEndsTheRecovery() throws {
    let writer = try Samples.random(seed: 14, records: 12)
    let segment = try SegmentReader.recover(writer.bytes).segment
    let sealed = try writer.seal(index: 0, previous: .zero)
    let third = sealed.seal.entries[2].offset
    var bytes = writer.bytes
    bytes[third + 12] ^= 1
    let found = try SegmentReader.recover(bytes)
    #expect(found.segment.frames == Array(segment.frames[..<2]))
    #expect(found.wholeBytes == third)
    #expect(found.damage?.reason == .checksum)
    #expect(found.damage?.offset == third)
  }

  /// Reads `bytes` after the example's header, as an open segment.
  private func recovered(_ records: [UInt8]...) throws -> RecoveredSegment {
    try SegmentReader.recover(try SegmentWriter(header: Samples.header).bytes + records.joined())
  }

  @Test func unknownRecordsArePassedOver() throws {
    let frame = FrameRecord(time: 1, number: 1, isKey: true, coded: [7])
    let found = try recovered(
      Samples.framed([1, 2, 3], type: 99, flags: 0xFE), Samples.framed(frame.payload, type: 2, flags: 0xFF),
      Samples.framed([], type: 98))
    #expect(found.damage == nil)
    #expect(found.segment.unknownRecords == 2)
    #expect(found.segment.frames == [frame])
  }

  @Test func anUnknownRecordsChecksumCounts() throws {
    var record = Samples.framed([1, 2, 3], type: 99)
    record[11] ^= 4
    #expect(try recovered(record).damage?.reason == .checksum)
  }

  @Test func recordsOutOfPlace() throws {
    #expect(try recovered(Samples.framed(Samples.header.payload, type: 1)).damage?.reason == .secondHeader)
    let frame = FrameRecord(time: 1, number: 1, isKey: false, coded: []).payload
    #expect(try recovered(Samples.framed(frame, type: 2)).damage?.reason == .firstFrameNotKey)
    let bytes = Framing.magic + Samples.framed(frame, type: 2, flags: 1)
    #expect(throws: FormatError(.headerNotFirst, writing: false, record: 0, offset: 8)) {
      try SegmentReader.recover(bytes)
    }
  }

  @Test func nothingFollowsTheSeal() throws {
    let sealed = try Samples.example()
    let seal = Array(sealed.bytes[0xA2...])
    for more in [Samples.framed([1], type: 99), seal, Samples.framed(Samples.header.payload, type: 1)] {
      let error = #expect(throws: FormatError.self) { try SegmentReader.read(sealed.bytes + more) }
      #expect(error?.reason == .bytesAfterSeal(more.count))
      #expect(error?.offset == sealed.size)
      let found = try SegmentReader.recover(sealed.bytes + more)
      #expect(found.segment.seal == sealed.seal)
      #expect(found.tornBytes == more.count)
    }
  }

  @Test func filesOfOtherKindsAreNamed() throws {
    func reason(_ bytes: [UInt8]) -> FormatError.Reason? {
      do {
        _ = try SegmentReader.read(bytes)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(reason([]) == .truncated(needed: 8, present: 0))
    #expect(reason(Array("hello, world".utf8)) == .notASegment)
    #expect(reason([0x9D, 0x53, 0x43, 0x52, 0x49, 0x4D, 2, 0x0A, 0]) == .unsupportedVersion(2))
    // A line feed that became two bytes in a copy made as text.
    #expect(reason([0x9D, 0x53, 0x43, 0x52, 0x49, 0x4D, 1, 0x0D, 0x0A]) == .notASegment)
    let open = try Samples.random(seed: 1, records: 3).bytes
    #expect(reason(open) == .notSealed)
    var header = Samples.header.payload
    header[32] = 3
    #expect(reason(Framing.magic + Samples.framed(header, type: 1)) == .unsupportedEntropyCoding(3))
  }

  @Test func headersGrowAtTheirEnd() throws {
    let header = Framing.magic + Samples.framed(Samples.header.payload + [1, 2, 3], type: 1)
    #expect(try SegmentReader.recover(header).segment.header == Samples.header)
  }

  @Test func sealsGrowBeforeTheirLastFourBytes() throws {
    let writer = try Samples.random(seed: 2, records: 5)
    let seal = try writer.seal(index: 0, previous: .zero).seal
    var payload = seal.payload(at: writer.size)
    payload.insert(contentsOf: [9, 9, 9], at: payload.count - 4)
    let file = writer.bytes + Samples.framed(payload, type: 127)
    #expect(try SegmentReader.read(file).seal == seal)
  }

  /// A seal with a correct checksum in which every byte is changed in turn must be found to contradict the
  /// records.
  @Test func aChangedSealIsFound() throws {
    let writer = try Samples.random(seed: 3, records: 6)
    let sealed = try writer.seal(index: 0, previous: .zero)
    let payload = sealed.seal.payload(at: writer.size)
    for offset in payload.indices {
      for flip in [1, 2, 0x80, 0xFF] as [UInt8] {
        var lie = payload
        lie[offset] ^= flip
        let file = writer.bytes + Samples.framed(lie, type: 127)
        #expect(throws: FormatError.self, "byte \(offset) ^ \(flip)") { try SegmentReader.read(file) }
      }
    }
  }

  @Test func claimedLengthsAreNotBelieved() throws {
    var record: [UInt8] = [2, 1]
    record.appendLittleEndian(UInt32(FormatLimits.payloadBytes))
    record += [0, 0, 0, 0, 1, 2, 3]
    #expect(
      try recovered(record).damage?.reason == .truncated(needed: FormatLimits.payloadBytes, present: 3))
    record = [2, 1]
    record.appendLittleEndian(UInt32.max)
    record += [0, 0, 0, 0, 1, 2, 3]
    #expect(
      try recovered(record).damage?.reason
        == .overLimit("the record's length", value: Int(UInt32.max), limit: FormatLimits.payloadBytes))
  }

  @Test func randomBytesNeverCrash() throws {
    var generator = SeededGenerator(seed: 15)
    let whole = try Samples.random(seed: 16, records: 8).seal(index: 0, previous: .zero).bytes
    for _ in 0..<3000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let at = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + 9))
        default: bytes.insert(contentsOf: randomBytes(5, &generator), at: at)
        }
      }
      if bytes != whole { #expect(throws: FormatError.self) { try SegmentReader.read(bytes) } }
    }
  }
}
