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
