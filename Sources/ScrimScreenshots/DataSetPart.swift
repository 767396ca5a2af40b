/// The part of a data set that a name says: `train` of `instances_train2017.json`, or of a folder `train`.
struct DataSetPart: Sendable {
  private static let words = [
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test",
  ]

  /// Each part, with the number after it: a year, or that of a piece.
  private var numbers: [String: [Int]] = [:]

  init(of name: String) {
    let runs = DataSetPart.runs(of: name.lowercased())
    for (index, run) in runs.enumerated() {
      guard let part = DataSetPart.words[run] else { continue }
      var next = runs[(index + 1)...]
      if ["_", "-", " "].contains(next.first) { next = next.dropFirst() }
      numbers[part, default: []] += next.first.flatMap { Int($0) }.map { [$0] } ?? []
    }
  }

  /// The words and numbers of a name, and what lies between.
  private static func runs(of name: String) -> [String] {
    var runs: [String] = []
    var last: Int?
    for scalar in name.unicodeScalars {
      let kind = ("0"..."9").contains(scalar) ? 0 : scalar.properties.isAlphabetic ? 1 : 2
      if kind != last { runs.append("") }
      runs[runs.count - 1].unicodeScalars.append(scalar)
      last = kind
    }
    return runs
  }

  var isNamed: Bool { !numbers.isEmpty }

  /// Whether both name parts, and none is the same.
  func excludes(_ other: DataSetPart) -> Bool {
    isNamed && other.isNamed && !numbers.keys.contains { isEqual(other, in: $0) }
  }

  /// Whether both name the same parts.
  func isSame(as other: DataSetPart) -> Bool {
    isNamed && numbers.count == other.numbers.count && numbers.keys.allSatisfy { isEqual(other, in: $0) }
  }

  /// A name without a number is that of all.
  private func isEqual(_ other: DataSetPart, in part: String) -> Bool {
    guard let one = numbers[part], let two = other.numbers[part] else { return false }
    return one.isEmpty || two.isEmpty || one.contains { two.contains($0) }
  }
}
