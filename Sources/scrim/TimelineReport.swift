import ScrimFormat
import ScrimRedact
import ScrimStore

/// The events and notes of a session ordered by time, one line each.
struct TimelineReport {
  private enum Entry {
    case event(EventRecord)
    case note(NoteRecord)

    var time: Int64 {
      switch self {
      case .event(let event): event.time
      case .note(let note): note.time
      }
    }
  }

  /// Read segment by segment, so a session of any length needs the memory of one. An event that is older than the
  /// frames of its segment may therefore be printed after a later one of the previous segment.
  static func print(_ reader: SessionReader, json: Bool) throws {
    var report = TimelineReport(json: json)
    let open = reader.openSegment?.segment.frames ?? []
    // What the source could see decides whether nothing seen means that nothing was done.
    if let observed = reader.manifest.about.observedEvents, observed.contains(where: hands.contains) {
      report.lastUse = reader.manifest.segments.first?.times.lowerBound ?? open.first?.time
    }
    for index in 0..<reader.segmentCount {
      let segment: Segment
      do { segment = try reader.segment(index) } catch { throw Failure(error) }
      let entries = segment.events.map(Entry.event) + segment.notes.map(Entry.note)
      for (_, entry) in entries.enumerated().sorted(by: {
        ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
      }) {
        report.noteIdle(until: entry.time)
        report.noteUse(entry)
        if json { Swift.print(TimelineReport.json(entry)) } else { report.add(entry) }
      }
    }
    let ends = reader.manifest.segments.map(\.times.upperBound) + open.map(\.time)
    if let end = ends.max() { report.noteIdle(until: end) }
    report.flush()
  }

  private let json: Bool

  private init(json: Bool) { self.json = json }

  /// Observed events that are made by hand.
  private static let hands: Set<String> = ["press", "key", "touch"]
  /// Nanoseconds without interaction after which the timeline has a line.
  private static let idleTime: Int64 = 5_000_000_000

  /// The time of the last interaction; nil if none is known, and where presses and keys are not observed.
  private var lastUse: Int64?
  private var isIdle = false

  /// A line for the moment from which nothing was done for five seconds.
  private mutating func noteIdle(until time: Int64) {
    guard let lastUse, !isIdle, time - lastUse > TimelineReport.idleTime else { return }
    isIdle = true
    let moment = lastUse + TimelineReport.idleTime
    if json { return Swift.print(#"{"t_ms":\#(Double(moment) / 1e6),"type":"idle"}"#) }
    flush()
    Swift.print("\(TimelineReport.clock(moment)) idle")
  }

  private mutating func noteUse(_ entry: Entry) {
    guard case .event(let record) = entry,
      let event = try? Event(recorded: record.json, time: record.time), event.isInteraction,
      lastUse != nil || event.isByHand
    else { return }
    lastUse = max(lastUse ?? entry.time, entry.time)
    isIdle = false
  }

  /// Equal lines within a second are merged to one line with a count.
  private var last: (time: Int64, latest: Int64, words: String, count: Int)?

  private mutating func add(_ entry: Entry) {
    guard let words = TimelineReport.words(entry) else { return }
    if let last, last.words == words, entry.time - last.latest <= 1_000_000_000 {
      self.last = (last.time, entry.time, words, last.count + 1)
    } else {
      flush()
      last = (entry.time, entry.time, words, 1)
    }
  }

  private mutating func flush() {
    guard let (time, _, words, count) = last else { return }
    let times = count > 1 ? " (\(count) times)" : ""
    Swift.print("\(TimelineReport.clock(time)) \(Terminal.printable(words))\(times)")
    last = nil
  }

  /// Minutes, seconds and tenths, as 00:03.2, after the hours if there are any.
  static func clock(_ time: Int64) -> String {
    let tenths = Int64((Double(time.magnitude) / 1e8).rounded(.down))
    let (hours, minutes, seconds) = (tenths / 36_000, tenths / 600 % 60, tenths / 10 % 60)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let text = "\(two(minutes)):\(two(seconds)).\(tenths % 10)"
    return (time < 0 ? "-" : "") + (hours > 0 ? "\(hours):" : "") + text
  }

  private static func json(_ entry: Entry) -> String {
    let time = Double(entry.time) / 1e6
    switch entry {
    case .event(let event):
      return #"{"t_ms":\#(time),"# + String(decoding: event.json.dropFirst(), as: UTF8.self)
    case .note(let note):
      let kind = note.kind == .gap ? "gap" : "clock-step"
      return #"{"t_ms":\#(time),"offset_ms":\#(Double(note.offset) / 1e6),"type":"\#(kind)"}"#
    }
  }

  /// Nil for events of a gesture that has another line: movements, and the end of a press.
  private static func words(_ entry: Entry) -> String? {
    switch entry {
    case .note(let note):
      let seconds = "\((Double(note.offset) / 1e8).rounded() / 10) s"
      return note.kind == .gap ? "nothing was recorded for \(seconds)" : "the wall clock steps by \(seconds)"
    case .event(let record):
      guard let event = try? Event(recorded: record.json, time: record.time) else {
        return "an event that cannot be read"
      }
      return words(event)
    }
  }

  private static func words(_ event: Event) -> String? {
    let name = event.isPress ? event.name.map { " \"\($0)\"" } ?? "" : ""
    let on = event.role.map { " on \($0)\(name)" } ?? ""
    let trace = event.traceID.map { " (trace \($0))" } ?? ""
    let took = event.durationMs.map { " in \(Int($0.rounded())) ms" } ?? ""
    let message = event.message.map { ": \($0)" } ?? ""
    switch event.type {
    case "move", "touch-move", "touch-up", "button-up": return nil
    case "button", "button-down": return "press\(on)"
    case "touch-down": return "touch\(on)"
    case "wheel": return "wheel\(on)"
    case "key", "char": return "a key"
    case "navigation": return "goes to \(event.url ?? event.name ?? "?")"
    case "log":
      return "\(event.level ?? "log")\(event.logger.map { " of \($0)" } ?? "")\(message)"
    case "network":
      let answer = event.status.map { " \($0)" } ?? " without an answer"
      return "\(event.method ?? "request") \(event.url ?? "")\(answer)\(took)\(trace)"
    case "error": return "error \(event.name ?? "")\(message)\(trace)"
    case "span": return "span \(event.name ?? event.op ?? "")\(took)\(trace)"
    case "test": return "test \(event.name ?? "") \(event.phase ?? "")\(message)"
    case "mark": return "mark \(event.name ?? "")"
    default: return event.type + message
    }
  }
}
