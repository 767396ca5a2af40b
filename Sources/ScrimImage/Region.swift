/// A set of pixels, kept as horizontal bands of disjoint spans, as X11 and pixman keep theirs.
///
/// Bands are sorted by `y` and disjoint; within a band the spans are sorted, disjoint and not touching; two bands
/// that touch differ in their spans. So equal sets of pixels are equal values.
public struct Region: Hashable, Sendable {
  /// Rows `minY..<maxY` that share one list of spans: `spans[firstSpan..<endSpan]`.
  public struct Band: Hashable, Sendable {
    public var minY: Int
    public var maxY: Int
    public var firstSpan: Int
    public var endSpan: Int
  }

  public private(set) var bands: [Band] = []
  public private(set) var spans: [Range<Int>] = []

  public init() {}

  public init(_ rect: Rect) {
    self.init(union: CollectionOfOne(rect))
  }

  /// The union of any number of rectangles. Takes time proportional to bands × (rectangles active in a
  /// band); sorts them only where they are fewer than the columns they span.
  public init(union rects: some Sequence<Rect>) {
    let sorted = Array(rects).filter { !$0.isEmpty }.sorted { ($0.y, $0.x) < ($1.y, $1.x) }
    guard !sorted.isEmpty else { return }
    var edges: [Int] = []
    edges.reserveCapacity(sorted.count * 2)
    for rect in sorted {
      edges.append(rect.y)
      edges.append(rect.maxY)
    }
    edges.sort()
    let columns = sorted.reduce(sorted[0].x..<sorted[0].maxX) {
      min($0.lowerBound, $1.x)..<max($0.upperBound, $1.maxX)
    }
    var counters: [Int] = []
    var alive: [Rect] = []
    var next = 0
    var row: [Range<Int>] = []
    for index in edges.indices.dropLast() {
      let top = edges[index]
      let bottom = edges[index + 1]
      guard top < bottom else { continue }
      alive.removeAll { $0.maxY <= top }
      while next < sorted.count, sorted[next].y <= top {
        alive.append(sorted[next])
        next += 1
      }
      guard !alive.isEmpty else { continue }
      row.removeAll(keepingCapacity: true)
      if alive.count > columns.count / 8 {
        Region.count(alive, over: columns, counters: &counters, into: &row)
        append(row, rows: top..<bottom)
        continue
      }
      alive.sort { $0.x < $1.x }
      for rect in alive {
        if let last = row.last, rect.x <= last.upperBound {
          if rect.maxX > last.upperBound { row[row.count - 1] = last.lowerBound..<rect.maxX }
        } else {
          row.append(rect.x..<rect.maxX)
        }
      }
      append(row, rows: top..<bottom)
    }
  }

  /// The spans that `rects` cover, computed by counting their starts and ends at each of `columns`: a
  /// hostile list of widgets has thousands of rectangles active in one band, for which sorting takes
  /// minutes.
  private static func count(
    _ rects: [Rect], over columns: Range<Int>, counters: inout [Int], into row: inout [Range<Int>]
  ) {
    if counters.isEmpty { counters = [Int](repeating: 0, count: columns.count + 1) }
    for rect in rects {
      counters[rect.x - columns.lowerBound] += 1
      counters[rect.maxX - columns.lowerBound] -= 1
    }
    var depth = 0
    var start = 0
    for index in counters.indices where counters[index] != 0 {
      let before = depth
      depth += counters[index]
      counters[index] = 0
      if before == 0, depth > 0 { start = index }
      if before > 0, depth == 0 {
        row.append(columns.lowerBound + start..<columns.lowerBound + index)
      }
    }
  }

  public var isEmpty: Bool { bands.isEmpty }

  /// Number of pixels in the set.
  public var area: Int {
    bands.reduce(0) { sum, band in
      sum + (band.maxY - band.minY) * spans[band.firstSpan..<band.endSpan].reduce(0) { $0 + $1.count }
    }
  }

  /// The set as disjoint rectangles, one per span of each band.
  public var rects: [Rect] {
    bands.flatMap { band in
      spans[band.firstSpan..<band.endSpan].map {
        Rect(minX: $0.lowerBound, minY: band.minY, maxX: $0.upperBound, maxY: band.maxY)
      }
    }
  }

