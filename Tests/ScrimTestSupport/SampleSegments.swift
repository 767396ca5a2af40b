package import ScrimFormat

/// Sessions written by the tests; frames contain meaningless bytes.
package enum SampleSegments {
  package static let header = SegmentHeader(
    session: SessionID((0..<16).map { UInt8($0) }), start: 1_700_000_000_123_456_789, width: 64, height: 48,
    policy: SHA256Digest([UInt8](repeating: 0xCD, count: 32)), producer: "scrim/test \"0.1\"")

  /// Frame `number` of a session at 10 frames a second.
  package static func frame(_ number: Int, isKey: Bool = false) -> FrameRecord {
    FrameRecord(
      time: Int64(number) * 100_000_000 + 549_100_000, number: number, isKey: isKey,
      coded: (0..<(number % 7)).map { UInt8(number + $0) })
  }

  package static func segment(_ first: Int, header: SegmentHeader = header) throws -> SegmentWriter {
    var segment = try SegmentWriter(header: header)
    try segment.append(frame(first, isKey: true))
    return segment
  }

  package static let event = EventRecord(time: 540_000_000, json: Array(#"{"type":"key"}"#.utf8))
}
