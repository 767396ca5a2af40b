import ScrimTestSupport
import Testing

@testable import ScrimFormat

@Suite struct SegmentTests {
  @Test func readingGivesTheWrittenSegment() throws {
    let sealed = try Samples.example()
    #expect(sealed.size == sealed.bytes.count)
    #expect(sealed.digest == SHA256.digest(sealed.bytes.span))
    let segment = try SegmentReader.read(sealed.bytes)
    #expect(segment.header == Samples.header)
    #expect(segment.frames.map(\.time) == [549_100_000, 649_100_000])
    #expect(segment.frames.map(\.number) == [0, 2])
    #expect(segment.frames.map(\.isKey) == [true, false])
    #expect(segment.frames.map(\.withheldTiles) == [0, 300])
    #expect(segment.frames.map(\.status) == [[], .withheldInPart])
    #expect(segment.frames.map(\.coded) == [[0xC0, 0xDE], [0xED]])
    #expect(segment.events == [EventRecord(time: 540_000_000, json: Array(#"{"type":"key"}"#.utf8))])
    #expect(segment.unknownRecords == 0)
    let seal = try #require(segment.seal)
    #expect(seal == sealed.seal)
    #expect(seal.summary == SegmentSummary(frames: 2, events: 1, times: 540_000_000...649_100_000))
  }

  @Test func randomSegmentsReturn() throws {
    for seed in 0..<40 {
      let writer = try Samples.random(seed: UInt64(seed), records: 30)
      let summary = writer.summary
      let sealed = try writer.seal(index: 7, previous: .other)
      let segment = try SegmentReader.read(sealed.bytes)
      #expect(segment.frames.count == summary.frames)
      #expect(segment.events.count == summary.events)
      var again = try SegmentWriter(header: segment.header)
      var frames = segment.frames[...]
      var events = segment.events[...]
      while frames.first != nil || events.first != nil {
        // The file is ordered by time here, with events 3 ns before their position.
        if let frame = frames.first, events.first.map({ frame.time <= $0.time + 3 }) ?? true {
          try again.append(frames.removeFirst())
        } else {
          try again.append(events.removeFirst())
        }
      }
      if try again.seal(index: 7, previous: .other).bytes != sealed.bytes {
        // Records with equal times may be in either order; then the records must still agree.
        let times = segment.frames.map(\.time)
        #expect(segment.events.contains { times.contains($0.time + 3) }, "seed \(seed)")
      }
    }
  }

  @Test func theTableLeadsToTheFrames() throws {
    let sealed = try Samples.random(seed: 5, records: 30).seal(index: 0, previous: .zero)
    let segment = try SegmentReader.read(sealed.bytes)
    let seal = try #require(segment.seal)
    #expect(seal.entries.count == segment.frames.count)
    for (entry, frame) in zip(seal.entries, segment.frames) {
      #expect(sealed.bytes[entry.offset] == RecordType.frame.rawValue)
      #expect(sealed.bytes[entry.offset + 1] == (frame.isKey ? 1 : 0))
      #expect(entry.time == frame.time)
      #expect(entry.isKey == frame.isKey)
    }
    var last = ByteReader(sealed.bytes, (sealed.size - 4)..<sealed.size)
    let place = Int(try last.littleEndian(UInt32.self))
    #expect(sealed.bytes[place] == RecordType.seal.rawValue)
    #expect(seal.content == SHA256.digest(sealed.bytes.span.extracting(0..<place)))
  }

