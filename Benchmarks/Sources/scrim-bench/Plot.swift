import Foundation

/// SVG drawings for the page.
enum Plot {
  static let colours = ["#1f6fb4", "#d9731a"]
  private static let grid = "#dfe3e8"
  private static let ink = "#24292f"

  struct Series {
    var name: String
    var points: [(x: Double, y: Double)]
    /// The regression line.
    var line: (base: Double, slope: Double)
  }

  /// Points, and the straight line through each series, with axes from zero.
  static func lines(title: String, x: String, y: String, _ series: [Series]) -> String {
    let (width, left, right, bottom) = (430.0, 64.0, 16.0, 52.0)
    // Below the title there is room for the names of two series, so that plots side by side have one size.
    let top = 40 + 18 * Double(max(series.count, 2))
    let height = top + 280
    let all = series.flatMap(\.points)
    let xs = ticks(upTo: all.map(\.x).max() ?? 1)
    let ys = ticks(upTo: all.map(\.y).max() ?? 1)
    func place(_ px: Double, _ py: Double) -> (x: Double, y: Double) {
      (
        left + px / xs.last! * (width - left - right),
        height - bottom - py / ys.last! * (height - top - bottom)
      )
    }
    var svg = text(title, x: left, y: 20, size: 15, weight: "600")
    for tick in ys {
      let at = place(0, tick).y
      svg += rule(left, at, width - right, at) + text(label(tick), x: left - 8, y: at + 4, anchor: "end")
    }
    for tick in xs {
      let at = place(tick, 0).x
      svg +=
        rule(at, height - bottom, at, height - bottom + 4)
        + text(label(tick), x: at, y: height - bottom + 19, anchor: "middle")
    }
    svg += text(x, x: (left + width - right) / 2, y: height - 12, anchor: "middle")
    svg +=
      "<g transform=\"translate(16 \(number((top + height - bottom) / 2))) rotate(-90)\">"
      + text(y, x: 0, y: 0, anchor: "middle") + "</g>"
    for (index, one) in series.enumerated() {
      let colour = colours[index % colours.count]
      let end = one.points.map(\.x).max() ?? 0
      let (from, to) = (place(0, one.line.base), place(end, one.line.base + one.line.slope * end))
      svg += """
        <line x1="\(number(from.x))" y1="\(number(from.y))" x2="\(number(to.x))" y2="\(number(to.y))" \
        stroke="\(colour)" stroke-width="1.5"/>
        """
      for point in one.points {
        let at = place(point.x, point.y)
        svg += """
          <circle cx="\(number(at.x))" cy="\(number(at.y))" r="4" fill="\(colour)" stroke="#fff"/>
          """
      }
      let row = 42 + Double(index) * 18
      svg +=
        "<circle cx=\"\(number(left + 4))\" cy=\"\(number(row - 4))\" r=\"4\" fill=\"\(colour)\"/>"
        + text(one.name, x: left + 14, y: row)
    }
    return frame(svg, width, height)
  }

  struct Bar {
    var label: String
    var value: Double
    /// A second, thin mark on the same axis.
    var mark: Double?
    var note: String
    var colour = 0
  }

  /// Bars on a logarithmic axis.
  static func bars(axis: String, _ bars: [Bar]) -> String {
    let values = bars.flatMap { [$0.value, $0.mark ?? $0.value] }.filter { $0 > 0 }
    let low = floor(log10(values.min() ?? 1) - 0.15)
    let high = ceil(log10(values.max() ?? 10))
    let (width, left, plot, top, step) = (1040.0, 300.0, 440.0, 10.0, 24.0)
    let height = top + step * Double(bars.count) + 46
    func place(_ value: Double) -> Double {
      left + (log10(max(value, pow(10, low))) - low) / max(high - low, 1) * plot
    }
    var svg = ""
    for decade in Int(low)...max(Int(high), Int(low) + 1) {
      let at = place(pow(10, Double(decade)))
      svg +=
        rule(at, top - 6, at, height - 46)
        + text(label(pow(10, Double(decade))), x: at, y: height - 28, anchor: "middle")
    }
    svg += text(axis + ", logarithmic", x: left + plot / 2, y: height - 8, anchor: "middle")
    for (index, bar) in bars.enumerated() {
      let y = top + step * Double(index)
      svg += text(bar.label, x: left - 10, y: y + 12, anchor: "end")
      svg += """
        <rect x="\(number(left))" y="\(number(y))" width="\(number(max(place(bar.value) - left, 1)))" height="15" \
        rx="2" fill="\(colours[bar.colour])"/>
        """
      if let mark = bar.mark {
        svg += """
          <rect x="\(number(place(mark)))" y="\(number(y - 1))" width="2" height="17" fill="\(ink)"/>
          """
      }
      svg += text(bar.note, x: left + plot + 20, y: y + 12)
    }
    return frame(svg, width, height)
  }

  // MARK: Parts

  private static func frame(_ content: String, _ width: Double, _ height: Double) -> String {
    """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
    width="\(number(width))" height="\(number(height))" font-family="system-ui, sans-serif">\(content)</svg>
    """
  }

  private static func text(
    _ content: String, x: Double, y: Double, anchor: String = "start", size: Int = 12, weight: String = "400"
  ) -> String {
    """
    <text x="\(number(x))" y="\(number(y))" text-anchor="\(anchor)" font-size="\(size)" font-weight="\(weight)" \
    fill="\(ink)">\(content.escaped)</text>
    """
  }

  private static func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
    """
    <line x1="\(number(x1))" y1="\(number(y1))" x2="\(number(x2))" y2="\(number(y2))" stroke="\(grid)"/>
    """
  }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

  private static func label(_ value: Double) -> String {
    value >= 1000 ? grouped(Int(value.rounded())) : String(format: "%g", value)
  }

  /// Round numbers from zero to above a value.
  private static func ticks(upTo most: Double) -> [Double] {
    let rough = max(most, 1e-9) / 5
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    return Swift.stride(from: 0, through: most + step * 0.999, by: step).map { $0 }
  }
}

extension String {
  var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
