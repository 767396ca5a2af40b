import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore
import Synchronization

struct Upload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deliver a spool's waiting segments, or a session, to a server, an S3 bucket or a folder.",
    discussion: """
      A spool is a folder filled by scrim record --out URL, or by a recorder inside an application. Delivered segments leave it. \
      A session folder stays as it is.
      """)

  @Argument(help: "A spool, or a session folder.")
  var from: String

  @Option(
    help: ArgumentHelp(
      "The destination: https://HOST/PATH, s3://BUCKET/PREFIX, or a folder.", valueName: "url"))
  var to: String?

  @OptionGroup var destination: DestinationArguments

  @Flag(help: "Keep running when nothing waits, until stopped, as a service does.")
  var watch = false

  @Flag(help: "Print how much waits, was refused and was dropped, and exit.")
  var status = false

  @Flag(help: "Verify the checksums of everything that waits, and exit.")
  var check = false

  @Flag(help: "Retry the segments that the destination refused.")
  var retryRejected = false

  @Option(help: ArgumentHelp("Maximum seconds before the first retry.", visibility: .hidden))
  var retryBase = 1.0

  @OptionGroup var spoolLimits: SpoolLimitArguments

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard [watch, status, check].count(where: { $0 }) <= 1 else {
      throw ValidationError("give one of --watch, --status and --check")
    }
  }

  func run() throws {
    let isSession = FileManager.default.fileExists(atPath: from + "/" + StoreLayout.manifestFile)
    let spool = SegmentSpool(path: from)
    if !isSession || status || check {
      guard FileManager.default.fileExists(atPath: from) else {
        throw Failure(.usage, "\(from): no such folder; give a spool or a session")
      }
    }
    if status || check {
      guard !isSession else {
        throw Failure(
          .usage, "\(from) is a session; --status and --check need a spool (scrim verify checks sessions)")
      }
      return status ? try printStatus(spool) : try checkSpool(spool)
    }
    let address: String
    if let given = to {
      address = given
    } else {
      do { address = try spool.destination() ?? "" } catch { throw Failure(error) }
    }
    guard !address.isEmpty else { throw Failure(.usage, "give the destination: --to URL") }
    if retryRejected { try retry(spool) }
    try upload(to: address, isSession: isSession, spool)
  }

  private func upload(to address: String, isSession: Bool, _ spool: SegmentSpool) throws {
    let place = try destination.open(address)
    var options = UploaderOptions()
    options.limits = spoolLimits.limits
    options.isWatching = watch
    options.inFlight = destination.inFlight
    options.policy.base = Int64(min(max(retryBase, 0.001), 3600) * 1e9)
    options.policy.cap = max(options.policy.base, Int64(min(retryBase, 1) * 300e9))
    let display = UploadDisplay(isQuiet: output.quiet, isWatching: watch)
    Terminal.noteInterrupts()
    let uploader = Uploader(to: place, options) { display.show($0) }
    let summary: UploadSummary
    do throws(UploadError) {
      let isStopped = { Terminal.isInterrupted }
      summary =
        isSession
        ? try uploader.run(SessionFolder(path: from), isStopped: isStopped)
        : try uploader.run(spool, isStopped: isStopped)
    } catch {
      display.clear()
      throw Failure(error)
    }
    display.clear()
    if output.json { try output.print(json: UploadReport(summary)) }
    if !output.quiet {
      Terminal.say(
        "\(counted(summary.delivered, "segment")) delivered (\(counted(summary.deliveredBytes, "byte"))), \(summary.rejected) refused, "
          + "\(summary.damaged) damaged, \(summary.dropped) dropped, \(summary.waiting) waiting")
    }
    if Terminal.isInterrupted, !watch {
      throw Failure(.interrupted, "interrupted; \(counted(summary.waiting, "segment")) waiting in \(from)")
    }
    if summary.rejected + summary.damaged > 0 {
      throw Failure(.input, "some segments were not delivered; see scrim upload \(from) --status")
    }
  }

  private func retry(_ spool: SegmentSpool) throws {
    do {
      guard let keeper = try spool.keeper() else { throw Failure(UploadError.inUse(from)) }
      let count = try keeper.retryRejected()
      if !output.quiet { Terminal.say("retrying \(counted(count, "refused segment"))") }
    } catch let error as StoreError { throw Failure(error) }
  }

  private func printStatus(_ spool: SegmentSpool) throws {
    let status: SpoolStatus
    do { status = try spool.status() } catch { throw Failure(error) }
    let report = StatusReport(status)
    if output.json { return try output.print(json: report) }
    for line in report.lines { print(line) }
  }

  private func checkSpool(_ spool: SegmentSpool) throws {
    let check: SpoolCheck
    do { check = try spool.check() } catch { throw Failure(error) }
    if output.json {
      try output.print(
        json: CheckReport(whole: check.whole, damaged: check.damaged, strangers: check.strangers))
    }
    if !output.quiet {
      for line in check.damaged { Terminal.say(line) }
      for name in check.strangers {
        Terminal.say("\(from)/\(Terminal.printable(name)): does not belong to a spool")
      }
      Terminal.say("\(counted(check.whole, "waiting segment")) intact, \(check.damaged.count) damaged")
    }
    if !check.damaged.isEmpty {
      throw Failure(
        .input, "damaged segments will be set aside when the spool is uploaded; the others are not affected")
    }
  }
}

