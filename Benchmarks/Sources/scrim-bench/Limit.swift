import CMeasure
import Foundation

/// A bound on one figure, with its reason. Bare times are never bounded: machines differ.
struct Limit: Decodable {
  enum Figure: String, Decodable { case bytes, allocations, memory, ratio, bend }

  var name: String
  var figure: Figure
  /// The figure must not be above this.
  var most: Double?
  /// The figure must not be below this.
  var least: Double?
  /// The figure must be this.
  var exactly: Double?
  /// The version of libzstd to which the bytes belong; with another one, 3 % more or less are allowed.
  var zstd: Int?
  var why: String

  static func read(_ path: String) throws -> [Limit] {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw BenchError("\(path): no limits there; run from the root of Scrim or give --limits FILE")
    }
    do {
      return try JSONDecoder().decode([Limit].self, from: bytes)
    } catch {
      throw BenchError("\(path): a limit needs name, figure, why and one of most, least, exactly: \(error)")
    }
  }

  /// Nil if the limit holds; otherwise a sentence.
  func complaint(about report: Report) -> String? {
    guard let value = value(in: report) else { return "\(name): \(figure.rawValue) was not measured" }
    let said = figure == .bytes || figure == .memory ? grouped(Int(value)) : String(format: "%.4g", value)
    if let most, !(value <= most) { return "\(name): \(figure.rawValue) is \(said), above \(most) (\(why))" }
    if let least, !(value >= least) {
      return "\(name): \(figure.rawValue) is \(said), below \(least) (\(why))"
    }
    if let exactly, abs(value - exactly) > exactly * slack {
      return "\(name): \(figure.rawValue) is \(said), not \(exactly) (\(why))"
    }
    return nil
  }

  private var slack: Double { zstd.map { $0 != Int(measure_zstd_version()) } ?? false ? 0.03 : 0 }

  private func value(in report: Report) -> Double? {
    if figure == .bend { return report.growth.first { $0.name == name }?.bend }
    guard let result = report.results.first(where: { $0.name == name }) else { return nil }
    return switch figure {
    case .bytes: result.bytes.map(Double.init)
    case .allocations: result.allocations
    case .memory: result.memory.map(Double.init)
    case .ratio: result.ratio
    case .bend: nil
    }
  }
}
