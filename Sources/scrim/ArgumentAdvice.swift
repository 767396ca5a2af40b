import ArgumentParser

/// Error text for a command or an option that does not exist; it is shown before any other complaint.
enum ArgumentAdvice {
  /// Nil if all commands and options exist.
  ///
  /// - Parameter arguments: without the program's name.
  static func unknown(in arguments: [String]) -> String? {
    guard let first = arguments.first, !first.hasPrefix("-") else { return nil }
    if first == "help" { return nil }
    let commands = Scrim.configuration.subcommands
    for command in commands where name(command) == first {
      return unknownOption(of: command, in: arguments.dropFirst().prefix { $0 != "--" })
    }
    var names: [String] = []
    for command in commands { names.append(name(command)) }
    let known = names.joined(separator: ", ")
    return "there is no command '\(first)'\(advice(first, among: names)); the commands are \(known)"
  }

  private static func unknownOption(
    of command: any ParsableCommand.Type, in arguments: ArraySlice<String>
  ) -> String? {
    let options = optionNames(of: command)
    let command = name(command)
    for argument in arguments where argument.hasPrefix("--") {
      let option = String(argument.prefix { $0 != "=" })
      if options.contains(option) { continue }
      return
        "'\(command)' has no option '\(option)'\(advice(option, among: Array(options))); scrim \(command) --help lists them"
    }
    return nil
  }

  private static func name(_ command: any ParsableCommand.Type) -> String {
    command.configuration.commandName ?? command._commandName
  }

  /// All options that its help page mentions.
  private static func optionNames(of command: any ParsableCommand.Type) -> Set<String> {
    let page = Scrim.helpMessage(for: command, includeHidden: true)
    let words = page.split { !($0.isLetter || $0.isNumber || $0 == "-") }
    return Set(words.filter { $0.hasPrefix("--") && $0.count > 2 }.map(String.init)).union(["--version"])
  }

  private static func advice(_ word: String, among known: [String]) -> String {
    let near = known.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
    guard let near, near.distance <= max(1, word.count / 3) else { return "" }
    return "; did you mean \(near.name)?"
  }

  /// Edit distance: letters to insert, remove, replace or swap with their neighbour (Damerau and
  /// Levenshtein).
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a), Array(b))
    var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { rows[i][0] = i }
    for j in 0...b.count { rows[0][j] = j }
    for i in 1...max(a.count, 1) where i <= a.count {
      for j in 1...max(b.count, 1) where j <= b.count {
        let replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        }
      }
    }
    return rows[a.count][b.count]
  }
}
