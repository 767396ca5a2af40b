import ScrimRedact

/// The widget lists of a capture's lines, for the lines that refer to them.
///
/// Any earlier line may be named. The last few lists are kept; of the others, the place in the file.
struct WidgetLists {
  typealias List = Result<[Widget], CaptureFault>

  private var recent: [(index: Int, list: List)] = []
  private var places: [Int: (place: LineReader.Place, boxScale: Double)] = [:]

  /// Lists kept.
  private static let limit = 8

  /// - Parameter boxScale: of the line's boxes, which belongs to the list wherever it is referred to.
  mutating func add(_ list: List, index: Int, boxScale: Double, at place: LineReader.Place) {
    keep(list, index: index)
    places[index] = (place, boxScale)
  }

  /// Makes line `index`, which has no list of its own, stand for the line that it refers to.
  ///
  /// - Parameter boxScale: nil where the line says none, and that of the line referred to holds.
  mutating func add(reference index: Int, to earlier: Int, boxScale: Double?) {
    places[index] = places[earlier].map { ($0.place, boxScale ?? $0.boxScale) }
    if let kept = recent.last(where: { $0.index == earlier }) { keep(kept.list, index: index) }
  }

  /// The list of line `index`; nil where no earlier line of that index has or names one.
  mutating func list(of index: Int, in lines: LineReader, path: String) throws(CaptureError) -> List? {
    if let kept = recent.last(where: { $0.index == index }) { return kept.list }
    guard let place = places[index]?.place else { return nil }
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

  /// Pixels per unit of the boxes of line `index`.
  func boxScale(of index: Int) -> Double { places[index]?.boxScale ?? 1 }

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