/// Options of the destination.
struct DestinationArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with the server's key; otherwise SCRIM_KEY is used.", valueName: "file"))
  var keyFile: String?

  @Option(
    help: ArgumentHelp(
      "The project, for S3 and folders; a server derives it from the key.", valueName: "name"))
  var project = "default"

  @Option(help: ArgumentHelp("A profile of ~/.aws, for S3.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("File of certificates to trust, instead of the system's.", valueName: "file"))
  var caFile: String?

  @Option(help: ArgumentHelp("Number of segments sent in parallel.", valueName: "n"))
  var inFlight = 4

  @Option(help: ArgumentHelp("Maximum bytes per second.", valueName: "bytes"))
  var bandwidth: Int?

  func validate() throws {
    guard (1...64).contains(inFlight) else { throw ValidationError("--in-flight takes 1 to 64") }
    guard bandwidth.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--bandwidth takes a number above 0")
    }
  }

  /// Whether any option differs from its default.
  var isGiven: Bool {
    keyFile != nil || project != "default" || profile != nil || caFile != nil || inFlight != 4
      || bandwidth != nil
  }

  func open(_ address: String) throws -> any Destination {
    let environment = ProcessInfo.processInfo.environment
    var options = DestinationOptions()
    options.project = project
    options.profile = profile
    options.certificates = caFile
    options.inFlight = inFlight
    options.bytesPerSecond = bandwidth
    options.key = environment["SCRIM_KEY"]
    if let keyFile {
      guard let bytes = FileManager.default.contents(atPath: keyFile) else {
        throw Failure(.usage, "--key-file \(keyFile): the file can't be read")
      }
      options.key = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    do {
      return try openDestination(address, options, environment: environment)
    } catch {
      throw Failure(error.fault == .usage ? .usage : .environment, "\(error)")
    }
  }
}

struct SpoolLimitArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Maximum megabytes in a spool.", valueName: "mb"))
  var spoolMegabytes = 512

  @Option(help: ArgumentHelp("Maximum days that a segment waits.", valueName: "days"))
  var spoolDays: Double = 14

  @Option(help: ArgumentHelp("Maximum megabytes sent per day (UTC).", valueName: "mb"))
  var megabytesPerDay: Int?

  func validate() throws {
    guard spoolMegabytes > 0, spoolMegabytes <= 1 << 30, spoolDays > 0, spoolDays <= 36_500,
      megabytesPerDay.map({ $0 > 0 && $0 <= 1 << 30 }) ?? true
    else { throw ValidationError("limits of the spool are numbers above 0") }
  }

  var limits: SpoolLimits {
    var limits = SpoolLimits()
    limits.bytes = spoolMegabytes << 20
    limits.age = Int64(spoolDays * 86_400e9)
    limits.bytesPerDay = megabytesPerDay.map { $0 << 20 }
    return limits
  }
}

