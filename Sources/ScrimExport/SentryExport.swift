import Foundation
import ScrimFormat
import ScrimJSON
public import ScrimStore

/// Converts a session to a replay for a Sentry server: one clip per five seconds with its events, each in an
/// envelope of its own.
///
/// The replay's id is the session's id, so sending a session twice gives one replay.
public struct SentryExport: Sendable {
  /// The minimum number of seconds per envelope. Sentry expects at most 720 segments, so those of sessions over an
  /// hour are longer.
  private static let seconds: Int64 = 5
  private static let segmentLimit: Int64 = 720
  /// The bytes of an item that are reserved for data other than the clip.
  private static let eventBytes = 2 << 20

  private let reader: SessionReader
  private let options: PictureOptions
  private let events: SessionEvents
  private let parts: [Range<Int64>]
  /// 32 hexadecimal digits.
  public let id: String

  public init(
    _ reader: SessionReader, _ range: ExportRange, _ options: PictureOptions = PictureOptions()
  ) throws(ExportError) {
    self.reader = reader
    self.options = options
    let times = try SessionExport(reader, range, options).times()
    let second: Int64 = 1_000_000_000
    let whole = (times.upperBound - times.lowerBound + second - 1) / second
    let length = max(
      SentryExport.seconds, (whole + SentryExport.segmentLimit - 1) / SentryExport.segmentLimit)
    parts = stride(from: times.lowerBound, through: times.upperBound, by: Int(length * second)).map {
      $0..<min($0 + length * second, times.upperBound + 1)
    }
    events = try SessionEvents(reader, range)
    id = SentryExport.id(of: reader, range)
  }

  /// The number of envelopes of the replay.
  public var count: Int { parts.count }

  /// The envelope of a segment, ready to be sent.
  ///
  /// - Parameters:
  /// - folder: for the temporary clip, which is removed.
  ///   - sent: nanoseconds since 1970.
  /// - goOn: false ends the export, and the result is nil.
  public func envelope(
    _ index: Int, in folder: String, sent: Int64, while goOn: () -> Bool = { true }
  ) throws(ExportError) -> [UInt8]? {
    let part = parts[index]
    let path = "\(folder)/\(index).mp4"
    let export = try SessionExport(
      reader, ExportRange(from: part.lowerBound, until: part.upperBound), options)
    guard
      let clip = try VideoClip.make(
        export, at: path, limit: SentryEnvelope.itemLimit - SentryExport.eventBytes, while: goOn)
    else { return nil }
    defer { _ = try? FileManager.default.removeItem(atPath: path) }
    let video: [UInt8]
    do { video = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
      throw .system(path: path, reason: error.localizedDescription)
    }
    let recording = SentryRecording(clip, segment: index, clock: reader.manifest.start, options)
    // Events before the first picture belong to the first segment.
    let entries = events.entries(from: index == 0 ? .min : part.lowerBound, until: part.upperBound)
    let event = replayEvent(index, clip, entries, recording)
    let payload = recording.payload(entries)
    let bytes = SentryEnvelope.bytes(
      id: id, sent: RFC3339.string(sent), event: event, recording: payload, video: video)
    guard bytes.count <= SentryEnvelope.itemLimit else {
      throw .tooLarge(name: "segment \(index)", bytes: bytes.count, limit: SentryEnvelope.itemLimit)
    }
    return bytes
  }

  private func replayEvent(
    _ index: Int, _ clip: VideoClip, _ entries: [SessionEvents.Entry], _ recording: SentryRecording
  ) -> [UInt8] {
    let isBuffer = reader.manifest.about.kind == .buffer
    var errors: [String] = []
    var traces: [String] = []
    for entry in entries {
      // A server refuses a replay with an id that is not a UUID.
      if entry.type == "error", let id = entry.text("id").flatMap(SentryExport.uuid) { errors.append(id) }
      if let trace = entry.text("trace_id").flatMap(SentryExport.uuid) { traces.append(trace) }
    }
    func listed(_ ids: [String]) -> JSON {
      var seen: Set<String> = []
      return .array(ids.filter { seen.insert($0).inserted }.prefix(100).map(JSON.string))
    }
    let urls = entries.filter { $0.type == "navigation" }.compactMap { $0.text("url") ?? $0.text("name") }
    var members: [JSON.Member] = [
      JSON.Member("type", "replay_event"), JSON.Member("replay_type", isBuffer ? "buffer" : "session"),
      JSON.Member("replay_id", .string(id)), JSON.Member("event_id", .string(id)),
      JSON.Member("segment_id", .integer(index)),
      JSON.Member("timestamp", .number(recording.seconds(clip.end))), JSON.Member("urls", listed(urls)),
      JSON.Member("error_ids", listed(errors)), JSON.Member("trace_ids", listed(traces)),
      JSON.Member("platform", "native"), JSON.Member("sdk", SentryEnvelope.sdk),
    ]
    let start = index == 0 ? clip.start : parts[0].lowerBound
    members.append(JSON.Member("replay_start_timestamp", .number(recording.seconds(start))))
    return JSON.object(members).canonicalBytes
  }

  /// The id without dashes; nil if it is not a UUID.
  private static func uuid(_ text: String) -> String? {
    let digits = text.lowercased().filter { $0 != "-" }
    let isHex = digits.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    return digits.utf8.count == 32 && isHex ? digits : nil
  }

  /// The session's id; for a part, an id derived from it and the part's times, which differs for each part.
  static func id(of reader: SessionReader, _ range: ExportRange) -> String {
    let whole = reader.manifest.session.description.filter { $0 != "-" }
    if range.isAll { return whole }
    let text = "\(whole) \(range.from ?? .min) \(range.until ?? .max)"
    return String(SHA256.digest(Array(text.utf8).span).description.prefix(32))
  }
}
