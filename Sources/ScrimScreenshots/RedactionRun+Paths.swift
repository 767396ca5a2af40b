import Glibc

// Paths of a run's folders: without links, and apart from each other.
extension RedactionRun {
  /// Input, output, ledger and sidecars must not contain each other where that would mix them.
  static func checkApart(_ request: RedactionRequest) throws(RunError) {
    let output = resolved(request.output)
    let others =
      [("the input", request.input), ("the ledger", request.state)]
      + (request.widgets.map { [("the sidecars", $0)] } ?? [])
      + (request.preview.map { [("the previews", $0)] } ?? [])
    for (what, path) in others where overlap(output, resolved(path)) {
      throw .usage(
        "\(request.output): the output and \(what) (\(path)) contain each other; give a separate folder")
    }
    if let preview = request.preview {
      let inputs =
        [("input", request.input), ("ledger", request.state)]
        + (request.widgets.map { [("sidecars", $0)] } ?? [])
      for (what, path) in inputs where overlap(resolved(preview), resolved(path)) {
        throw .usage(
          "\(preview): the previews and the \(what) (\(path)) contain each other; give a separate folder")
      }
    }
    guard !overlap(resolved(request.input), resolved(request.state)) else {
      throw .usage("\(request.state): the ledger and the input contain each other; give a separate folder")
    }
  }

  /// Whether one equals the other, or contains it.
  static func overlap(_ a: String, _ b: String) -> Bool {
    let (a, b) = (Array((a == "/" ? a : a + "/").utf8), Array((b == "/" ? b : b + "/").utf8))
    return a.starts(with: b) || b.starts(with: a)
  }

  /// The path without links; for a path that does not exist yet, its existing part is resolved.
  static func resolved(_ path: String) -> String {
    if let real = existing(path) { return real }
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return resolved(".") + "/" + trimmed }
    let parent = slash == trimmed.startIndex ? "/" : resolved(String(trimmed[..<slash]))
    // If the parent is yet to be made it will not be a link, so that dots can be resolved textually.
    switch trimmed[slash...].dropFirst() {
    case ".": return parent
    case "..":
      return parent.lastIndex(of: "/").map { $0 == parent.startIndex ? "/" : String(parent[..<$0]) } ?? "/"
    default: return (parent == "/" ? "" : parent) + trimmed[slash...]
    }
  }

  /// The path of an existing file or folder without links.
  static func existing(_ path: String) -> String? {
    // The result is a terminated string from malloc, freed here.
    guard let real = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// Whether a path leads to a regular file, through links.
  static func isFile(_ path: String) -> Bool {
    var status = stat()
    // `status` outlives the call, the path lives until it returns.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
