import ScrimJSON

/// Members that are a region only together: numbers under keys such as `x`, `y`, `width`, or pairs such as
/// `topleft` and `bottomright`.
enum RegionCorners {
  private static let lefts: Set<String> = [
    "x", "left", "xmin", "minx", "x1", "xtl", "cx", "xc", "xcenter", "centerx", "startx", "xstart", "l",
  ]
  private static let tops: Set<String> = [
    "y", "top", "ymin", "miny", "y1", "ytl", "cy", "yc", "ycenter", "centery", "starty", "ystart", "t",
  ]
  private static let reaches: Set<String> = [
    "width", "height", "w", "h", "right", "bottom", "xmax", "maxx", "ymax", "maxy", "x2", "y2", "xbr", "ybr",
    "r", "radius", "rx", "ry", "radiusx", "radiusy", "diameter", "endx", "endy", "xend", "yend",
  ]

  /// The key of one of the members that are a region together; nil if none are.
  static func key(among members: [JSON.Member]) -> String? {
    guard members.count > 1 else { return nil }
    return keyOfNumbers(among: members) ?? keyOfPairs(among: members)
  }

  /// Whether a value is an object with an `x` and a `y`.
  static func isPoint(_ value: JSON) -> Bool {
    guard case .object(let members) = value else { return false }
    func has(_ key: String) -> Bool {
      members.contains { $0.key.lowercased() == key && RegionText.isNumber($0.value) }
    }
    return has("x") && has("y")
  }

  /// `x`, `y` and `width`; `xmin`, `ymin`, `xmax`; also with a common beginning, as in `bbox_x`, `boxWidth`.
  private static func keyOfNumbers(among members: [JSON.Member]) -> String? {
    let numbers = members.filter { RegionText.isNumber($0.value) }
    guard numbers.count > 2 else { return nil }
    // A list that became an object: 0, 1, 2, 3.
    let isDigits = { (key: String) in key.utf8.allSatisfy { $0 &- 48 < 10 } }
    if numbers.count(where: { isDigits($0.key) }) > 3 { return numbers[0].key }
    // Of each beginning: whether there is a left edge, an upper one, a size, and x0, y0, x1.
    var seen: [String: UInt8] = [:]
    for member in numbers {
      for (beginning, end) in divisions(of: member.key) {
        var bits: UInt8 = 0
        if lefts.contains(end) { bits |= 1 }
        if tops.contains(end) { bits |= 2 }
        if reaches.contains(end) { bits |= 4 }
        if end == "x0" { bits |= 8 }
        if end == "y0" { bits |= 16 }
        if end == "x1" { bits |= 32 }
        if !beginning.isEmpty, end == "x" { bits |= 64 }
        if !beginning.isEmpty, end == "y" { bits |= 128 }
        guard bits != 0 else { continue }
        let all = seen[beginning, default: 0] | bits
        if all & 7 == 7 || all & 56 == 56 { return member.key }
        seen[beginning] = all
      }
    }
    // Two points are a box.
    return seen.values.count { $0 & 192 == 192 } > 1 ? numbers[0].key : nil
  }

  /// The ways to divide a key before one of its words: `bbox_x_min` is an end `bboxxmin`, `xmin` after `bbox`,
  /// and `min` after `bboxx`.
  private static func divisions(of key: String) -> [(beginning: String, end: String)] {
    var words: [String] = []
    var word = ""
    var wasLower = false
    for scalar in key.unicodeScalars.prefix(64) {
      let isLetterOrDigit =
        scalar.isASCII && (scalar.properties.isAlphabetic || (48..<58).contains(scalar.value))
      if !isLetterOrDigit || wasLower && scalar.properties.isUppercase {
        if !word.isEmpty { words.append(word) }
        word = ""
      }
      if isLetterOrDigit { word += String(scalar).lowercased() }
      wasLower = scalar.properties.isLowercase
    }
    if !word.isEmpty { words.append(word) }
    return words.indices.map { (words[..<$0].joined(), words[$0...].joined()) }
  }

  /// Two or more pairs of numbers, unless all are sizes: `center` and `size`, but not `resolution` and
  /// `original_size`. Also lists `xs` and `ys`.
  private static func keyOfPairs(among members: [JSON.Member]) -> String? {
    var pairs: [String] = []
    var columns: Set<String> = []
    for member in members {
      let key = member.key.lowercased()
      if case .array(let items) = member.value {
        guard items.count > 1, items.allSatisfy(RegionText.isNumber), !RegionMember.isInformative(key) else {
          continue
        }
        if items.count == 2 { pairs.append(key) }
        if ["x", "xs", "y", "ys"].contains(key) { columns.insert(String(key.prefix(1))) }
      } else if isPoint(member.value) {
        pairs.append(key)
      }
      if columns.count == 2 { return member.key }
    }
    let sizes = ["size", "resolution", "dim", "shape", "scale", "range"]
    guard pairs.count > 1 else { return nil }
    return pairs.first { pair in !sizes.contains { pair.contains($0) } }
  }
}