  /// The spans of row `y`, sorted. Takes O(log bands) time.
  public func spans(atRow y: Int) -> ArraySlice<Range<Int>> {
    var low = 0
    var high = bands.count
    while low < high {
      let middle = (low + high) / 2
      if bands[middle].maxY <= y { low = middle + 1 } else { high = middle }
    }
    guard low < bands.count, bands[low].minY <= y else { return [] }
    return spans[bands[low].firstSpan..<bands[low].endSpan]
  }

  public func contains(x: Int, y: Int) -> Bool {
    spans(atRow: y).contains { $0.contains(x) }
  }

  public func union(_ other: Region) -> Region {
    combined(with: other) { $0 || $1 }
  }

  public func intersection(_ other: Region) -> Region {
    combined(with: other) { $0 && $1 }
  }

  public func subtracting(_ other: Region) -> Region {
    combined(with: other) { $0 && !$1 }
  }

  /// The pixels of `bounds` that are not in the set.
  public func complement(in bounds: Rect) -> Region {
    Region(bounds).subtracting(self)
  }

  /// Appends rows below all present ones; merges them into the last band if the spans are equal.
  private mutating func append(_ row: [Range<Int>], rows: Range<Int>) {
    guard !row.isEmpty else { return }
    if let last = bands.last, last.maxY == rows.lowerBound,
      spans[last.firstSpan..<last.endSpan].elementsEqual(row)
    {
      bands[bands.count - 1].maxY = rows.upperBound
      return
    }
    let first = spans.count
    spans.append(contentsOf: row)
    bands.append(
      Band(minY: rows.lowerBound, maxY: rows.upperBound, firstSpan: first, endSpan: spans.count))
  }

  private func combined(with other: Region, keeping keep: (Bool, Bool) -> Bool) -> Region {
    var edges: [Int] = []
    edges.reserveCapacity((bands.count + other.bands.count) * 2)
    for band in bands {
      edges.append(band.minY)
      edges.append(band.maxY)
    }
    for band in other.bands {
      edges.append(band.minY)
      edges.append(band.maxY)
    }
    edges.sort()
    var result = Region()
    var mine = 0
    var theirs = 0
    var row: [Range<Int>] = []
    for index in edges.indices.dropLast() {
      let top = edges[index]
      let bottom = edges[index + 1]
      guard top < bottom else { continue }
      while mine < bands.count, bands[mine].maxY <= top { mine += 1 }
      while theirs < other.bands.count, other.bands[theirs].maxY <= top { theirs += 1 }
      let a =
        mine < bands.count && bands[mine].minY <= top
        ? spans[bands[mine].firstSpan..<bands[mine].endSpan] : []
      let b =
        theirs < other.bands.count && other.bands[theirs].minY <= top
        ? other.spans[other.bands[theirs].firstSpan..<other.bands[theirs].endSpan] : []
      row.removeAll(keepingCapacity: true)
      Region.merge(a, b, keeping: keep, into: &row)
      result.append(row, rows: top..<bottom)
    }
    return result
  }

  private static func merge(
    _ a: ArraySlice<Range<Int>>, _ b: ArraySlice<Range<Int>>, keeping keep: (Bool, Bool) -> Bool,
    into row: inout [Range<Int>]
  ) {
    var i = a.startIndex
    var j = b.startIndex
    var inA = false
    var inB = false
    var start: Int?
    while i < a.endIndex || j < b.endIndex {
      let nextA = i < a.endIndex ? (inA ? a[i].upperBound : a[i].lowerBound) : Int.max
      let nextB = j < b.endIndex ? (inB ? b[j].upperBound : b[j].lowerBound) : Int.max
      let x = min(nextA, nextB)
      if nextA == x {
        if inA { i += 1 }
        inA.toggle()
      }
      if nextB == x {
        if inB { j += 1 }
        inB.toggle()
      }
      if keep(inA, inB) {
        if start == nil { start = x }
      } else if let from = start {
        if from < x { row.append(from..<x) }
        start = nil
      }
    }
  }
}