extension Failure {
  init(_ error: UploadError) {
    switch error {
    case .spool(let error): self.init(error)
    case .inUse, .refused: self.init(.environment, "\(error)")
    }
  }
}

/// Shows the progress of an upload.
final class UploadDisplay: Sendable {
  private let progress: Mutex<Progress>
  private let isQuiet: Bool
  private let isWatching: Bool

  init(isQuiet: Bool, isWatching: Bool) {
    progress = Mutex(Progress(unit: "segments", total: nil, isQuiet: isQuiet || isWatching))
    self.isQuiet = isQuiet
    self.isWatching = isWatching
  }

  func show(_ event: UploadEvent) {
    progress.withLock { progress in
      switch event {
      case .progress(let summary):
        progress.total = summary.delivered + summary.waiting
        progress.show(summary.delivered)
      case .message(let words):
        progress.clear()
        if !isQuiet { Terminal.say(Terminal.printable(words)) }
      }
    }
  }

  func clear() { progress.withLock { $0.clear() } }
}

private struct UploadReport: Encodable {
  var delivered: Int
  var deliveredBytes: Int
  var rejected: Int
  var damaged: Int
  var dropped: Int
  var waiting: Int

  init(_ summary: UploadSummary) {
    delivered = summary.delivered
    deliveredBytes = summary.deliveredBytes
    rejected = summary.rejected
    damaged = summary.damaged
    dropped = summary.dropped
    waiting = summary.waiting
  }
}

private struct CheckReport: Encodable {
  var whole: Int
  var damaged: [String]
  var strangers: [String]
}

private struct StatusReport: Encodable {
  struct Count: Encodable {
    var segments: Int
    var bytes: Int

    init(_ count: SpoolStatus.Count) {
      segments = count.segments
      bytes = count.bytes
    }
  }

  var destination: String?
  var sessions: Int
  var waiting: Count
  var sent: Int
  var rejected: Count
  var damaged: Count
  /// By reason: budget, age, deleted.
  var dropped: [String: Count]
  var oldest: String?

  init(_ status: SpoolStatus) {
    destination = status.destination
    sessions = status.sessions
    waiting = Count(status.waiting)
    sent = status.sent
    rejected = Count(status.rejected)
    damaged = Count(status.damaged)
    dropped = Dictionary(
      uniqueKeysWithValues: DropReason.allCases.map {
        ($0.rawValue, Count(status.dropped[$0] ?? SpoolStatus.Count()))
      })
    oldest = status.oldest.map { RFC3339.string($0) }
  }

  var lines: [String] {
    var lines = ["destination  \(destination ?? "none yet")", "sessions     \(sessions)"]
    lines.append("waiting      \(counted(waiting.segments, "segment")), \(counted(waiting.bytes, "byte"))")
    if let oldest { lines.append("oldest       \(oldest)") }
    lines.append("sent         \(sent) of unfinished sessions")
    lines.append("rejected     \(counted(rejected.segments, "segment")), \(counted(rejected.bytes, "byte"))")
    lines.append("damaged      \(counted(damaged.segments, "segment")), \(counted(damaged.bytes, "byte"))")
    for reason in DropReason.allCases {
      if let count = dropped[reason.rawValue], count.segments > 0 {
        lines.append(
          "dropped      \(counted(count.segments, "segment")), \(counted(count.bytes, "byte")): \(reason.rawValue)"
        )
      }
    }
    return lines
  }
}
