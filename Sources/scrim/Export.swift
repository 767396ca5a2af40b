import ArgumentParser
import Foundation
import ScrimExport
import ScrimStore

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a session as pictures, as a film, or as a page that plays in a browser.")

  enum Target: String, CaseIterable, ExpressibleByArgument {
    case png, apng, gif, mp4, webm, html
  }

  @Argument(help: "A session folder.")
  var session: String

  @Option(
    help: """
      The form to write: png, every frame exactly as a player shows it; apng and gif, one animated picture; mp4 and webm, a \
      film by ffmpeg; html, one page that plays it.
      """)
  var to: Target

  @Option(
    help: ArgumentHelp(
      "Where it goes: for png a new or empty folder, else a file.", valueName: "path"))
  var out: String

  @OptionGroup var part: PartOptions

  @Option(
    help: ArgumentHelp(
      "One picture each so many seconds, as it is shown then.", valueName: "s"))
  var every: Double?

  @OptionGroup var page: PageOptions

  @Flag(help: "Say nothing but what went wrong.")
  var quiet = false

  func validate() throws {
    guard every.map({ $0 >= 0.001 && $0 <= 86_400 }) ?? true else {
      throw ValidationError("--every takes seconds, from 0.001 to 86400")
    }
    guard every == nil || to != .html else {
      throw ValidationError("--every goes with pictures, not with html")
    }
    guard page.traceUrl == nil || to == .html else {
      throw ValidationError("--trace-url goes with --to html")
    }
  }

  func run() throws {
    let reader = try SessionFolder(path: session).opened()
    Terminal.noteInterrupts()
    do throws(ExportError) {
      switch to {
      case .png:
        let export = try SessionExport(reader, part.range(every: every))
        var form = try PNGExport(folder: out)
        try write(&form, export)
      case .apng, .gif:
        let export = try SessionExport(reader, part.range(every: every))
        var survey = ColourSurvey()
        _ = try export.run(into: &survey) { _ in !Terminal.isInterrupted }
        let (width, height) = export.size
        if to == .apng {
          var form = try APNGExport(file: out, width: width, height: height, survey: survey)
          try write(&form, export)
        } else {
          var form = try GIFExport(file: out, width: width, height: height, survey: survey)
          try write(&form, export)
        }
      case .mp4, .webm:
        let range = part.range()
        let export = try SessionExport(reader, range)
        var form = try VideoExport(
          file: out, form: to == .mp4 ? .mp4 : .webm, width: export.size.width, height: export.size.height,
          framesPerSecond: export.framesPerSecond, every: part.range(every: every).every)
        try write(&form, export)
      case .html: try page.write(reader, part.range(), to: out, quiet: quiet)
      }
    } catch { throw Failure(error) }
    if Terminal.isInterrupted { throw Failure(.interrupted, "interrupted; \(out) is not whole") }
  }

  private func write(_ form: inout some PictureForm & ~Copyable, _ export: SessionExport) throws(ExportError)
  {
    var progress = Progress(unit: "frames", total: export.expectedFrames, isQuiet: quiet)
    defer { progress.clear() }
    let written = try export.run(into: &form) { played in
      progress.show(played)
      return !Terminal.isInterrupted
    }
    progress.clear()
    if !quiet { Terminal.say("\(written) frames in \(out)") }
  }
}

/// The part of a session that is exported.
struct PartOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only from this second of the session's clock on.", valueName: "s"))
  var from: Double?

  @Option(help: ArgumentHelp("Only what lies before this second.", valueName: "s"))
  var until: Double?

  func validate() throws {
    for (name, seconds) in [("--from", from), ("--until", until)] {
      guard let seconds else { continue }
      guard seconds.magnitude <= 2e9 else {
        throw ValidationError("\(name) takes seconds of the session's clock")
      }
    }
    if let from, let until, from >= until { throw ValidationError("--from is not before --until") }
  }

  func range(every: Double? = nil) -> ExportRange {
    func nanoseconds(_ seconds: Double) -> Int64 { Int64((seconds * 1e9).rounded()) }
    return ExportRange(
      from: from.map(nanoseconds), until: until.map(nanoseconds), every: every.map(nanoseconds))
  }
}

/// What a page is made with.
struct PageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With html: where a trace is shown, such as https://traces.example/{trace_id}.", valueName: "url"))
  var traceUrl: String?

  func validate() throws {
    guard let traceUrl else { return }
    guard traceUrl.hasPrefix("https://") || traceUrl.hasPrefix("http://"), traceUrl.contains("{trace_id}")
    else {
      throw ValidationError("--trace-url takes an address of http or https with {trace_id} in it")
    }
  }

  func write(
    _ reader: SessionReader, _ range: ExportRange, to path: String, quiet: Bool
  ) throws(ExportError) {
    let export = HTMLExport(reader, HTMLExport.Options(traceURL: traceUrl, range: range))
    let total = range.segments(of: reader, needsPicture: false).count
    var progress = Progress(unit: "segments", total: total, isQuiet: quiet)
    defer { progress.clear() }
    let summary = try export.write(to: path) { written in
      progress.show(written)
      return !Terminal.isInterrupted
    }
    guard let summary else { return }
    progress.clear()
    for (index, reason) in summary.missing.sorted(by: { $0.key < $1.key }) {
      Terminal.say("segment \(index) is not in the page: \(reason)")
    }
    if !summary.missing.isEmpty { throw .partial(path: path, segments: summary.missing.count) }
    if !quiet { Terminal.say("\(summary.segments) segments, \(summary.bytes) bytes in \(path)") }
  }
}
