public import ArgumentParser
public import ScrimExport
import ScrimStore

/// The part of a session that is exported.
struct PartOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Only from this second of the session's clock on.", valueName: "s"))
  var from: Double?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Only what lies before this second.", valueName: "s"))
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

/// Options for the look of pictures.
struct PictureLookOptions: ParsableArguments {
  enum Switch: String, CaseIterable, ExpressibleByArgument { case on, off }

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Make pictures smaller or larger, 0.05 to 4; 0.5 halves each side.", valueName: "f"))
  var scale: Double?

  @Option(
    help: ArgumentHelp(
      """
      How masks are drawn: fill, as recorded; outline, a line around each; wireframe, a sketch of what they hide by its kind alone. \
      Needs a session with a masks record.
      """))
  var style: PictureOptions.Style?

  @Option(
    help: "Draw pointer, presses and touches: off by default; with rrweb on, as events that its players draw."
  )
  var pointer: Switch?

  func validate() throws {
    guard scale.map(PictureOptions.scales.contains) ?? true else {
      throw ValidationError("--scale takes a factor from 0.05 to 4")
    }
  }

  /// Refuses options that the format doesn't use.
  func check(_ form: ExportForm) throws {
    guard form == .html else { return }
    for (name, isGiven) in [
      ("--scale", scale != nil), ("--style", style != nil), ("--pointer", pointer != nil),
    ] where isGiven {
      throw ValidationError("\(name) goes with pictures and films; the page of --to html has buttons for it")
    }
  }

  func options(_ form: ExportForm) -> PictureOptions {
    var options = PictureOptions()
    options.scale = scale ?? 1
    options.style = style ?? .fill
    options.showsPointer = pointer == .on && form != .rrweb
    return options
  }
}

extension PictureOptions.Style: ExpressibleByArgument {}

/// Options of an HTML page.
struct PageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With html: where a trace is shown, such as https://traces.example/{trace_id}.", valueName: "url"))
  var traceUrl: String?

  func validate() throws {
    guard let traceUrl else { return }
    guard PageDescription.isTraceAddress(traceUrl) else {
      throw ValidationError(
        "--trace-url takes an address of http or https with {trace_id} behind its host, such as https://traces.example/{trace_id}"
      )
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
