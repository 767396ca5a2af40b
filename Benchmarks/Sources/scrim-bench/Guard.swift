import Foundation

/// A bound on one figure, with its reason. Bare times are never bounded: machines differ.
struct Limit: Decodable {
  enum Figure: String, Decodable { case bytes, allocations, ratio }

  var name: String
  var figure: Figure
  /// The figure must not be above this; for bytes it must be equal where `exact` says so.
  var most: Double
  var exact: Bool?
  var why: String

  /// Nil where the limit holds; else a sentence.
  func complaint(about report: Report) -> String? {
    guard let result = report.results.first(where: { $0.name == name }) else {
      return "\(name): was not measured"
    }
    let value: Double? =
      switch figure {
      case .bytes: result.bytes.map(Double.init)
      case .allocations: result.allocations
      case .ratio: result.ratio
      }
    guard let value else { return "\(name): has no \(figure.rawValue)" }
    if exact ?? false {
      return value == most
        ? nil : "\(name): \(figure.rawValue) is \(value), exactly \(most) was expected (\(why))"
    }
    return value <= most
      ? nil : "\(name): \(figure.rawValue) is \(value), at most \(most) is allowed (\(why))"
  }
}
