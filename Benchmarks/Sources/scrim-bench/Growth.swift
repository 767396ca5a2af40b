import CMeasure
import ScrimImage

/// Cost of a frame as a function of its changed pixels: it should be a straight line.
struct Growth: Codable {
  /// Location of the change: one window with the screen's proportions, or evenly scattered 64-pixel tiles,
  /// which touch each other only when all change.
  enum Layout: String, Codable { case window, tiles }

  struct Point: Codable {
    /// Changed pixels, in millions.
    var megapixels: Double
    /// CPU milliseconds of the frame.
    var milliseconds: Double
  }

  var name: String
  var screen: String
  var layout: Layout
  var points: [Point]

  private static let shares = [0.0, 0.01, 0.05, 0.25, 1]

  /// All measurements, by name.
  static let all: [(name: String, measure: @Sendable () throws -> Growth)] = [
    curve("1080p", 1920, 1080, .window, rounds: 9), curve("4K", 3840, 2160, .window, rounds: 5),
    curve("8K", 7680, 4320, .window, rounds: 5), curve("1080p", 1920, 1080, .tiles, rounds: 9),
    curve("4K", 3840, 2160, .tiles, rounds: 5),
  ]

  /// The line through the points, by least squares, with its goodness of fit.
  var line: (base: Double, slope: Double, rSquared: Double) {
    let count = Double(points.count)
    let x = points.reduce(0) { $0 + $1.megapixels } / count
    let y = points.reduce(0) { $0 + $1.milliseconds } / count
    let slope =
      points.reduce(0) { $0 + ($1.megapixels - x) * ($1.milliseconds - y) }
      / points.reduce(0) { $0 + ($1.megapixels - x) * ($1.megapixels - x) }
    let base = y - slope * x
    let residual = points.reduce(0) { sum, point in
      let off = point.milliseconds - base - slope * point.megapixels
      return sum + off * off
    }
    let spread = points.reduce(0) { $0 + ($1.milliseconds - y) * ($1.milliseconds - y) }
    return (base, slope, 1 - residual / spread)
  }

  /// How much steeper the curve is on one side of its fourth point than on the other: 1 is straight. More
  /// informative than R², which is dominated by one far point: a quadratic cost has an R² of 0.97, and a
  /// bend of 5.
  var bend: Double {
    func slope(_ from: Int, _ to: Int) -> Double {
      (points[to].milliseconds - points[from].milliseconds)
        / (points[to].megapixels - points[from].megapixels)
    }
    let (low, high) = (max(slope(0, 3), 1e-9), max(slope(3, 4), 1e-9))
    return max(low / high, high / low)
  }

  /// The largest distance of a point from the line, in milliseconds.
  var residual: Double {
    let (base, slope, _) = line
    return points.map { abs($0.milliseconds - base - slope * $0.megapixels) }.max() ?? 0
  }

  /// Shows and codes frames in which that share of the pixels gets new text.
  private static func curve(
    _ screen: String, _ width: Int, _ height: Int, _ layout: Layout, rounds: Int
  ) -> (name: String, measure: @Sendable () throws -> Growth) {
    let name = "growth \(screen), \(layout == .window ? "a window" : "scattered tiles")"
    return (
      name,
      {
        var recording = try Recording(width: width, height: height)
        var page = Page(width: width, height: height)
        var times = shares.map { _ in [Double]() }
        var changed = shares.map { _ in 0 }
        for round in 0..<rounds + 1 {
          recording.show(page.frame)
          try recording.encode(keyframe: true)
          for (index, share) in shares.enumerated() {
            changed[index] = page.change(share, layout)
            let frame = page.frame
            let taken = try sample {
              recording.show(frame)
              try recording.encode(keyframe: false)
            }
            if round > 0 { times[index].append(taken.time) }
          }
        }
        let whole = times[times.count - 1]
        let points = zip(changed, times).map { changed, times in
          // As a fraction of the round's complete change, because the machine's speed drifts over the
          // rounds.
          let shares = zip(times, whole).map { $0 / $1 }
          return Point(megapixels: Double(changed) / 1e6, milliseconds: shares.median * whole.median)
        }
        return Growth(name: name, screen: screen, layout: layout, points: points)
      }
    )
  }

  /// A screen full of text.
  private struct Page {
    let grid: TileGrid
    private(set) var pixels: [Pixel]
    private var line = 0
    private let glyphs: Canvas

    init(width: Int, height: Int) {
      grid = TileGrid(width: width, height: height, side: 64)
      pixels = [Pixel](repeating: 0xFFFFFF, count: width * height)
      var glyphs = Canvas(width: 32 * 8, height: 16, background: 0xFFFFFF)
      glyphs.text(Array(97..<123) + [Int](repeating: 32, count: 6), x: 1, y: 2, colour: 0x202020)
      self.glyphs = glyphs
      _ = change(1, .window)
    }

    var frame: Frame { Frame(width: grid.width, height: grid.height, pixels: pixels) }

    /// Gives new text to that share of the screen, and returns the number of pixels.
    mutating func change(_ share: Double, _ layout: Layout) -> Int {
      let areas = layout == .window ? [window(share)] : tiles(share)
      for area in areas { write(area) }
      return areas.reduce(0) { $0 + $1.area }
    }

    private func window(_ share: Double) -> Rect {
      let width = Int(Double(grid.width) * share.squareRoot()) / 8 * 8
      let height = Int(Double(grid.height) * share.squareRoot())
      return Rect(
        x: (grid.width - width) / 16 * 8, y: (grid.height - height) / 2, width: width, height: height)
    }

    private func tiles(_ share: Double) -> [Rect] {
      var due = 0.0
      var tiles: [Rect] = []
      for row in 0..<grid.rows {
        for column in 0..<grid.columns {
          due += share
          if due < 1 - 1e-9 { continue }
          due -= 1
          tiles.append(grid.rect(column: column, row: row))
        }
      }
      return tiles
    }

    private mutating func write(_ area: Rect) {
      for top in Swift.stride(from: area.y, to: area.maxY, by: 16) {
        line += 1
        for (index, code) in Scene.words(line, area.width / 8).enumerated() {
          let glyph = code == 32 ? 31 : code - 97
          for y in 0..<min(16, area.maxY - top) {
            let from = y * glyphs.width + glyph * 8
            let to = (top + y) * grid.width + area.x + index * 8
            for x in 0..<8 { pixels[to + x] = glyphs.pixels[from + x] }
          }
        }
      }
    }
  }
}
