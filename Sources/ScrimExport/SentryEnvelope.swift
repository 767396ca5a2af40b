import ScrimJSON

/// One item in Sentry's envelope format: a line of JSON for the envelope, one for the item, then a MessagePack map
/// of three byte strings.
enum SentryEnvelope {
  /// The maximum size of an item in bytes; servers drop larger ones without an error.
  static let itemLimit = 10 << 20

  /// - Parameters:
  /// - id: the replay's id, 32 hexadecimal digits.
  ///   - sent: RFC 3339.
  static func bytes(id: String, sent: String, event: [UInt8], recording: [UInt8], video: [UInt8]) -> [UInt8] {
    var map: [UInt8] = [0x83]
    for (key, value) in [("replay_event", event), ("replay_recording", recording), ("replay_video", video)] {
      // A text of less than 32 bytes, then bytes with a length of 32 bits.
      map.append(0xA0 | UInt8(key.utf8.count))
      map += key.utf8
      map.append(0xC6)
      map += bigEndian(value.count)
      map += value
    }
    let head: JSON = .members(["event_id": .string(id), "sent_at": .string(sent), "sdk": sdk])
    let item: JSON = .members(["type": "replay_video", "length": .integer(map.count)])
    return head.canonicalBytes + [0x0A] + item.canonicalBytes + [0x0A] + map + [0x0A]
  }

  static var sdk: JSON { .members(["name": "scrim", "version": "0.1.0"]) }
}
