/// Paths and options of a redaction run.
public struct RedactionRequest: Sendable {
  public var input: String
  public var output: String
  /// A tree that mirrors the input's and contains the sidecars, or one file of annotations of all images;
  /// nil if they are beside the images.
  public var widgets: String?
  /// Folder for pictures that show what was masked and why; nil for none.
  public var preview: String?
  /// The folder of the ledger and its key; `OUTPUT.resume` by default.
  public var state: String
  public var settings: RedactionSettings
  /// Number of images processed in parallel.
  public var jobs = 1
  public var shard = Shard.whole
  /// Whether to skip images that an earlier run finished.
  public var resumes = false
  /// Whether to do everything except writing.
  public var isDryRun = false
  /// Whether outputs get names that reveal nothing, all in one folder.
  public var hashesNames = false
  /// Whether files are synced to the disk before they get their names.
  public var syncs = true

  public init(input: String, output: String, settings: RedactionSettings) {
    self.input = input
    self.output = output
    self.settings = settings
    var stem = output[...]
    while stem.count > 1, stem.hasSuffix("/") { stem = stem.dropLast() }
    state = stem + ".resume"
  }

  /// Name of the run's folder that contains a path; nil if none does.
  public func folder(holding path: String) -> String? {
    let folders =
      [("output", output), ("input", input), ("ledger", state)]
      + (widgets.map { [("sidecars", $0)] } ?? []) + (preview.map { [("previews", $0)] } ?? [])
    let place = RedactionRun.resolved(path)
    return folders.first { RedactionRun.overlap(RedactionRun.resolved($0.1), place) }?.0
  }
}