  @Test func drainingChangesNoByte() throws {
    var writer = try SegmentWriter(header: Samples.header)
    var drained = writer.bytes
    #expect(writer.drain() == drained.count)
    #expect(writer.bytes.isEmpty)
    try writer.append(FrameRecord(time: 549_100_000, number: 0, isKey: true, coded: [0xC0, 0xDE]))
    drained += writer.bytes
    writer.drain()
    try writer.append(EventRecord(time: 540_000_000, json: Array(#"{"type":"key"}"#.utf8)))
    try writer.append(
      FrameRecord(
        time: 649_100_000, number: 2, isKey: false, withheldTiles: 300, status: .withheldInPart, coded: [0xED]
      ))
    drained += writer.bytes
    writer.drain()
    #expect(writer.size == drained.count)
    let sealed = try writer.seal(index: 0, previous: .zero)
    let whole = try Samples.example()
    #expect(drained + sealed.bytes == whole.bytes)
    #expect(sealed.digest == whole.digest)
    #expect(sealed.size == whole.size)
  }

  @Test func extremesReturn() throws {
    var header = Samples.header
    header.start = .min
    header.width = FormatLimits.side
    header.height = FormatLimits.pixels / FormatLimits.side
    header.producer = String(repeating: "é", count: 127)
    var writer = try SegmentWriter(header: header)
    let limit = FormatLimits.time
    try writer.append(
      FrameRecord(
        time: -limit, number: Int(limit) - 1, isKey: true, withheldTiles: FormatLimits.pixels,
        status: [.withheldInPart, .failedClosed], coded: []))
    try writer.append(FrameRecord(time: limit, number: Int(limit), isKey: true, coded: []))
    try writer.append(EventRecord(time: limit, json: []))
    let sealed = try writer.seal(index: .max, previous: .other)
    let segment = try SegmentReader.read(sealed.bytes)
    #expect(segment.header == header)
    #expect(segment.seal?.summary.times == (-limit)...limit)
  }

  @Test func sessionIDs() {
    let text = "00010203-0405-0607-0809-0a0b0c0d0e0f"
    #expect(Samples.header.session.description == text)
    #expect(SessionID(text) == Samples.header.session)
    #expect(SessionID("00010203-0405-0607-0809-0A0B0C0D0E0F") == Samples.header.session)
    for wrong in [
      "", "00010203", "00010203-0405-0607-0809-0a0b0c0d0e0", "0001020304050607-08-09-0a0b-0c0d0e0f",
    ] {
      #expect(SessionID(wrong) == nil)
    }
    var generator = SeededGenerator(seed: 9)
    let random = SessionID(using: &generator)
    #expect(random.description.dropFirst(14).first == "4")
    #expect(SessionID(random.description) == random)
  }
}

@Suite struct SegmentWriterRefusalTests {
  private func reason(_ body: (inout SegmentWriter) throws -> Void) throws -> FormatError.Reason? {
    var writer = try SegmentWriter(header: Samples.header)
    try writer.append(FrameRecord(time: 10, number: 5, isKey: true, coded: []))
    let before = (writer.bytes, writer.summary)
    do {
      try body(&writer)
      return nil
    } catch let error as FormatError {
      #expect(writer.bytes == before.0)
      #expect(writer.summary == before.1)
      #expect(error.record == 2)
      #expect(error.offset == writer.size)
      #expect(!error.description.isEmpty)
      if case .overLimit = error.reason {
        #expect(error.fault == .limit)
      } else {
        #expect(error.fault == .caller)
      }
      return error.reason
    }
  }

  @Test func framesOutOfOrder() throws {
    #expect(
      try reason { try $0.append(FrameRecord(time: 9, number: 6, isKey: true, coded: [])) }
        == .timeBackwards(from: 10, to: 9))
    #expect(
      try reason { try $0.append(FrameRecord(time: 10, number: 5, isKey: true, coded: [])) }
        == .numberNotRising(from: 5, to: 5))
    #expect(try reason { try $0.append(FrameRecord(time: 10, number: 6, isKey: false, coded: [])) } == nil)
  }

  @Test func valuesOutOfRange() throws {
    #expect(
      try reason { try $0.append(FrameRecord(time: 11, number: -1, isKey: true, coded: [])) }
        == .badValue("the frame's number"))
    #expect(
      try reason {
        try $0.append(FrameRecord(time: 11, number: 6, isKey: true, withheldTiles: -1, coded: []))
      }
        == .badValue("the number of withheld tiles"))
    #expect(
      try reason {
        try $0.append(
          FrameRecord(time: 11, number: 6, isKey: true, status: FrameStatus(rawValue: 4), coded: []))
      } == .badValue("the frame's status"))
    #expect(
      try reason { try $0.append(EventRecord(time: .min, json: [])) }
        == .overLimit("the time in ns", value: .min, limit: Int(FormatLimits.time)))
    let long = [UInt8](repeating: 0x20, count: FormatLimits.eventBytes + 1)
    #expect(
      try reason { try $0.append(EventRecord(time: 0, json: long)) }
        == .overLimit("the event's length", value: long.count, limit: FormatLimits.eventBytes))
  }

  @Test func theFirstFrameIsAKeyframe() throws {
    var writer = try SegmentWriter(header: Samples.header)
    let error = try #require(throws: FormatError.self) {
      try writer.append(FrameRecord(time: 0, number: 0, isKey: false, coded: []))
    }
    #expect(error.reason == .firstFrameNotKey)
    #expect(error.fault == .caller)
  }

  @Test func aSegmentHasAFrame() throws {
    var writer = try SegmentWriter(header: Samples.header)
    try writer.append(EventRecord(time: 0, json: []))
    let eventsOnly = writer
    let error = try #require(throws: FormatError.self) { try eventsOnly.seal(index: 0, previous: .zero) }
    #expect(error.reason == .noFrames)
  }

  @Test func headersOutOfRange() throws {
    func refused(_ change: (inout SegmentHeader) -> Void) -> FormatError.Reason? {
      var header = Samples.header
      change(&header)
      do {
        _ = try SegmentWriter(header: header)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(refused { $0.width = 0 } == .badValue("the width"))
    #expect(refused { $0.height = -1 } == .badValue("the height"))
    #expect(
      refused { $0.width = 40_000 } == .overLimit("the width", value: 40_000, limit: FormatLimits.side))
    #expect(
      refused { ($0.width, $0.height) = (32768, 2049) }
        == .overLimit("the number of pixels", value: 32768 * 2049, limit: FormatLimits.pixels))
    #expect(
      refused { $0.producer = String(repeating: "x", count: 256) }
        == .overLimit("the producer's length", value: 256, limit: 255))
  }

  @Test func theChainIsTheCallersToKeep() async {
    await #expect(processExitsWith: .failure) {
      var writer = try SegmentWriter(header: Samples.header)
      try writer.append(FrameRecord(time: 0, number: 0, isKey: true, coded: []))
      _ = try writer.seal(index: 1, previous: .zero)
    }
  }
}
