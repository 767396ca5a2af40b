import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore

/// `scrim record --out URL`: the session goes to a spool on this machine, and from there to the destination while it is recorded. So
/// neither a network that is gone nor one that is slow touches the recording.
struct RecordDelivery: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "With --out URL: the folder that keeps what is not delivered yet; below ~/.local/state/scrim by default.",
      valueName: "dir"))
  var spool: String?

  @OptionGroup var destination: DestinationArguments

  @Option(
    help: ArgumentHelp(
      "With --out URL: seconds that the end waits for what is not delivered; 30 by default.", valueName: "s"))
  var deliverSeconds: Double?

  /// Whether an argument is an address, not a folder.
  static func isAddress(_ out: String) -> Bool { out.contains("://") }

  func check(out: String) throws {
    guard RecordDelivery.isAddress(out) || (spool == nil && deliverSeconds == nil && !destination.isGiven)
    else {
      throw ValidationError(
        "--spool, --deliver-seconds, --key-file, --project, --profile, --ca-file, --in-flight and --bandwidth go with --out URL only"
      )
    }
  }

  /// Begins to deliver; nil for a folder, which needs nobody.
  func start(_ out: String, isQuiet: Bool) throws -> BackgroundUploader? {
    guard RecordDelivery.isAddress(out) else { return nil }
    let place = try destination.open(out)
    var options = UploaderOptions()
    options.inFlight = destination.inFlight
    do {
      return try BackgroundUploader(
        SegmentSpool(path: spool ?? RecordDelivery.defaultSpool(out)), to: place, options
      ) { event in
        if case .message(let words) = event, !isQuiet { Terminal.say(Terminal.printable(words)) }
      }
    } catch { throw Failure(error) }
  }

  /// A spool has one destination, so its name is made of it.
  private static func defaultSpool(_ out: String) -> String {
    let environment = ProcessInfo.processInfo.environment
    let state = environment["XDG_STATE_HOME"] ?? (environment["HOME"] ?? "/var/tmp") + "/.local/state"
    return "\(state)/scrim/spool-\(SHA256.digest(Array(out.utf8).span).description.prefix(12))"
  }

  /// Waits for the rest of the session.
  func finish(_ uploader: BackgroundUploader, _ session: SessionID, isQuiet: Bool) throws {
    let left: Int?
    do {
      left = try uploader.finish(session, within: deliverSeconds ?? 30)
    } catch {
      throw Failure(.environment, "\(error); what was recorded waits in \(uploader.spool.path)")
    }
    guard !isQuiet else { return }
    if let left {
      Terminal.say(
        "\(left) segments are not delivered yet; scrim upload \(uploader.spool.path) goes on with them")
    } else {
      Terminal.say("session \(session) is delivered")
    }
  }
}
