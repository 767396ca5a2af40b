/// An error in a segment: its kind, its place, and who must fix it.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    /// The bytes are damaged, or a wrong writer wrote them.
    case input
    /// The program asked for something that no valid segment can hold.
    case caller
    /// Beyond the limits of this version of Scrim.
    case limit
  }

  public enum Reason: Error, Hashable, Sendable {
    case truncated(needed: Int, present: Int)
    case notASegment
    case unsupportedVersion(UInt8)
    case unsupportedEntropyCoding(UInt8)
    case checksum
    case malformedNumber
    /// A field with a value that the format doesn't allow.
    case badValue(String)
    case overLimit(String, value: Int, limit: Int)
    case headerNotFirst
    case secondHeader
    case bytesAfterSeal(Int)
    case notSealed
    case noFrames
    case firstFrameNotKey
    case timeBackwards(from: Int64, to: Int64)
    case numberNotRising(from: Int, to: Int)
    case masksWithoutFrame
    case masksWithoutList
    /// A field of the seal contradicts the records.
    case sealDisagrees(String)
    /// The file is an envelope, whose segment is sealed to a public key.
    case sealedToKey
    /// An encrypted message was changed, moved or replaced.
    case messageRefused
  }

  public let reason: Reason
  public let fault: Fault
  /// The record's number in its file; the header is 0.
  public let record: Int
  /// Offset of the record in the file, in bytes.
  public let offset: Int

  init(_ reason: Reason, writing: Bool, record: Int, offset: Int) {
    self.reason = reason
    self.record = record
    self.offset = offset
    switch reason {
    case .overLimit, .unsupportedVersion, .unsupportedEntropyCoding: fault = .limit
    default: fault = writing ? .caller : .input
    }
  }

  public var description: String { "record \(record) at byte \(offset): \(reason.sentence)" }
}

extension FormatError.Reason {
  /// The error and its remedy.
  public var sentence: String {
    switch self {
    case .truncated(let needed, let present):
      "\(needed) bytes are needed and \(present) are there; "
        + "the file was cut off: copy it again, or recover the session it came from"
    case .notASegment:
      "the file doesn't start with the eight bytes of a Scrim segment; it is another kind of file, "
        + "or was copied as text: copy it as binary"
    case .unsupportedVersion(let version):
      "version \(version) of the format is newer than this program, which reads version 1: use a newer Scrim"
    case .unsupportedEntropyCoding(let coding):
      "entropy coding \(coding) is not one that this program reads: use a newer Scrim"
    case .checksum:
      "the checksum doesn't match; the file is damaged: copy it again from where it was made"
    case .malformedNumber: "a number is not in its shortest form; the program that wrote the file is faulty"
    case .badValue(let field): "\(field) has a value that the format doesn't allow"
    case .overLimit(let field, let value, let limit):
      "\(field) is \(value), and the format allows at most \(limit)"
    case .headerNotFirst: "the first record is not the header"
    case .secondHeader: "the segment has a second header record"
    case .bytesAfterSeal(let count): "\(count) bytes follow the seal; cut them off, or copy the file again"
    case .notSealed: "the segment has no seal: the recording hasn't ended or was cut off; recover its session"
    case .noFrames: "a sealed segment needs at least one frame, and this one has none"
    case .firstFrameNotKey: "the first frame of a segment must be a keyframe, and this one isn't"
    case .timeBackwards(let from, let to): "the time of a frame is \(to) ns, after one of \(from) ns"
    case .numberNotRising(let from, let to): "the number of a frame is \(to), after one of \(from)"
    case .masksWithoutFrame:
      "a masks record must follow a frame directly, at most one per frame, and this one doesn't"
    case .masksWithoutList: "changes of masks need a complete list since the last keyframe, and there is none"
    case .sealDisagrees(let field): "the seal and the records disagree about \(field); the file is damaged"
    case .sealedToKey:
      "the segment is sealed to a public key; give --key FILE with the private one to open it"
    case .messageRefused:
      "the message does not open with this session's key: it was changed, moved, or comes from another file; copy the file again"
    }
  }
}
