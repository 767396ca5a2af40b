/// What is wrong with a segment, where, and whose fault it is.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    /// The bytes are damaged, or a wrong writer wrote them.
    case input
    /// The program asked for what no valid segment holds.
    case caller
    /// Beyond what this version of Scrim takes.
    case limit
  }

  public enum Reason: Error, Hashable, Sendable {
    case truncated(needed: Int, present: Int)
    case notASegment
    case unsupportedVersion(UInt8)
    case unsupportedEntropyCoding(UInt8)
    case checksum
    case malformedNumber
    /// A field whose value no writer writes.
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
    /// The seal says otherwise than the records about this.
    case sealDisagrees(String)
  }

  public let reason: Reason
  public let fault: Fault
  /// The record's number in its file, the header being 0.
  public let record: Int
  /// Where the record starts, in bytes from the start of the file.
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
  /// What is wrong, and what to do about it.
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
    case .malformedNumber: "a number is not in its shortest form; a writer that isn't valid wrote the file"
    case .badValue(let field): "\(field) has a value that no valid writer writes"
    case .overLimit(let field, let value, let limit):
      "\(field) is \(value), and the format allows at most \(limit)"
    case .headerNotFirst: "the first record is not the header"
    case .secondHeader: "a segment has one header, and this is another"
    case .bytesAfterSeal(let count): "\(count) bytes follow the seal; cut them off, or copy the file again"
    case .notSealed: "the segment has no seal: the recording hasn't ended or was cut off; recover its session"
    case .noFrames: "a segment is sealed with at least one frame in it, and this one has none"
    case .firstFrameNotKey: "the first frame of a segment is a keyframe, and this one isn't"
    case .timeBackwards(let from, let to): "the time of a frame is \(to) ns, after one of \(from) ns"
    case .numberNotRising(let from, let to): "the number of a frame is \(to), after one of \(from)"
    case .masksWithoutFrame: "masks stand right behind a frame, once, and these don't"
    case .masksWithoutList: "changes of masks need a complete list since the last keyframe, and there is none"
    case .sealDisagrees(let field): "the seal and the records disagree about \(field); the file is damaged"
    }
  }
}
