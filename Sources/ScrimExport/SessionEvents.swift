import ScrimFormat
import ScrimJSON
public import ScrimStore

/// The events of a part of a session, ordered by time, as its segments contain them. They were filtered when they
/// were recorded.
public struct SessionEvents: Sendable {
  /// A parsed event of a record.
  struct Entry {
    /// Nanoseconds on the session's clock.
    var time: Int64
    var type: String
    /// One object.
    var json: JSON

    /// The position in pixels of the picture; nil if the event has none.
    var place: (x: Double, y: Double)? {
      guard case .number(let x)? = json["x"], case .number(let y)? = json["y"], x.isFinite, y.isFinite
      else { return nil }
      return (x, y)
    }

    func text(_ key: String) -> String? {
      if case .string(let text)? = json[key] { text } else { nil }
    }

    func number(_ key: String) -> Double? {
      if case .number(let number)? = json[key] { number } else { nil }
    }
  }

  private let records: [EventRecord]

  /// Reads the events of a part.
  public init(_ reader: SessionReader, _ range: ExportRange) throws(ExportError) {
    var records: [EventRecord] = []
    for index in range.segments(of: reader, needsPicture: false) {
      do {
        records += try reader.segment(index).events.filter { range.contains($0.time) }
      } catch { throw .store(error) }
    }
    self.records = records.enumerated().sorted { a, b in
      a.element.time != b.element.time ? a.element.time < b.element.time : a.offset < b.offset
    }.map(\.element)
  }

  /// Reads all events of segments.
  init(_ reader: SessionReader, _ segments: Range<Int>) throws(StoreError) {
    var records: [EventRecord] = []
    for index in segments { records += try reader.segment(index).events }
    self.records = records
  }

  var count: Int { records.count }

  /// Whether an event has one of the types.
  func hasType(among types: Set<String>) -> Bool {
    records.indices.contains { entry($0).map { types.contains($0.type) } ?? false }
  }

  func time(_ index: Int) -> Int64 { records[index].time }

  /// Nil for an event that can't be read.
  func entry(_ index: Int) -> Entry? {
    guard let json = try? JSON(records[index].json), case .string(let type)? = json["type"] else {
      return nil
    }
    return Entry(time: records[index].time, type: type, json: json)
  }

  /// The events from one moment, included, to another, excluded.
  func entries(from: Int64, until: Int64) -> [Entry] {
    records.indices.filter { records[$0].time >= from && records[$0].time < until }.compactMap(entry)
  }
}
