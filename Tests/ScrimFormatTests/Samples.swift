import ScrimTestSupport

@testable import ScrimFormat

func randomBytes(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
  (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

/// Segments built by the tests; frames contain meaningless bytes.
enum Samples {
  static let header = SegmentHeader(
    session: SessionID((0..<16).map { UInt8($0) }), start: 1_700_000_000_123_456_789, width: 4, height: 3,
    policy: SHA256.digest(Array("{}".utf8).span), producer: "scrim 0.1")

  /// The segment of Format.md's example: a keyframe, an event before it in time, a frame that was withheld
  /// in part.
  static func example() throws -> SealedSegment {
    var writer = try SegmentWriter(header: header)
    try writer.append(FrameRecord(time: 549_100_000, number: 0, isKey: true, coded: [0xC0, 0xDE]))
    try writer.append(EventRecord(time: 540_000_000, json: Array(#"{"type":"key"}"#.utf8)))
    try writer.append(
      FrameRecord(
        time: 649_100_000, number: 2, isKey: false, withheldTiles: 300, status: .withheldInPart, coded: [0xED]
      ))
    return try writer.seal(index: 0, previous: .zero)
  }

  /// A segment with random frames and events, and records of an unknown type on request.
  static func random(seed: UInt64, records: Int) throws -> SegmentWriter {
    var generator = SeededGenerator(seed: seed)
    var writer = try SegmentWriter(header: header)
    var time: Int64 = -5
    var number = 0
    for index in 0..<records {
      time += Int64.random(in: 0...200_000_000, using: &generator)
      if index == 0 || Bool.random(using: &generator) {
        number += Int.random(in: 1...3, using: &generator)
        try writer.append(
          FrameRecord(
            time: time, number: number, isKey: index == 0 || Int.random(in: 0..<4, using: &generator) == 0,
            withheldTiles: Int.random(in: 0..<200, using: &generator), status: [],
            coded: randomBytes(Int.random(in: 0..<40, using: &generator), &generator)))
      } else {
        try writer.append(
          EventRecord(time: time - 3, json: Array(#"{"n":\#(index)}"#.utf8)))
      }
    }
    return writer
  }

  /// The whole file of an undrained segment, with a record of an unknown type after its header.
  static func withUnknownRecord() throws -> (bytes: [UInt8], content: Int) {
    let header = try SegmentWriter(header: header).bytes
    var bytes = header
    bytes += framed([1, 2, 3], type: 99, flags: 0xFE)
    return (bytes, header.count)
  }

  /// A record of any type and payload, with the right checksum.
  static func framed(_ payload: [UInt8], type: UInt8, flags: UInt8 = 0) -> [UInt8] {
    var head: [UInt8] = [type, flags]
    head.appendLittleEndian(UInt32(payload.count))
    let crc = CRC32C.checksum((head + payload).span)
    head.appendLittleEndian(crc)
    return head + payload
  }
}

extension SHA256Digest {
  /// Digest of an arbitrary previous segment.
  static let other = SHA256Digest([UInt8](repeating: 0xAB, count: 32))
}
