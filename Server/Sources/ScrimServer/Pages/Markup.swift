import Foundation

/// HTML whose parts are escaped unless they are HTML already. A text of a recording or a request is a `String`, so
/// it can never become markup: only literals of this program can.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
  init(_ parts: [Markup]) { text = parts.map(\.text).joined() }

  /// HTML that is a literal of this program or was escaped by it.
  init(trusted: String) { text = trusted }

  static let nothing: Markup = ""

  struct StringInterpolation: StringInterpolationProtocol {
    var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity * 2) }

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ number: Int) { text += String(number) }

    /// Text, or the value of a quoted attribute.
    mutating func appendInterpolation(_ words: String) {
      for scalar in words.unicodeScalars {
        switch scalar {
        case "&": text += "&amp;"
        case "<": text += "&lt;"
        case ">": text += "&gt;"
        case "\"": text += "&quot;"
        case "'": text += "&#39;"
        // Characters that change the direction of surrounding text, and control characters.
        case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\0"..."\u{1F}", "\u{7F}"..."\u{9F}":
          text += "\u{FFFD}"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
  }
}

/// Names and values of forms and queries.
struct FormFields: Sendable {
  private let values: [String: String]

  /// - Parameter text: `a=1&b=two+words`; if a name is repeated, its first value counts.
  init(_ text: some StringProtocol) {
    var values: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = FormFields.decoded(parts[0])
      if values[name] == nil { values[name] = parts.count == 2 ? FormFields.decoded(parts[1]) : "" }
    }
    self.values = values
  }

  /// Nil if it is missing or empty.
  subscript(_ name: String) -> String? {
    guard let value = values[name], !value.isEmpty else { return nil }
    return value
  }

  private static func decoded(_ text: some StringProtocol) -> String {
    let spaced = String(text).replacing("+", with: " ")
    return spaced.removingPercentEncoding ?? spaced
  }

  static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
