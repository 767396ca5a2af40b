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
  var retryBase: Double?

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
        throw Failure(.input, "\(from): no such folder; give a spool or a session")
      }
    }
    guard try isSession || isSpool(spool) else {
      throw Failure(
        .input, "\(from): neither a session nor a spool, and not empty; give the folder of one of them")
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

  /// Whether the folder is a spool, or may become one: it is empty, or holds nothing but sessions.
  private func isSpool(_ spool: SegmentSpool) throws -> Bool {
    do {
      if try spool.destination() != nil { return true }
    } catch { throw Failure(error) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: from)) ?? []
    return names.allSatisfy { $0.hasPrefix(".") || $0.hasSuffix(".jsonl") || SessionID($0) != nil }
  }

  private func upload(to address: String, isSession: Bool, _ spool: SegmentSpool) throws {
    let place = try destination.open(address)
    var options = UploaderOptions()
    options.limits = spoolLimits.limits
    options.isWatching = watch
    options.inFlight = destination.inFlight
    if let retryBase { options.policy = RetryPolicy(base: retryBase) }
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
    if isSession, summary.dropped > 0 {
      throw Failure(
        .input, "the session was deleted at \(address), and is not stored again; \(from) is as it was")
    }
    if summary.rejected + summary.damaged > 0 {
      throw Failure(
        .input,
        "some segments were not delivered; "
          + (isSession ? "scrim verify \(from) checks all of it" : "see scrim upload \(from) --status"))
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

extension Failure {
  init(_ error: UploadError) {
    switch error {
    case .spool(let error): self.init(error)
    case .destination(let error) where error.fault == .usage: self.init(.usage, "\(error)")
    case .inUse, .refused, .destination: self.init(.environment, "\(error)")
    }
  }
}
