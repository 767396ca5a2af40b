import ArgumentParser
import Foundation
import Glibc
import ScrimExport
import ScrimStore

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Write a session as pictures, as a film, as a page that plays in a browser, or as a replay for other tools."
  )

  /// Seconds of a staged clip.
  private static let stagedSeconds = 30.0

  @Argument(help: "A session folder.")
  var session: String

  @Option(
    help: """
      The form to write: png, every frame exactly as a player shows it; apng and gif, one animated picture; mp4 and webm, a \
      film by ffmpeg; html, one page that plays it; rrweb, a file of events for rrweb's players; sentry, a replay as \
      envelopes; sentry-staging, a clip that sentry-native sends with a crash.
      """)
  var to: ExportForm

  @Option(
    help: ArgumentHelp(
      """
      Where it goes: for png and sentry a new or empty folder, for sentry-staging the SDK's database folder, else a file.
      """, valueName: "path"))
  var out: String

  @OptionGroup var part: PartOptions

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only the last so many seconds; 30 by default with sentry-staging.", valueName: "s"))
  var last: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "One picture each so many seconds, as it is shown then.", valueName: "s"))
  var every: Double?

  @Flag(
    help: """
      With sentry-staging: write the clip again every 5 seconds while the session is being recorded, until it ends.
      """)
  var follow = false

  @OptionGroup var looks: PictureLookOptions

  @OptionGroup var page: PageOptions

  @OptionGroup var key: KeyOption

  @Option(
    help: ArgumentHelp(
      "With sentry: the server that the envelopes are sent to, https://KEY@HOST/PROJECT.", valueName: "dsn"))
  var send: String?

  @Flag(help: "Say nothing but what went wrong.")
  var quiet = false

  func validate() throws {
    guard every.map({ $0 >= 0.001 && $0 <= 86_400 }) ?? true else {
      throw ValidationError("--every takes seconds, from 0.001 to 86400")
    }
    guard last.map({ $0 > 0 && $0 <= 2e9 }) ?? true else {
      throw ValidationError("--last takes seconds, more than 0")
    }
    guard last == nil || (part.from == nil && part.until == nil) else {
      throw ValidationError("give --last, or --from and --until")
    }
    guard every == nil || [.png, .apng, .gif, .mp4, .webm].contains(to) else {
      throw ValidationError("--every goes with pictures and films, not with \(to.rawValue)")
    }
    guard page.traceUrl == nil || to == .html else {
      throw ValidationError("--trace-url goes with --to html")
    }
    guard !follow || (to == .sentryStaging && part.from == nil && part.until == nil) else {
      throw ValidationError(
        "--follow goes with --to sentry-staging, and with --last instead of --from and --until")
    }
    guard send == nil || to == .sentry else { throw ValidationError("--send goes with --to sentry") }
    try looks.check(to)
  }

  func run() throws {
    // What a user saw is for no other user of the machine, also where ffmpeg writes it.
    umask(0o077)
    let reader = try key.opened(session)
    Terminal.noteInterrupts()
    let staged = StagedClip(
      folder: reader.folder, database: out, options: looks.options(to), isQuiet: quiet)
    // As for a live recording, a signal is how it ends.
    if follow {
      return try staged.follow(lastNanoseconds: Int64(((last ?? Self.stagedSeconds) * 1e9).rounded()))
    }
    do throws(ExportError) {
      let options = looks.options(to)
      switch to {
      case .png:
        let export = try SessionExport(reader, range(reader, every: every), options)
        var form = try PNGExport(folder: out)
        try write(&form, export)
      case .apng, .gif:
        let export = try SessionExport(reader, range(reader, every: every), options)
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
        let export = try SessionExport(reader, range(reader), options)
        var form = try VideoExport(
          file: out, form: to == .mp4 ? .mp4 : .webm, width: export.size.width, height: export.size.height,
          framesPerSecond: export.framesPerSecond, every: part.range(every: every).every)
        try write(&form, export)
      case .html: try page.write(reader, range(reader), to: out, quiet: quiet)
      case .rrweb:
        let export = try SessionExport(reader, range(reader), options)
        var form = try RRWebExport(file: out, of: export, showsPointer: looks.pointer != .off)
        try write(&form, export)
      case .sentryStaging:
        try staged.write(reader, range(reader, last: Self.stagedSeconds))
      case .sentry: break
      }
    } catch { throw Failure(error) }
    if to == .sentry {
      try SentryDelivery(out: out, dsn: send, quiet: quiet).run(reader, range(reader), looks.options(to))
    }
    if Terminal.isInterrupted { throw Failure(.interrupted, "interrupted; \(out) is not whole") }
  }

  /// The requested part.
  ///
  /// - Parameter last: the number of last seconds that is used if no part was requested.
  private func range(_ reader: SessionReader, every: Double? = nil, last standard: Double? = nil)
    -> ExportRange
  {
    let isAsked = part.from != nil || part.until != nil
    guard let seconds = last ?? (isAsked ? nil : standard) else { return part.range(every: every) }
    var range = part.range(every: every)
    range.from = ExportRange.from(last: Int64((seconds * 1e9).rounded()), of: reader)
    return range
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
    if !quiet { Terminal.say("\(counted(written, "frame")) in \(out)") }
  }
}
