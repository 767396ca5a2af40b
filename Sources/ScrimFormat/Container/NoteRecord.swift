/// A note about the clock: a gap in the recording, or a step of the wall clock.
public struct NoteRecord: Hashable, Sendable {
  public enum Kind: UInt8, Sendable {
    /// Nothing was recorded for ``NoteRecord/offset`` nanoseconds up to the note's time: the machine slept, the process was stopped, or the
    /// session paused.
    case gap = 1
    /// From the note's time on, the lead of the wall clock (or the clock of a recorded input) over the
    /// session's clock is ``NoteRecord/offset`` nanoseconds larger than before.
    case clockStep = 2
  }

  /// Nanoseconds on the session's clock.
  public var time: Int64
  public var kind: Kind
  /// Nanoseconds; above 0 for a gap.
  public var offset: Int64

  public init(time: Int64, kind: Kind, offset: Int64) {
    self.time = time
    self.kind = kind
    self.offset = offset
  }

  var payload: [UInt8] {
    var payload: [UInt8] = []
    payload.appendZigzag(time)
    payload.append(kind.rawValue)
    payload.appendZigzag(offset)
    return payload
  }

  /// Nil for an unknown kind. Later versions may append fields.
  static func read(payload reader: inout ByteReader) throws(FormatError.Reason) -> NoteRecord? {
    let time = try reader.zigzag()
    let code = try reader.byte()
    let offset = try reader.zigzag()
    guard let kind = Kind(rawValue: code) else { return nil }
    let note = NoteRecord(time: time, kind: kind, offset: offset)
    try note.check()
    return note
  }

  func check() throws(FormatError.Reason) {
    try time.checkRecordTime()
    try offset.checkRecordTime()
    guard kind != .gap || offset > 0 else { throw .badValue("the length of a gap") }
  }
}
