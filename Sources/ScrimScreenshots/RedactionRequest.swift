/// What to redact, and where to.
public struct RedactionRequest: Sendable {
  public var input: String
  public var output: String
  /// A tree that mirrors the input's and holds the sidecars, or one file of annotations of all images; nil where they lie beside
  /// the images.
  public var widgets: String?
  /// Where pictures go that show what was masked and why; nil for none.
  public var preview: String?
  /// The folder of the ledger and its key; `OUTPUT.resume` by default.
  public var state: String
  public var settings: RedactionSettings
  /// Images at a time.
  public var jobs = 1
  public var shard = Shard.whole
  /// Whether to leave out what an earlier run finished.
  public var resumes = false
  /// Whether to do everything but write.
  public var isDryRun = false
  /// Whether outputs get names that tell nothing, all in one folder.
  public var hashesNames = false
  /// Whether files are on the disk before they get their names.
  public var syncs = true

  public init(input: String, output: String, settings: RedactionSettings) {
    self.input = input
    self.output = output
    self.settings = settings
    var stem = output[...]
    while stem.count > 1, stem.hasSuffix("/") { stem = stem.dropLast() }
    state = stem + ".resume"
  }

  /// Which of the run's folders a path lies in, in words; nil where it lies in none.
  public func folder(holding path: String) -> String? {
    let folders =
      [("output", output), ("input", input), ("ledger", state)]
      + (widgets.map { [("sidecars", $0)] } ?? []) + (preview.map { [("previews", $0)] } ?? [])
    let place = RedactionRun.resolved(path)
    return folders.first { RedactionRun.overlap(RedactionRun.resolved($0.1), place) }?.0
  }
}
