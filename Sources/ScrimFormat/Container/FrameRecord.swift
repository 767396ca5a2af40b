/// Result of clearance for a frame; bits of one byte.
public struct FrameStatus: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Some tiles show older content than the frame's time says.
  public static let withheldInPart = FrameStatus(rawValue: 1)
  /// The boxes were not available: all of the picture is fill.
  public static let failedClosed = FrameStatus(rawValue: 2)

  static let known: FrameStatus = [.withheldInPart, .failedClosed]
}

/// One picture, stored as the operations that turn the previous picture into it.
public struct FrameRecord: Hashable, Sendable {
  /// Nanoseconds on the session's clock.
  public var time: Int64
  /// Frame number in the session; rises from frame to frame, with gaps for dropped frames.
  public var number: Int
  /// Whether ``coded`` starts from an empty picture.
  public var isKey: Bool
  /// Tiles that show older content.
  public var withheldTiles: Int
  public var status: FrameStatus
  /// The operations; the container doesn't interpret them.
  public var coded: [UInt8]
  /// The masks in force from this frame on, if they differ from those of the previous frame; written as a
  /// record of its own after this one.
  public var masks: MasksRecord?

  public init(
    time: Int64, number: Int, isKey: Bool, withheldTiles: Int = 0, status: FrameStatus = [], coded: [UInt8],
    masks: MasksRecord? = nil
  ) {
    self.time = time
    self.number = number
    self.isKey = isKey
    self.withheldTiles = withheldTiles
    self.status = status
    self.coded = coded
    self.masks = masks
  }

  /// Appends the fields before ``coded`` to the record's payload.
  func appendFront(to bytes: inout [UInt8]) {
    bytes.appendZigzag(time)
    bytes.appendVarint(UInt64(number))
    bytes.appendVarint(UInt64(withheldTiles))
    bytes.append(status.rawValue)
  }

  var payload: [UInt8] {
    var front: [UInt8] = []
    appendFront(to: &front)
    return front + coded
  }

  init(payload reader: inout ByteReader, isKey: Bool) throws(FormatError.Reason) {
    time = try reader.zigzag()
    number = try reader.count(of: "the frame's number", upTo: Int(FormatLimits.time))
    withheldTiles = try reader.count(of: "the number of withheld tiles", upTo: FormatLimits.pixels)
    status = FrameStatus(rawValue: try reader.byte()).intersection(.known)
    coded = Array(reader.bytes[try reader.take(reader.remaining)])
    self.isKey = isKey
    try check()
  }

  func check() throws(FormatError.Reason) {
    try time.checkRecordTime()
    guard number >= 0 else { throw .badValue("the frame's number") }
    guard number <= Int(FormatLimits.time) else {
      throw .overLimit("the frame's number", value: number, limit: Int(FormatLimits.time))
    }
    guard withheldTiles >= 0 else { throw .badValue("the number of withheld tiles") }
    guard withheldTiles <= FormatLimits.pixels else {
      throw .overLimit("the number of withheld tiles", value: withheldTiles, limit: FormatLimits.pixels)
    }
    guard status.isSubset(of: .known) else { throw .badValue("the frame's status") }
  }
}
