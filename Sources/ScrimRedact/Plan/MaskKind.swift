/// Kind of content that a mask covers, which decides its fill. The order is the order of painting: a later
/// kind covers an earlier one.
public enum MaskKind: String, CaseIterable, Comparable, Sendable {
  case uncovered, gap, other, image, text, input, password

  public static func < (a: MaskKind, b: MaskKind) -> Bool { a.order < b.order }

  var order: Int {
    switch self {
    case .uncovered: 0
    case .gap: 1
    case .other: 2
    case .image: 3
    case .text: 4
    case .input: 5
    case .password: 6
    }
  }
}
