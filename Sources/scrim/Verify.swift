import ArgumentParser
import ScrimPlayer
import ScrimRedact
import ScrimStore

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Verify every checksum, the chain and the decoding of a session; with its capture, also the masks.")

  @Argument(help: "A session folder.")
  var session: String

  @Option(help: ArgumentHelp("The capture it was recorded from.", valueName: "dir"))
  var capture: String?

  @Option(
    help: ArgumentHelp(
      "With --capture: the policy it was recorded with; default if none is given.", valueName: "policy"))
  var policy: String?

  @OptionGroup var key: KeyOption

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard policy == nil || capture != nil else {
      throw ValidationError("--policy needs --capture, whose masks are recomputed")
    }
  }

  func run() throws {
    let folder = try key.folder(session)
    let sealed: SealedCheck?
    do { sealed = try folder.checkSealed() } catch { throw Failure(error) }
    if let sealed, folder.key == nil {
      guard capture == nil else {
        throw Failure(
          .usage,
          "\(session): the session is sealed to the public key \(sealed.key); --capture needs --key FILE")
      }
      return try finish(VerifyReport(sealed, folder))
    }
    let reader: SessionReader
    do { reader = try folder.readWhatIsThere() } catch { throw Failure(error) }
    var report = try VerifyReport(reader, sealed)
    try play(reader, &report)
    try finish(report)
  }

  /// Decodes every segment that is there, and notes those that can't be.
  private func play(_ reader: SessionReader, _ report: inout VerifyReport) throws {
    var masks = try capture.map {
      try MaskCheck(capture: $0, policy: .named(policy ?? "default"), manifest: reader.manifest)
    }
    var progress = Progress(unit: "frames", total: reader.frameCount, isQuiet: output.quiet)
    defer { progress.clear() }
    var frames = 0
    let faulty = report.faulty
    // Each begins with a keyframe; the chain across gaps is verified by the digests in the manifest.
    for index in 0..<reader.segmentCount where !faulty.contains(index) {
      var player = SessionPlayer(reader, segments: index..<index + 1)
      let before = frames
      do {
        while let frame = try player.next() {
          if let picture = player.picture { try masks?.check(frame, picture, listed: player.masks) }
          frames += 1
          progress.show(frames)
        }
      } catch let error as PlaybackError {
        frames = before
        report.noteDamage(index, error)
      }
    }
    report.sort()
    report.frames = frames
    report.maskedPixelsChecked = masks?.pixels ?? 0
  }

  private func finish(_ report: VerifyReport) throws {
    if output.json { try output.print(json: report) }
    for segment in report.damaged { Terminal.say("damaged: \(segment.reason)") }
    if let failure = report.failure(session) { throw Failure(.input, failure) }
    guard !output.quiet else { return }
    Terminal.say(report.summary(checksMasks: capture != nil))
    if !report.setAside.isEmpty {
      Terminal.say(
        "\(report.setAside.joined(separator: ", ")): set aside by a recovery, since no frame in it is intact; not part of the session"
      )
    }
  }
}
