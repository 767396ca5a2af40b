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
