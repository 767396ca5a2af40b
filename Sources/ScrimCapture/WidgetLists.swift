import ScrimRedact

/// The widgets of one line, with the scale of their boxes: a line that refers to them uses the same scale.
struct WidgetList {
  var widgets: [Widget]
  var boxScale: Double
}

/// The widget lists of a capture's lines, for later lines that refer to them.
///
/// Any earlier line may be referred to. The last few lists are kept; for the others, their location in the
/// file.
struct WidgetLists {
  typealias List = Result<WidgetList, CaptureIssue>

  private var recent: [(index: Int, list: List)] = []
  private var places: [Int: LineReader.Place] = [:]

  /// Maximum number of lists kept.
  private static let limit = 8

  mutating func add(_ list: List, index: Int, at place: LineReader.Place) {
    keep(list, index: index)
    places[index] = place
  }

  /// Notes that line `index` has no list of its own and refers to an earlier line.
  mutating func add(reference index: Int, to earlier: Int) {
    places[index] = places[earlier]
    if let kept = recent.last(where: { $0.index == earlier }) { keep(kept.list, index: index) }
  }

  /// The list of line `index`; nil if no earlier line with that index has a list or a reference.
  mutating func list(of index: Int, in lines: LineReader, path: String) throws(CaptureError) -> List? {
    if let kept = recent.last(where: { $0.index == index }) { return kept.list }
    guard let place = places[index] else { return nil }
    let bytes = try lines.line(at: place)
    let list: List
    do {
      let line = try CaptureLine(json: bytes, line: place.line)
      guard let own = line.list(place: path) else { return nil }
      list = own
    } catch {
      list = .failure(CaptureIssue(place: path, message: "\(error)"))
    }
    keep(list, index: index)
    return list
  }

  private mutating func keep(_ list: List, index: Int) {
    recent.append((index, list))
    if recent.count > WidgetLists.limit { recent.removeFirst() }
  }
}

extension CaptureLine {
  /// The line's own widgets; nil if it has none.
  func list(place: String) -> WidgetLists.List? {
    tree.widgets?
      .map { WidgetList(widgets: $0, boxScale: tree.boxScale ?? 1) }
      .mapError { CaptureIssue(place: place, message: "\($0)") }
  }
}
