import Foundation

/// All figures of one run.
struct Report: Codable {
  var results: [Measurement] = []
  var growth: [Growth] = []
  var peers: [PeerResult] = []

  func table() -> String {
    var lines: [String] = []
    if !results.isEmpty {
      let header = ["MPix/s", "ms p50", "ms p99", "bytes", "allocs", "memory", "CPU time by reference"]
      lines.append(Report.row("CPU time, one thread, 1920x1080", header))
      lines += results.map(Report.row)
    }
    if !growth.isEmpty {
      let header =
        "CPU ms of a frame by its changed share".padded(44)
        + ["0", "1", "5", "25", "100 %"].map { $0.padded(-9) }.joined()
      lines += ["", header + "   the line through them"] + growth.map(\.row)
    }
    if !peers.isEmpty { lines += [""] + PeerResult.table(peers) }
    return lines.joined(separator: "\n")
  }

  private static func row(_ result: Measurement) -> String {
    row(
      result.name,
      [
        String(format: "%.0f", result.megapixelsPerSecond), String(format: "%.3f", result.p50),
        String(format: "%.3f", result.p99), result.bytes.map(grouped) ?? "",
        result.allocations.map { String(format: $0 == 0 ? "0" : "%.1f", $0) } ?? "",
        result.memory.map { String(format: "%.1f MB", Double($0) / 1e6) } ?? "",
        result.ratio.map { String(format: "%.2f × ", $0) + (result.reference ?? "") } ?? "",
      ])
  }

  private static func row(_ name: String, _ columns: [String]) -> String {
    let widths = [8, 9, 9, 12, 8, 10]
    var line = name.padded(40)
    for (index, column) in columns.enumerated() {
      line += index < widths.count ? column.padded(-widths[index]) : "   " + column
    }
    return line
  }

  /// Compares another run's figures with this run's.
  ///
  /// Ratios to references are compared if both have them, since these are valid on other machines too; a
  /// difference within the noise of both runs (at least 5 %) counts as none.
  func compared(with other: Report) -> String {
    var lines = ["B by A: below 1 is faster or smaller; ± is the noise of both runs"]
    for a in results {
      guard let b = other.results.first(where: { $0.name == a.name }) else {
        lines.append("\(a.name.padded(40)) only in A")
        continue
      }
      let isRelative = a.ratio != nil && b.ratio != nil && a.reference == b.reference
      let change = isRelative ? b.ratio! / max(a.ratio!, 1e-9) : b.p50 / max(a.p50, 1e-9)
      let noise =
        isRelative ? (a.ratioNoise ?? 0) + (b.ratioNoise ?? 0) : a.noise + b.noise
      let band = max(noise, 0.05)
      let word = change > 1 + band ? "SLOWER" : change < 1 / (1 + band) ? "faster" : "same"
      var line =
        a.name.padded(40) + String(format: " time × %5.2f ± %.2f  ", change, band) + word.padded(8)
      if let sizeA = a.bytes, let sizeB = b.bytes {
        line += String(format: "bytes × %.4f", Double(sizeB) / Double(max(sizeA, 1)))
        line += sizeB > sizeA ? "  LARGER" : sizeB < sizeA ? "  smaller" : "  equal"
      }
      if let x = a.allocations, let y = b.allocations, x != y {
        line += String(format: "   allocations %.1f, were %.1f", y, x)
      }
      lines.append(line)
    }
    for b in other.results where !results.contains(where: { $0.name == b.name }) {
      lines.append("\(b.name.padded(40)) only in B")
    }
    return lines.joined(separator: "\n")
  }
}

extension Growth {
  fileprivate var row: String {
    let (base, slope, rSquared) = line
    return name.padded(44) + points.map { String(format: "%9.2f", $0.milliseconds) }.joined()
      + String(
        format: "   %.2f ms + %.1f ms/MPix, R² %.4f, farthest %.2f ms, bend %.2f", base, slope, rSquared,
        residual,
        bend)
  }
}

extension String {
  /// The string padded with spaces to that many characters: after it, or before it if the number is
  /// negative.
  func padded(_ width: Int) -> String {
    let gap = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? gap + self : self + gap
  }
}

/// A number with commas between its thousands.
func grouped(_ number: Int) -> String {
  var digits = String(number)
  var at = digits.count - 3
  while at > 0 {
    digits.insert(",", at: digits.index(digits.startIndex, offsetBy: at))
    at -= 3
  }
  return digits
}
