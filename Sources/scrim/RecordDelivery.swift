import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore

/// `scrim record --out URL`: the session is written to a spool on this machine, and delivered from there to
/// the destination during the recording. So a slow or missing network does not affect the recording.
struct RecordDelivery: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With --out URL: the folder for segments that are not delivered yet; in ~/.local/state/scrim by default.",
      valueName: "dir"))
  var spool: String?

  @OptionGroup var destination: DestinationArguments

  @Option(
    help: ArgumentHelp(
      "With --out URL: seconds to wait at the end for the last deliveries; 30 by default.", valueName: "s"))
  var deliverSeconds: Double?

  /// Whether an argument is a URL, not a folder.
  static func isAddress(_ out: String) -> Bool { out.contains("://") }

  func check(out: String) throws {
    guard RecordDelivery.isAddress(out) || (spool == nil && deliverSeconds == nil && !destination.isGiven)
    else {
      throw ValidationError(
        "--spool, --deliver-seconds, --key-file, --project, --profile, --ca-file, --in-flight and --bandwidth need --out URL"
      )
    }
  }

  /// Starts the delivery; nil for a folder, which needs none.
  func start(_ out: String, isQuiet: Bool) throws -> BackgroundUploader? {
    guard RecordDelivery.isAddress(out) else { return nil }
    let place = try destination.open(out)
    var options = UploaderOptions()
    options.inFlight = destination.inFlight
    do {
      let uploader = try BackgroundUploader(
        SegmentSpool(path: spool ?? RecordDelivery.defaultSpool(out)), to: place, options)
      try uploader.start { event in
        guard !isQuiet else { return }
        switch event {
        case .issue(let words): Terminal.say(Terminal.printable(words))
        case .lost(let loss): Terminal.say(UploadDisplay.words(for: loss))
        }
      }
      return uploader
    } catch { throw Failure(error) }
  }

  /// A spool has one destination, so its name is derived from it.
  private static func defaultSpool(_ out: String) -> String {
    let environment = ProcessInfo.processInfo.environment
    let state = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "/var/tmp") + "/.local/state"
    return "\(state)/scrim/spool-\(SHA256.digest(Array(out.utf8).span).description.prefix(12))"
  }

  /// Waits until the rest of the recorded sessions is delivered.
  func finish(_ uploader: BackgroundUploader, _ sessions: [SessionID], isQuiet: Bool) throws {
    let left: Int?
    do {
      left = try uploader.finish(within: deliverSeconds ?? 30)
    } catch {
      throw Failure(.environment, "\(error); the recorded segments wait in \(uploader.spool.path)")
    }
    guard !isQuiet else { return }
    if let left {
      Terminal.say(
        "\(counted(left, "segment")) not delivered yet; scrim upload \(uploader.spool.path) delivers the rest"
      )
      return
    }
    for session in sessions {
      switch try? uploader.replayState(of: session) {
      case .dropped(let loss): Terminal.say(UploadDisplay.words(for: loss))
      case .absent, .waiting, nil: Terminal.say("session \(session) is delivered")
      }
    }
  }
}
