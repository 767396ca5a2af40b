import Foundation
import ScrimFormat
import ScrimPlayer

/// The page that lists sessions, with search, filters, order and paging.
struct SessionList: Sendable {
  /// The query of the address, which every link of the page contains.
  struct Choice: Hashable, Sendable {
    var text: String?
    var filter: SessionIndex.Filter?
    var sort = SessionIndex.Sort.start
    var isAscending = false
    /// The number of days back from now; nil for all.
    var days: Int?
    var after: SessionIndex.Cursor?
    var traceID: String?
    var errorID: String?

    static let days = [1, 7, 30]

    init() {}

    /// - Throws: ``Refusal`` if a field has a value that no link of the page has.
    init(_ fields: FormFields) throws(Refusal) {
      text = fields["q"].map { String($0.prefix(200)) }
      traceID = fields["trace_id"].map { String($0.prefix(200)) }
      errorID = fields["error_id"].map { String($0.prefix(200)) }
      if let name = fields["filter"] {
        guard let filter = SessionIndex.Filter(rawValue: name) else {
          throw Refusal(400, "there is no such filter")
        }
        self.filter = filter
      }
      if let name = fields["sort"] {
        guard let sort = SessionIndex.Sort(rawValue: name) else {
          throw Refusal(400, "there is no such order")
        }
        self.sort = sort
      }
      isAscending = fields["order"] == "up"
      days = fields["days"].flatMap { Int($0) }.flatMap { Choice.days.contains($0) ? $0 : nil }
      if let place = fields["after"] {
        guard let cursor = SessionIndex.Cursor(place) else {
          throw Refusal(400, "after is not a value that a page returned")
        }
        after = cursor
      }
    }

    /// The address of the page with this query.
    var address: String {
      let fields: [(String, String?)] = [
        ("q", text), ("trace_id", traceID), ("error_id", errorID), ("filter", filter?.rawValue),
        ("days", days.map(String.init)), ("sort", sort == .start ? nil : sort.rawValue),
        ("order", isAscending ? "up" : nil), ("after", after.map { "\($0)" }),
      ]
      let query = fields.compactMap { name, value in value.map { "\(name)=\(FormFields.encoded($0))" } }
      return query.isEmpty ? "/s" : "/s?" + query.joined(separator: "&")
    }

    func with(_ change: (inout Choice) -> Void) -> Choice {
      var choice = self
      choice.after = nil
      change(&choice)
      return choice
    }

    /// - Parameter now: nanoseconds since 1970.
    func query(now: Int64) -> SessionIndex.Query {
      var query = SessionIndex.Query()
      query.text = text
      query.traceID = traceID
      query.errorID = errorID
      query.filter = filter
      query.sort = sort
      query.isAscending = isAscending
      query.after = after
      if let days { query.starts = (now - Int64(days) * 86_400_000_000_000)..<Int64.max }
      return query
    }

    var isNarrowed: Bool {
      text != nil || traceID != nil || errorID != nil || filter != nil || days != nil
    }
  }

  /// The row of a session.
  struct Item: Sendable {
    var entry: SessionIndex.Entry
    var isRecording: Bool
  }

  let choice: Choice
  let items: [Item]
  let next: SessionIndex.Cursor?

  var body: Markup {
    """
    <main>
    <h1 class="unseen">Sessions</h1>
    \(finder)
    \(items.isEmpty ? empty : table)
    \(pager)
    </main>
    """
  }

  // MARK: Parts

