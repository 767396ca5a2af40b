import Foundation
import ScrimFormat
import ScrimPlayer
public import ScrimStore

/// Writes one HTML page that plays a session in a browser, from a file and without a network. It contains the
/// player and the session's segments unchanged, and nothing that is not in the session's files.
public struct HTMLExport: Sendable {
  public struct Options: Hashable, Sendable {
    /// The title of the page; the session's id by default.
    public var title: String?
    /// The address of a trace viewer, with `{trace_id}` in it.
    public var traceURL: String?
    /// The part to embed. Segments are embedded whole, so the page may begin earlier and end later.
    public var range: ExportRange

    public init(title: String? = nil, traceURL: String? = nil, range: ExportRange = ExportRange()) {
      self.title = title
      self.traceURL = traceURL
      self.range = range
    }
  }

  /// The result of an export.
  public struct Summary: Hashable, Sendable {
    public var segments = 0
    /// The size of the page in bytes.
    public var bytes = 0
    /// The reasons for missing segments; the page shows gaps in their place.
    public var missing: [Int: String] = [:]
  }

  private let reader: SessionReader
  private let options: Options

  public init(_ reader: SessionReader, _ options: Options = Options()) {
    self.reader = reader
    self.options = options
  }

  /// Writes the page, and replaces an existing file when the page is complete.
  ///
  /// - Parameter goOn: called with the number of segments written so far; false ends the export and leaves no file.
  public func write(to path: String, while goOn: (Int) -> Bool = { _ in true }) throws(ExportError)
    -> Summary?
  {
    // An unsealed segment has no digest with which the page could verify it.
    let segments = options.range.segments(of: reader, needsPicture: false)
      .clamped(to: reader.manifest.segments.indices)
    guard !reader.manifest.segments.isEmpty else {
      throw .noFrames(path: reader.folder.path, isRange: false)
    }
    guard !segments.isEmpty else { throw .noFrames(path: reader.folder.path, isRange: true) }
    var file = try ExportFile(path)
    defer { file.discard() }
    var summary = Summary()
    let found = withoutActuallyEscaping(goOn) { findings(segments, while: $0) }
    try file.write(head(segments, found))
    for index in segments {
      guard goOn(index - segments.lowerBound) else { return nil }
      let element: String
      do {
        let text = Data(try reader.file(index)).base64EncodedString()
        element = "type=\"application/octet-stream;base64\">\(text)"
        summary.segments += 1
      } catch {
        let reason = HTMLExport.reason(error)
        summary.missing[index] = reason
        element = "type=\"text/plain\" data-missing=\"\(HTMLExport.escaped(reason))\">"
      }
      try file.write("<script id=\"segment-\(index)\" \(element)</script>\n")
    }
    try file.write("</body>\n</html>\n")
    summary.bytes = try file.close()
    return summary
  }

  /// The reason without the folder's path, which readers of the page must not see.
  private static func reason(_ error: StoreError) -> String {
    String("\(error)".trimmingPrefix("\(error.path): "))
  }

  /// The types of events without which there are no findings.
  private static let inputs: Set<String> = ["button", "button-down", "touch-down", "wheel", "key"]
  /// The maximum number of findings of a page, as on a server.
  private static let findingLimit = 1000

  /// Rage clicks, dead clicks and frozen screens of a part; nil if they are unknown, because a segment is missing or damaged.
  /// Frames are decoded only if there is input, since that takes longer than all else of the export.
  private func findings(_ segments: Range<Int>, while goOn: @escaping (Int) -> Bool) -> [Finding]? {
    guard let events = try? SessionEvents(reader, segments) else { return nil }
    guard events.hasType(among: HTMLExport.inputs) else { return [] }
    let (reader, first) = (reader, segments.lowerBound)
    let found = try? Finding.all(
      in: SessionPlayer(segments) { (index) throws(StoreError) in
        guard goOn(index - first) else { throw StoreError(reader.folder.path, .disagrees("interrupted")) }
        return try reader.segment(index)
      })
    return found.map { Array($0.prefix(HTMLExport.findingLimit)) }
  }

  private func head(_ segments: Range<Int>, _ findings: [Finding]?) -> String {
    let policy = [
      "default-src 'none'", "script-src \(PlayerPage.source(of: PlayerPage.page))",
      "style-src \(PlayerPage.source(of: PlayerPage.style))", "worker-src blob:", "img-src data: blob:",
      "base-uri 'none'", "form-action 'none'",
    ].joined(separator: "; ")
    return """
      <!doctype html>
      <html lang="en" data-theme="auto">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <title>\(HTMLExport.escaped(options.title ?? "Session \(reader.manifest.session)"))</title>
      <style>\(PlayerPage.style)</style>
      </head>
      <body>
      <noscript>\(FilmStrip(reader, segments).markup)</noscript>
      \(PlayerPage.markup)
      <script type="application/json" id="scrim-session">\(description(segments, findings).json)</script>
      <script type="text/plain" id="scrim-worker">\(PlayerPage.worker)</script>
      <script>\(PlayerPage.page)</script>

      """
  }

  private func description(_ segments: Range<Int>, _ findings: [Finding]?) -> PageDescription {
    var page = PageDescription(reader.manifest, range: segments)
    page.findings = findings
    page.traceURL = options.traceURL
    page.title = options.title
    return page
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
  }
}
