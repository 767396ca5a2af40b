import ScrimRedact

/// The widget lists of a capture's lines, for the lines that refer to them.
///
/// Any earlier line may be named. The last few lists are kept; of the others, the place in the file.
struct WidgetLists {
  typealias List = Result<[Widget], CaptureFault>

  private var recent: [(index: Int, list: List)] = []
  private var places: [Int: LineReader.Place] = [:]

  /// Lists kept.
  private static let limit = 8

  mutating func add(_ list: List, index: Int, at place: LineReader.Place) {
    keep(list, index: index)
    places[index] = place
  }

  /// Makes line `index`, which has no list of its own, stand for the line that it refers to.
  mutating func add(reference index: Int, to earlier: Int) {
    places[index] = places[earlier]
    if let kept = recent.last(where: { $0.index == earlier }) { keep(kept.list, index: index) }
  }

  /// The list of line `index`; nil where no earlier line of that index has or names one.
  mutating func list(of index: Int, in lines: LineReader, path: String) throws(CaptureError) -> List? {
    if let kept = recent.last(where: { $0.index == index }) { return kept.list }
    guard let place = places[index] else { return nil }
    let bytes = try lines.line(at: place)
    let list: List
    do {
      list = try CaptureLine(json: bytes, line: place.line).list(place: path) ?? .success([])
    } catch {
      list = .failure(CaptureFault(place: path, message: "\(error)"))
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
  /// The line's own widgets; nil where it has none.
  func list(place: String) -> WidgetLists.List? {
    tree.widgets?.mapError { CaptureFault(place: place, message: "\($0)") }
  }
}
