/// Type of a record; readers skip types that they don't know.
enum RecordType: UInt8 {
  case header = 1
  case frame = 2
  case event = 3
  case note = 4
  case masks = 5
  case seal = 127
}

/// Bits of a record's flags byte; the others are zero.
enum RecordFlags {
  static let key: UInt8 = 1
}

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

/// An event between the pictures: pointer, key, log, network, navigation, error.
public struct EventRecord: Hashable, Sendable {
  /// Nanoseconds on the session's clock.
  public var time: Int64
  /// One JSON object in UTF-8; the container doesn't look inside.
  public var json: [UInt8]

  public init(time: Int64, json: [UInt8]) {
    self.time = time
    self.json = json
  }

  var payload: [UInt8] {
    var payload: [UInt8] = []
    payload.appendZigzag(time)
    payload += json
    return payload
  }

  init(payload reader: inout ByteReader) throws(FormatError.Reason) {
    time = try reader.zigzag()
    json = Array(reader.bytes[try reader.take(reader.remaining)])
    try check()
  }

  func check() throws(FormatError.Reason) {
    try time.checkRecordTime()
    guard json.count <= FormatLimits.eventBytes else {
      throw .overLimit("the event's length", value: json.count, limit: FormatLimits.eventBytes)
    }
  }
}

extension Int64 {
  func checkRecordTime() throws(FormatError.Reason) {
    guard magnitude <= FormatLimits.time.magnitude else {
      throw .overLimit("the time in ns", value: Int(self), limit: Int(FormatLimits.time))
    }
  }
}

/// The first bytes of a segment, and the header of each record.
enum Framing {
  /// Starts with a byte that is neither ASCII nor UTF-8 and ends with a line feed, so that a copy made as
  /// text is detected.
  static let magicStem: [UInt8] = [0x9D, 0x53, 0x43, 0x52, 0x49, 0x4D]
  static let version: UInt8 = 1
  static let magic = magicStem + [version, 0x0A]

  /// Appends type, flags, length, checksum and payload.
  ///
  /// - Parameter rest: bytes appended to `payload` in the same record.
  static func append(
    _ payload: [UInt8], _ rest: [UInt8] = [], type: RecordType, flags: UInt8, to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes.append(type.rawValue)
    bytes.append(flags)
    bytes.appendLittleEndian(UInt32(payload.count + rest.count))
    var crc = CRC32C()
    crc.update(bytes.span.extracting(start..<bytes.count))
    crc.update(payload.span)
    crc.update(rest.span)
    bytes.appendLittleEndian(crc.value)
    bytes += payload
    bytes += rest
  }
}