  private var finder: Markup {
    var kept: [Markup] = []
    for (name, value) in [
      ("filter", choice.filter?.rawValue), ("sort", choice.sort == .start ? nil : choice.sort.rawValue),
      ("order", choice.isAscending ? "up" : nil),
    ] {
      if let value { kept.append(#"<input type="hidden" name="\#(name)" value="\#(value)">"#) }
    }
    let filters = ([nil] + SessionIndex.Filter.allCases).map { filter -> Markup in
      let current: Markup = filter == choice.filter ? #" aria-current="true""# : .nothing
      return #"<a href="\#(choice.with { $0.filter = filter }.address)"\#(current)>\#(Self.name(filter))</a>"#
    }
    let spans = Choice.days.map { days -> Markup in
      let selected: Markup = choice.days == days ? " selected" : .nothing
      return
        #"<option value="\#(days)"\#(selected)>\#(days == 1 ? "Last 24 hours" : "Last \(days) days")</option>"#
    }
    return """
      <form method="get" action="/s" role="search" class="finder">
      <input id="search" name="q" type="search" value="\(choice.text ?? "")" placeholder="Search errors, tests, addresses, ids" aria-label="Search sessions" autocomplete="off" spellcheck="false">
      <select name="days" aria-label="Time"><option value="">Any time</option>\(Markup(spans))</select>
      \(Markup(kept))<button type="submit" class="primary">Search</button>
      </form>
      <nav class="filters" aria-label="Filter">\(Markup(filters))</nav>
      \(linked)
      """
  }

  /// The note about a trace or an error that is in several sessions.
  private var linked: Markup {
    let found: (String, String)? =
      choice.traceID.map { ("trace", $0) } ?? choice.errorID.map { ("error", $0) }
    guard let found else { return .nothing }
    return
      #"<p class="notice">Sessions with \#(found.0) <code>\#(found.1)</code> <a href="/s">All sessions</a></p>"#
  }

  private static func name(_ filter: SessionIndex.Filter?) -> String {
    switch filter {
    case nil: "All"
    case .errors: "With errors"
    case .failed: "Failed"
    case .open: "Not ended"
    case .buffer: "Error buffers"
    case .rage: "Rage clicks"
    case .dead: "Dead clicks"
    case .frozen: "Frozen"
    }
  }

  private var empty: Markup {
    choice.isNarrowed || choice.after != nil
      ? #"<p class="empty">No session matches. <a href="/s">All sessions</a></p>"#
      : """
      <div class="empty"><p>There are no sessions yet.</p>
      <p>Record into this store: <code>scrim record --x11 --out URL</code>, with this server's address and a writer's key.</p></div>
      """
  }

  private var table: Markup {
    """
    <table class="sessions">
    <thead><tr><th scope="col">Session</th>\(head(.start, "Started (UTC)"))\(head(.length, "Length"))\(head(.errors, "Errors"))\(head(.rage, "Rage"))\(head(.dead, "Dead"))\(head(.frozen, "Frozen"))<th scope="col">Result</th>\(head(.size, "Size"))</tr></thead>
    <tbody>
    \(Markup(items.map(row)))
    </tbody>
    </table>
    """
  }

  /// The header of a sortable column: the first click sorts descending, the second ascending.
  private func head(_ sort: SessionIndex.Sort, _ name: String) -> Markup {
    let isCurrent = sort == choice.sort
    let state: Markup =
      isCurrent ? (choice.isAscending ? #" aria-sort="ascending""# : #" aria-sort="descending""#) : .nothing
    let arrow: Markup =
      isCurrent ? #"<span aria-hidden="true">\#(choice.isAscending ? "↑" : "↓")</span>"# : .nothing
    let address = choice.with {
      $0.isAscending = isCurrent && !choice.isAscending
      $0.sort = sort
    }.address
    return
      #"<th scope="col" class="\#(sort.rawValue)"\#(state)><a href="\#(address)">\#(name)\#(arrow)</a></th>"#
  }

  private func row(_ item: Item) -> Markup {
    let entry = item.entry
    let address = "/s/\(entry.session)"
    let picture: Markup =
      (entry.frames > 0 || item.isRecording) && !entry.isSealedToKey
      ? #"<img src="\#(address)/thumbnail" alt="" width="160" height="100" loading="lazy">"# : .nothing
    let short = String(entry.session.prefix(8))
    let title = entry.headline.isEmpty ? "Session \(short)" : entry.headline
    let id: Markup = entry.headline.isEmpty ? .nothing : "<code>\(short)</code> "
    let kind: Markup = entry.kind == "buffer" ? #"<span class="chip">Error buffer</span>"# : .nothing
    return """
      <tr>
      <th scope="row" class="what"><a href="\(address)"><span class="picture">\(picture)</span><span class="words"><span class="title">\(title)</span><span class="sub">\(id)\(entry.details)</span></span></a>\(kind)</th>
      <td class="start"><time datetime="\(RFC3339.string(entry.start))">\(Self.moment(entry.start))</time></td>
      <td class="length">\(entry.isSealedToKey ? SessionList.unknown : Self.clock(entry.last))</td>
      \(number(entry.knownErrors, "errors", "bad"))\(number(entry.count(.rage), "rage", "warn"))\(number(entry.count(.dead), "dead", "warn"))\(number(entry.count(.frozen), "frozen", "warn"))
      <td class="result">\(result(item))</td>
      <td class="size">\(Self.size(entry.bytes))</td>
      </tr>

      """
  }

  /// - Parameter count: nil if it is unknown.
  private func number(_ count: Int?, _ name: String, _ style: String) -> Markup {
    let text = count.map(String.init) ?? SessionList.unknown
    return
      #"<td class="count \#(name)"><span class="\#(count ?? 0 > 0 ? style : "quiet")">\#(text)</span></td>"#
  }

  private func result(_ item: Item) -> Markup {
    let entry = item.entry
    if item.isRecording { return #"<span class="recording"><span class="dot"></span>Recording</span>"# }
    if entry.failed > 0 {
      if entry.passed == 0 {
        return
          #"<span class="bad">\#(entry.failed == 1 ? "Test failed" : "\(entry.failed) tests failed")</span>"#
      }
      return #"<span class="bad">\#(entry.failed) of \#(entry.failed + entry.passed) tests failed</span>"#
    }
    if entry.ended == "crash" { return #"<span class="bad">Crashed</span>"# }
    if entry.passed > 0 {
      return #"<span class="good">\#(entry.passed == 1 ? "Test" : "\(entry.passed) tests") passed</span>"#
    }
    switch (entry.state, entry.ended) {
    case ("sealed", "idle"): return "Ended idle"
    case ("sealed", "maximum"): return "Ended at its limit"
    case ("sealed", _): return "Ended"
    default: return #"<span class="warn">Not ended</span>"#
    }
  }

  private var pager: Markup {
    guard choice.after != nil || next != nil else { return .nothing }
    let first: Markup =
      choice.after == nil ? .nothing : #"<a href="\#(choice.with { _ in }.address)">First page</a>"#
    let on: Markup =
      next.map { cursor in
        var choice = choice
        choice.after = cursor
        return #"<a href="\#(choice.address)" rel="next">Next page</a>"#
      } ?? .nothing
    return #"<nav class="pager" aria-label="Pages">\#(first)<span class="space"></span>\#(on)</nav>"#
  }

  // MARK: Numbers in words

  /// Stands for a number that is not known, such as one that only the holder of a session's key knows.
  private static let unknown = "–"

  /// `2026-11-29 21:30`.
  static func moment(_ nanoseconds: Int64) -> String {
    let text = RFC3339.string(nanoseconds)
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
  }

  /// `1:02:03`, from nanoseconds.
  static func clock(_ nanoseconds: Int64) -> String {
    let seconds = max(0, nanoseconds) / 1_000_000_000
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":" + two(seconds % 60)
  }

  static func size(_ bytes: Int64) -> String {
    if bytes < 1000 { return "\(bytes) B" }
    var value = Double(bytes) / 1000
    var unit = 0
    while value >= 999.5, unit < 3 {
      value /= 1000
      unit += 1
    }
    let digits = value < 10 ? "\((value * 10).rounded() / 10)" : "\(Int(value.rounded()))"
    return "\(digits) \(["kB", "MB", "GB", "TB"][unit])"
  }
}
