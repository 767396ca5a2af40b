import ScrimRedact

/// Finds controls whose label cites content: the name or path of a file, an address, a quoted text, the title
/// of the window. Examples are recent documents in a menu, "Undo: typing “…”", and a file manager's path.
enum CitedContent {
  private static let quotes: [(open: Character, close: Character)] = [
    ("“", "”"), ("„", "“"), ("«", "»"), ("‘", "’"), ("\"", "\""), ("'", "'"),
  ]
  private static let marks = Set("\"'“”„‘’«»()[]{}<>,;:_")

  /// For each node, whether it is such a control. Where one item of a menu is a file, so are the others
  /// between the same separators: not every name has an extension.
  static func controls(in nodes: [AccessibleNode]) -> [Bool] {
    var cited = [Bool](repeating: false, count: nodes.count)
    var sections: [Int: [Int]] = [:]
    var filed: Set<Int> = []
    func close(_ menu: Int) {
      if filed.remove(menu) != nil { for index in sections[menu] ?? [] { cited[index] = true } }
      sections[menu] = []
    }
    for (index, node) in nodes.enumerated() {
      if node.role == "separator", let parent = node.parent { close(parent) }
      guard Role(named: node.role)?.isControl == true else { continue }
      let isFile = namesFile(node.name)
      cited[index] = isFile || quotes(node.name)
      guard let parent = node.parent, node.role.hasSuffix("menu item") else { continue }
      sections[parent, default: []].append(index)
      if isFile { filed.insert(parent) }
    }
    for menu in Array(filed) { close(menu) }
    return cited
  }

  /// For each node, whether it is a button that repeats a part of its window's title, which is masked as text,
  /// or one in a row with such a button: the path bar of a file manager. Pages in a browser are excepted.
  static func buttonsOfTitles(in nodes: [AccessibleNode]) -> [Bool] {
    var cited = [Bool](repeating: false, count: nodes.count)
    var (tops, isInPage) = ([Int](repeating: 0, count: nodes.count), cited)
    var titles: [Int: Set<String>] = [:]
    var found: Set<Int> = []
    for (index, node) in nodes.enumerated() {
      guard let parent = node.parent else {
        tops[index] = index
        if node.role == "frame" { titles[index] = parts(of: node.name) }
        continue
      }
      tops[index] = tops[parent]
      isInPage[index] = node.role == "document web" || isInPage[parent]
      guard !isInPage[index], titles[tops[index]]?.contains(node.name) == true else { continue }
      if let button = ([index] + ancestors(of: index, in: nodes, 4)).first(where: { isButton(nodes[$0]) }) {
        found.insert(button)
      }
    }
    for button in found.sorted().prefix(rowLimit) {
      cited[button] = true
      for around in ancestors(of: button, in: nodes, 3) {
        let controls = nodes.indices.filter {
          Role(named: nodes[$0].role)?.isControl == true && ancestors(of: $0, in: nodes, 4).contains(around)
        }
        guard controls.count > 1 else { continue }
        if controls.allSatisfy({ isButton(nodes[$0]) }) { for index in controls { cited[index] = true } }
        break
      }
    }
    return cited
  }

  private static let rowLimit = 16

  private static func isButton(_ node: AccessibleNode) -> Bool {
    ["push button", "toggle button", "radio button"].contains(node.role)
  }

  private static func ancestors(of index: Int, in nodes: [AccessibleNode], _ most: Int) -> [Int] {
    var found: [Int] = []
    while found.count < most, let parent = nodes[found.last ?? index].parent { found.append(parent) }
    return found
  }

  /// The parts of a title between dashes, without those of under three letters.
  static func parts(of title: String) -> Set<String> {
    var parts: [Substring] = [title[...]]
    for dash in [" - ", " – ", " — "] { parts = parts.flatMap { $0.split(separator: dash) } }
    return Set(
      (parts + [title[...]]).map { part in
        var part = part
        while let first = part.first, first == "*" || first.isWhitespace { part.removeFirst() }
        while let last = part.last, last == "*" || last.isWhitespace { part.removeLast() }
        return String(part)
      }.filter { $0.count >= 3 })
  }

  /// Whether a label contains a path, an address, or a word with an extension.
  static func namesFile(_ label: String) -> Bool {
    label.split(whereSeparator: \.isWhitespace).contains { part in
      let word = trimmed(part)
      let slashes = word.count { $0 == "/" }
      if slashes > 1 || slashes == 1 && word.count > 1 && (word.hasPrefix("/") || word.hasPrefix("~")) {
        return true
      }
      return isJoined(word, by: "@") { !$0.isEmpty } || isJoined(word, by: ".", isExtension)
    }
  }

  /// One to five letters and digits, at least one of them a letter.
  private static func isExtension(_ text: Substring) -> Bool {
    (1...5).contains(text.count) && text.contains(where: \.isLetter)
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }

  /// Whether a separator has letters or digits on both sides, and the last one a certain end.
  private static func isJoined(
    _ word: Substring, by separator: Character, _ isEnd: (Substring) -> Bool
  ) -> Bool {
    guard let last = word.lastIndex(of: separator) else { return false }
    let end = word[word.index(after: last)...]
    return word[..<last].contains { $0.isLetter || $0.isNumber }
      && end.contains { $0.isLetter || $0.isNumber } && isEnd(end)
  }

  private static func trimmed(_ part: Substring) -> Substring {
    var word = part
    while let first = word.first, marks.contains(first) { word.removeFirst() }
    while let last = word.last, marks.contains(last) { word.removeLast() }
    return word
  }

  /// Whether a label contains a text between quotation marks; an apostrophe is none.
  static func quotes(_ label: String) -> Bool {
    quotes.contains { open, close in
      var before: Character = " "
      var isOpen = false
      for character in label {
        if isOpen, character == close, before != open { return true }
        if character == open {
          isOpen = isOpen || open != close || before.isWhitespace || before == "(" || before == ":"
        }
        before = character
      }
      return false
    }
  }
}
