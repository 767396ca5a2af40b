import CMeasure
import Foundation

/// All figures of one run.
struct Report: Codable {
  var results: [Result] = []
  var peakMemory = 0

  func table() -> String {
    var lines = [row("", "MPix/s", "ms p50", "ms p99", "bytes", "allocs", "ratio")]
    for result in results {
      lines.append(
        row(
          result.name, result.megapixelsPerSecond.map { String(format: "%.0f", $0) } ?? "",
          String(format: "%.3f", result.p50), String(format: "%.3f", result.p99),
          result.bytes.map(String.init) ?? "", result.allocations.map { String(format: "%.1f", $0) } ?? "",
          result.ratio.map { String(format: "%.2f × ", $0) + (result.reference ?? "") } ?? ""))
    }
    lines.append(
      "peak memory \(peakMemory / 1_000_000) MB, most of it the cold frames that are measured with")
    return lines.joined(separator: "\n")
  }

  private func row(_ name: String, _ columns: String...) -> String {
    let widths = [8, 9, 9, 10, 8]
    var line = name.padding(toLength: 42, withPad: " ", startingAt: 0)
    for (index, column) in columns.enumerated() {
      line +=
        index < widths.count
        ? String(repeating: " ", count: max(widths[index] - column.count, 0)) + column : "  " + column
    }
    return line
  }

  /// How another run's figures stand to this one's: above 1 is slower or larger.
  func compared(with other: Report) -> String {
    var lines: [String] = []
    for result in results {
      guard let match = other.results.first(where: { $0.name == result.name }) else { continue }
      let time = match.p50 / max(result.p50, 1e-9)
      var line =
        result.name.padding(toLength: 42, withPad: " ", startingAt: 0) + String(format: "time × %.2f", time)
      if let a = result.bytes, let b = match.bytes {
        line += String(format: "   bytes × %.3f", Double(b) / Double(max(a, 1)))
      }
      lines.append(line)
    }
    return lines.joined(separator: "\n")
  }

  /// A page with a bar a figure; it needs nothing but a browser.
  func html() -> String {
    let most = results.map(\.p50).max() ?? 1
    let bars = results.map { result in
      """
      <tr><td>\(result.name)</td><td><svg width="420" height="14"><rect width="\(max(1, Int(result.p50 / most * 420)))" \
      height="14" fill="#3584e4"/></svg></td><td>\(String(format: "%.3f", result.p50)) ms</td>\
      <td>\(result.megapixelsPerSecond.map { String(format: "%.0f MPix/s", $0) } ?? "")</td>\
      <td>\(result.bytes.map { "\($0) bytes" } ?? "")</td>\
      <td>\(result.ratio.map { String(format: "%.2f × %@", $0, result.reference ?? "") } ?? "")</td></tr>
      """
    }
    return """
      <!doctype html><meta charset="utf-8"><title>scrim-bench</title>
      <style>body{font:14px sans-serif;margin:2em}td{padding:2px 10px;white-space:nowrap}</style>
      <h1>scrim-bench</h1><p>CPU milliseconds a frame of 1920x1080, medians.</p><table>\(bars.joined())</table>
      """
  }
}
