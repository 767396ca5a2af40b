public import ArgumentParser
import Foundation
import ScrimCapture
import ScrimDelivery
import ScrimFormat
public import ScrimImage
import ScrimRecorder
import ScrimRedact
import ScrimStore

struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Record a live screen, a capture folder, a raw stream or an XWD file as a redacted session.")

  @Argument(help: "A capture folder: capture.json, frames.jsonl, PNG images.")
  var capture: String?

  @Option(help: ArgumentHelp("A raw stream of frames, - for standard input.", valueName: "file"))
  var raw: String?

  @Option(help: ArgumentHelp("An XWD file, as written by xwd.", valueName: "file"))
  var xwd: String?

  @OptionGroup var live: LiveInput

  @Option(
    help: ArgumentHelp(
      "The session's destination: a new or empty folder, or a URL: https://…, s3://BUCKET/PREFIX, file://…",
      valueName: "dir|url"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Record nothing; write one masked picture of the input, with the outlines and reasons of its masks.",
      valueName: "file.png"))
  var preview: String?

  @OptionGroup var delivery: RecordDelivery

  @OptionGroup var sealing: SealOption

  @Option(
    help: ArgumentHelp(
      "The policy that decides what is masked: a file, or default, strict, controls, none.",
      valueName: "policy"))
  var policy = "default"

  @Flag(help: "Keep every unmasked pixel exactly. This is the default.")
  var lossless = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("JPEG quality, 1 to 100, for photographic areas without masks.", valueName: "n"))
  var quality: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Seconds from one keyframe to the next; 5 by default, up to 15 while little changes.", valueName: "s"))
  var keyframeInterval: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seconds in a segment; 5 by default, up to 15 while little changes.", valueName: "s"))
  var segmentSeconds: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "1, or 2 to code frames while the next ones are read. The output is the same.", valueName: "n")
  )
  var threads = 1

  @Option(help: ArgumentHelp("With --raw: size of a frame in pixels.", valueName: "WxH"))
  var size: PixelSize?

  @Option(
    help: ArgumentHelp(
      "With --raw: \(PixelFormat.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "fmt"))
  var format: PixelFormat?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("With --raw: bytes from one row to the next.", valueName: "bytes"))
  var stride: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Frames per second: of a raw stream, or the maximum for a live screen, 10 by default.", valueName: "n"))
  var fps: Double?

  @Option(
    help: ArgumentHelp("With --raw: boxes, as lines {\"t_ms\":…,\"widgets\":[…]}.", valueName: "file.jsonl"))
  var widgets: String?

  @Option(help: ArgumentHelp("The session's id, a UUID; random by default.", valueName: "uuid"))
  var sessionId: String?

  @Option(
    help: ArgumentHelp(
      "Start time of the session, such as 2026-01-31T12:00:00Z; now by default.", valueName: "time"))
  var startedAt: String?

  @OptionGroup var sessions: SessionCommandOptions

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard preview == nil || sealing.sealTo == nil else {
      throw ValidationError("--seal-to goes with --out: a preview is a picture for you to look at")
    }
    let inputs =
      [
        capture.map { "the capture \($0)" }, raw.map { _ in "--raw" }, xwd.map { _ in "--xwd" },
      ].compactMap(\.self) + live.inputs
    guard inputs.count < 2 else {
      throw ValidationError("give one input, not \(inputs.count): \(inputs.joined(separator: " and "))")
    }
    try live.check(xwd: xwd, fps: fps, raw: raw)
    guard raw != nil || (size == nil && format == nil && stride == nil && widgets == nil) else {
      throw ValidationError("--size, --format, --stride and --widgets need --raw")
    }
    guard !inputs.isEmpty else {
      throw ValidationError(
        "give one input: a capture folder, --raw FILE, --xwd FILE, --x11 [DISPLAY], --fbdev DEVICE, or --wayland"
      )
    }
    guard (out == nil) != (preview == nil) else {
      throw ValidationError("give either --out DIR, or --preview FILE.png for one masked picture")
    }
    guard sessions.journal == nil || live.isGiven else {
      throw ValidationError("--journal needs a live screen: --x11, --wayland, --fbdev, --xwd FILE --follow")
    }
    try delivery.check(out: folder)
    guard raw == nil || (size != nil && format != nil && fps != nil) else {
      throw ValidationError("--raw needs --size WxH, --format FMT and --fps N")
    }
    guard !(lossless && quality != nil) else {
      throw ValidationError("give --lossless or --quality, not both")
    }
    guard (1...2).contains(threads) else {
      throw ValidationError("--threads takes 1 or 2")
    }
    guard quality.map({ (1...100).contains($0) }) ?? true else {
      throw ValidationError("--quality takes a number from 1 to 100")
    }
    for (name, seconds) in [("--keyframe-interval", keyframeInterval), ("--segment-seconds", segmentSeconds)]
    {
      guard let seconds else { continue }
      guard seconds > 0, seconds <= 3600 else {
        throw ValidationError("\(name) takes seconds, above 0 and at most 3600")
      }
    }
  }

  func run() throws {
    Terminal.forbidCoreFiles()
    let policy = try MaskPolicy.named(self.policy)
    let start = try startTime()
    let sealTo = try sealing.key()
    if self.policy == MaskPolicy.Preset.none.rawValue {
      Terminal.say("warning: the policy none masks only password fields; do not use it on real screens")
    }
    if let preview { return try writePreview(policy, to: preview) }
    if !RecordDelivery.isAddress(folder) {
      // A session that waits in memory for an error leaves nothing on the disk before it.
      do { try SessionFolder(path: folder).checkIsFree(byTrying: !sessions.isSampled) } catch {
        throw Failure(error)
      }
    }
    var source = try openSource()
    var options = RecorderOptions(policy: policy, coding: CodingOptions(quality: quality))
    let uploader = try delivery.start(folder, isQuiet: output.quiet)
    // Segments that are to be delivered aren't stretched while little changes.
    if keyframeInterval == nil, segmentSeconds == nil, uploader == nil {
      options.segmenting.quietDuration = 15_000_000_000
    }
    options.sealTo = sealTo
    options.segmenting.keyframeInterval = Int64((keyframeInterval ?? 5) * 1e9)
    options.threads = threads
    options.service = sessions.service
    options.segmenting.segmentDuration = Int64((segmentSeconds ?? 5) * 1e9)
    let session = try sessionID()
    let log = SessionLog(isQuiet: output.quiet)
    var recorder = try recorder(for: source, session, start: start, options, uploader, log)
    Terminal.noteInterrupts()
    if source.isLive, !output.quiet {
      Terminal.say(
        "recording \(xwd ?? live.name), \(source.width)x\(source.height), to \(folder) with the policy \(self.policy); \(live.ending)"
      )
    }
    let summary: RecordingSummary
    let deliver = {
      guard let uploader else { return }
      try delivery.finish(uploader, log.isEmpty ? [session] : log.ids, isQuiet: output.quiet)
    }
    do { summary = try record(&source, with: &recorder) } catch {
      let frames = sessions.isSampled || recorder.summary.shortSessions > 0 ? nil : recorder.passedFrames
      // Its lock marks the session as being recorded.
      _ = consume recorder
      // What was recorded is delivered all the same, and the first failure is reported. Delivered segments make
      // room in the spool, in which the uploader then seals the session.
      if uploader != nil { try? deliver() }
      guard let failure = error as? FullDisk else { throw error }
      throw uploader == nil
        ? failure.sealed(folder, frames, log, isSealedToKey: sealTo != nil) : Failure(failure.error)
    }
    _ = consume recorder
    let reported = Result { try report(summary, policy, source, log) }
    try deliver()
    try reported.get()
    if !output.quiet, source.tornReads > 0 {
      Terminal.say(
        "repeated \(counted(source.tornReads, "capture")), because the screen changed during the capture")
    }
    // A signal ends a live recording normally; it interrupts any other.
    if Terminal.isInterrupted, !source.isLive || summary.frames == 0 {
      throw Failure(
        .interrupted, "interrupted after \(counted(summary.frames, "frame")); the recorded part is sealed")
    }
    guard summary.frames > 0 else {
      throw Failure(.input, "there was no frame; \(folder) holds an empty session")
    }
    // On a live screen, pixels drawn before the first snapshot of its trees are fill, which is not a fault
    // of the input.
    if !summary.isComplete, !source.isLive || summary.lostFrames > 0 {
      throw Failure(.input, "some of the input was refused (see above); the rest was recorded in \(folder)")
    }
  }

  /// The session's destination; validated to be given, except for a preview.
  private var folder: String { out ?? "" }

  private func writePreview(_ policy: MaskPolicy, to path: String) throws {
    var live = live
    live.duration = live.duration ?? RecordPreview.limit
    var source = try openSource(live)
    Terminal.noteInterrupts()
    try RecordPreview.write(&source, policy: policy, to: path)
    if !output.quiet {
      Terminal.say(
        "\(path) shows the recorded pixels with the policy \(self.policy), and why the rest is masked")
      for window in source.windows.filter(\.isOpen).prefix(WindowReport.lineLimit) {
        Terminal.say(WindowReport(window, nil).line)
      }
    }
  }

  private func recorder(
    for source: any FrameSource, _ session: SessionID, start: Int64, _ options: RecorderOptions,
    _ uploader: BackgroundUploader?, _ log: SessionLog
  ) throws -> SessionRecorder {
    let first = SessionFolder(path: folder)
    let settings = try sessions.settings(
      isLive: source.isLive, first: session, start: start, isStartGiven: startedAt != nil,
      folder: { uploader?.folder(of: $1) ?? first.following($0) }, onChange: { log.note($0) })
    do {
      guard let settings else {
        return try SessionRecorder(
          to: uploader?.folder(of: session) ?? first, width: source.width, height: source.height,
          session: session, start: start, producer: Scrim.producer, options: options)
      }
      return try SessionRecorder(
        settings, width: source.width, height: source.height, producer: Scrim.producer, options: options)
    } catch { throw Failure(error) }
  }

  private func record(
    _ source: inout any FrameSource, with recorder: inout SessionRecorder
  ) throws -> RecordingSummary {
    var log = IssueLog(isLive: source.isLive)
    var progress = Progress(unit: "frames", total: source.expectedFrames, isQuiet: output.quiet)
    let isLive = source.isLive
    do {
      let summary = try Recording.run(
        &source, into: &recorder, isInterrupted: { Terminal.isInterrupted },
        onIssue: { log.note($0, &progress) },
        onProgress: { summary in
          progress.show(summary.frames, isLive ? RecordReport.progress(summary) : nil)
        })
      progress.clear()
      log.close()
      return summary
    } catch {
      progress.clear()
      switch error {
      case .recorder(.output(let error)) where error.isFullDisk: throw FullDisk(error: error)
      case .recorder(let error): throw Failure(error)
      case .source(let error, .failure(.output(let full))) where full.isFullDisk:
        throw FullDisk(error: full, source: error)
      case .source(let error, let sealed):
        var failure = Failure(error)
        switch sealed {
        case .success(let sealed) where sealed.frames > 0:
          failure.message += "; \(counted(sealed.frames, "earlier frame")) sealed in \(folder)"
        case .success: break
        case .failure(let error): failure.message += "; the session is not sealed: \(Failure(error).message)"
        }
        throw failure
      }
    }
  }

  private func openSource() throws -> any FrameSource { try openSource(live) }

  private func openSource(_ live: LiveInput) throws -> any FrameSource {
    do { return try sessions.source(try openPictures(live)) } catch let error as CaptureError {
      throw Failure(error)
    }
  }

  private func openPictures(_ live: LiveInput) throws -> any FrameSource {
    do {
      if let capture {
        return sessions.events == nil ? try SourceWithEvents.capture(capture) : try CaptureFolder(capture)
      }
      if let source = try live.source(xwd: xwd, fps: fps, policy: MaskPolicy.named(policy)) { return source }
      if let xwd { return try XWDFile(path: xwd) }
      guard let raw, let size, let format, let fps else {
        throw ValidationError("--raw needs --size, --format and --fps")
      }
      return try RawStream(
        path: raw,
        shape: RawShape(
          width: size.width, height: size.height, format: format, stride: stride, framesPerSecond: fps),
        widgets: widgets)
    } catch let error as CaptureError { throw Failure(error) }
  }

  private func sessionID() throws -> SessionID {
    guard let sessionId else {
      var generator = SystemRandomNumberGenerator()
      return SessionID(using: &generator)
    }
    guard let id = SessionID(sessionId) else {
      throw Failure(
        .usage, "--session-id \(sessionId): give a UUID, such as 01234567-89ab-cdef-0123-456789abcdef")
    }
    return id
  }

  private func startTime() throws -> Int64 {
    guard let startedAt else { return Int64(Date().timeIntervalSince1970 * 1000) * 1_000_000 }
    guard let time = RFC3339.nanoseconds(startedAt) else {
      throw Failure(.usage, "--started-at \(startedAt): give a time, such as 2026-01-31T12:00:00Z")
    }
    return time
  }

  private func report(
    _ summary: RecordingSummary, _ policy: MaskPolicy, _ source: any FrameSource, _ log: SessionLog
  ) throws {
    var report = RecordReport(summary, policy, windows: source.windows, isLive: source.isLive)
    if !log.isEmpty { report.sessions = log.all }
    if output.json { try output.print(json: report) }
    guard !output.quiet else { return }
    for line in report.lines { Terminal.say(line) }
    if summary.frames > 0, summary.maskedShare == 1,
      xwd != nil && !source.isLive || raw != nil && widgets == nil
    {
      let remedy = raw == nil ? "record it with --raw and --widgets FILE.jsonl" : "give --widgets FILE.jsonl"
      Terminal.say("hint: this input has no boxes of widgets, so everything is masked; \(remedy)")
    }
    if summary.frames > 0, source.isLive, summary.maskedShare > 0.9,
      self.policy == MaskPolicy.Preset.default.rawValue
    {
      Terminal.say(
        "hint: \(RecordReport.percent(summary.maskedShare)) of the last picture was masked; --policy controls shows buttons and menus, and --preview FILE.png shows why the rest is masked"
      )
    }
  }
}

extension PixelFormat: ExpressibleByArgument {}
