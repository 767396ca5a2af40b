import ArgumentParser
import Foundation
import ScrimFormat
import ScrimRecorder
import ScrimStore
import ScrimSystem

/// Options for sampling and life cycle of sessions, and for events from other programs.
struct SessionCommandOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Share of sessions recorded from their first frame, 0 to 1; 1 by default.", valueName: "r"))
  var sessionSample: Double?

  @Option(
    help: ArgumentHelp(
      "Share of errors that cause the buffer of another session to be written, 0 to 1; 1 by default.",
      valueName: "r"))
  var errorSample: Double?

  @Option(
    help: ArgumentHelp("Minimum seconds in the buffer, 1 to 600; 60 by default.", valueName: "s"))
  var errorBuffer: Double?

  @Option(
    help: ArgumentHelp(
      "Seconds without user input after which a session pauses; 300 by default, 0 for never.", valueName: "s"
    ))
  var idle: Double?

  @Option(
    help: ArgumentHelp(
      "Seconds after which the next session begins, in DIR.2, DIR.3; 3600 by default, 0 for never.",
      valueName: "s"))
  var maxSession: Double?

  @Option(
    help: ArgumentHelp("Minimum seconds of a session; a shorter one is dropped.", valueName: "s"))
  var minSession: Double?

  @Option(
    help: ArgumentHelp(
      "Events, as lines {\"t_ms\":…,\"type\":…}, - for standard input; for a live screen, recorded as they arrive.",
      valueName: "file"
    ))
  var events: String?

  @Option(
    help: ArgumentHelp(
      "For a live screen: log lines of this systemd unit, such as cups.service, as the journal gets them.",
      valueName: "unit"))
  var journal: String?

  @Option(
    help: ArgumentHelp(
      "With --journal: a folder of journal files, instead of this machine's.", valueName: "dir"))
  var journalDirectory: String?

  @Flag(
    help:
      "Keep what is buffered in memory under $XDG_RUNTIME_DIR too, and begin with what a recorder that was killed left there."
  )
  var crashBuffer = false

  @Option(
    help: ArgumentHelp(
      "service.name in the manifest, as OpenTelemetry has it; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES by default.",
      valueName: "name"))
  var serviceName: String?

  @Option(help: ArgumentHelp("service.version in the manifest.", valueName: "version"))
  var serviceVersion: String?

  @Option(help: ArgumentHelp("deployment.environment in the manifest.", valueName: "name"))
  var deploymentEnvironment: String?

  /// What the manifest says of the recorded program: options come before the environment's variables.
  var service: ServiceAttributes {
    var service = ServiceAttributes(environment: ProcessInfo.processInfo.environment)
    service.name = serviceName ?? service.name
    service.version = serviceVersion ?? service.version
    service.environment = deploymentEnvironment ?? service.environment
    return service
  }

  private var isGiven: Bool {
    crashBuffer
      || [sessionSample, errorSample, errorBuffer, idle, maxSession, minSession].contains { $0 != nil }
  }

  /// Whether sessions, or their beginnings, may be dropped on purpose.
  var isSampled: Bool { sessionSample != nil || errorSample != nil }

  func validate() throws {
    _ = try options()
    guard journalDirectory == nil || journal != nil else {
      throw ValidationError("--journal-directory needs --journal UNIT")
    }
    guard journal?.isEmpty != true else {
      throw ValidationError("--journal takes the name of a unit, such as cups.service")
    }
  }

  /// The options of the command, by the library's names.
  private static let names = [
    "sessionSampleRate": "--session-sample", "errorSampleRate": "--error-sample",
    "errorBufferSeconds": "--error-buffer", "idleSeconds": "--idle", "maximumSeconds": "--max-session",
    "minimumSeconds": "--min-session",
  ]

  private func options() throws -> SessionOptions {
    var options = SessionOptions()
    options.sessionSampleRate = sessionSample ?? options.sessionSampleRate
    options.errorSampleRate = errorSample ?? options.errorSampleRate
    options.errorBufferSeconds = errorBuffer ?? options.errorBufferSeconds
    options.idleSeconds = idle ?? options.idleSeconds
    options.maximumSeconds = maxSession ?? options.maximumSeconds
    options.minimumSeconds = minSession ?? options.minimumSeconds
    options.crashBuffer = crashBuffer
    do { try options.validate() } catch {
      var error = error
      error.option = SessionCommandOptions.names[error.option] ?? error.option
      throw ValidationError("\(error)")
    }
    return options
  }

  /// Settings for a recorder of sessions; nil if everything is one session.
  ///
  /// - Parameters:
  ///   - first: the id of the first session.
  ///   - start: when the source's clock began.
  ///   - isStartGiven: whether the wall clock must not be used.
  func settings(
    isLive: Bool, first: SessionID, start: Int64, isStartGiven: Bool,
    folder: @escaping @Sendable (Int, SessionID) -> SessionFolder,
    onChange: @escaping @Sendable (SessionChange) -> Void
  ) throws -> SessionSettings? {
    guard isLive || isGiven else { return nil }
    var settings = SessionSettings(try options(), start: start, folder: folder)
    let names = ConditionLock([first])
    let random = settings.name
    settings.name = { names.withValue { $0.popLast() } ?? random() }
    if isLive {
      let origin = MonotonicClock.now
      if isStartGiven {
        settings.moment = {
          SessionMoment(boot: SessionMoment.now.boot, wall: start + MonotonicClock.now - origin)
        }
      } else {
        settings.moment = { SessionMoment.now }
      }
    }
    settings.onChange = onChange
    return settings
  }
}
