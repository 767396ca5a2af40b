import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore

struct Delete: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract:
      "Remove every byte of a session from a store, a bucket or a spool, and refuse later uploads of it.",
    discussion: "Sessions of a server are deleted with DELETE /v1/sessions/SESSION.")

  @Argument(help: "The session's id, a UUID.")
  var session: String

  @Option(
    help: ArgumentHelp(
      "A store, as scrim upload --to DIR and scrim serve keep it: a folder, or s3://BUCKET/PREFIX.",
      valueName: "dir|s3-url"))
  var store: String?

  @OptionGroup var storeOptions: StoreArguments

  @Option(help: ArgumentHelp("A spool.", valueName: "dir"))
  var spool: String?

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var session: String
    var files = 0
    var bytes = 0
    var spooledSegments = 0
    /// Whether there was nothing to remove, since it had been deleted before.
    var alreadyDeleted = false
  }

  func validate() throws {
    guard store != nil || spool != nil else {
      throw ValidationError("give --store STORE, --spool DIR, or both")
    }
  }

  func run() throws {
    guard let id = SessionID(session) else {
      throw Failure(.usage, "\(session): a session's id is a UUID, as scrim inspect prints it")
    }
    var report = Report(session: "\(id)")
    var spooled: SpoolDeletion?
    var wasDeleted = false
    do {
      if let spool {
        let deletion = try delete(id, spool: SegmentSpool(path: spool))
        report.spooledSegments = deletion.segments
        wasDeleted = deletion.wasDeleted
        spooled = deletion
      }
      if let store {
        let run = try storeOptions.open(store)
        let removed = try run.delete(id)
        report.files = removed.files
        report.bytes = removed.bytes
        if try removed.files == 0 && run.isDeleted(id) { wasDeleted = true }
      }
    } catch let error as StoreError { throw Failure(error) }
    let isRemoved =
      report.files + report.spooledSegments > 0 || (spooled?.isThere == true && !wasDeleted)
    report.alreadyDeleted = !isRemoved && wasDeleted
    if output.json { try output.print(json: report) }
    guard isRemoved || wasDeleted else {
      throw Failure(
        .input,
        "there is nothing of session \(id), so nothing was removed, and no tombstone was written")
    }
    if !output.quiet { say(report, id, isBeingRecorded: spooled?.isBeingRecorded ?? false) }
  }

  private func say(_ report: Report, _ id: SessionID, isBeingRecorded: Bool) {
    if report.alreadyDeleted {
      return Terminal.say("session \(id) is already deleted; nothing is left to remove")
    }
    var parts: [String] = []
    if store != nil { parts.append("\(counted(report.files, "file")) (\(counted(report.bytes, "byte")))") }
    if spool != nil { parts.append(counted(report.spooledSegments, "waiting segment")) }
    var line = "removed " + parts.joined(separator: " and ")
    if store != nil { line += "; later uploads of session \(id) are refused" }
    if isBeingRecorded { line += "; it is still being recorded, and what it adds to the spool is discarded" }
    Terminal.say(line)
  }

  private func delete(_ id: SessionID, spool: SegmentSpool) throws -> SpoolDeletion {
    guard let keeper = try spool.keeper() else {
      throw Failure(.environment, "\(spool.path): an uploader is using this spool; stop it, then delete")
    }
    return try keeper.delete(id)
  }
}

struct Prune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Delete sessions of a store by age or until it is small enough, the oldest first.")

  @Argument(
    help: "A store, as scrim upload --to DIR and scrim serve keep it: a folder, or s3://BUCKET/PREFIX.")
  var store: String

  @Option(
    help: ArgumentHelp(
      "Delete sessions of days (UTC) that ended at least so many days ago.", valueName: "days"))
  var olderThan: Double?

  @Option(help: ArgumentHelp("Delete until the store is no larger.", valueName: "mb"))
  var maxMegabytes: Int?

  @OptionGroup var storeOptions: StoreArguments

  @Flag(help: "Print what would be deleted, and delete nothing.")
  var dryRun = false

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var sessions: [String]
    var bytes: Int
    var kept: Int
  }

  func validate() throws {
    guard olderThan != nil || maxMegabytes != nil else {
      throw ValidationError("give --older-than DAYS, --max-megabytes MB, or both")
    }
    guard olderThan.map({ $0 >= 0 && $0 < 36_500 }) ?? true,
      maxMegabytes.map({ $0 >= 0 && $0 < 1 << 40 }) ?? true
    else { throw ValidationError("--older-than and --max-megabytes take numbers from 0 on") }
  }

  func run() throws {
    let run = try storeOptions.open(store)
    do {
      let now = Int64(Date().timeIntervalSince1970 * 1e9)
      let victims = try run.victims(
        olderThan: olderThan.map { now - Int64($0 * 86_400e9) }, bytes: maxMegabytes.map { $0 << 20 })
      var bytes = 0
      for victim in victims.chosen {
        bytes += dryRun ? victim.bytes : try run.delete(victim.place, action: "delete: pruned").bytes
      }
      if output.json {
        try output.print(
          json: Report(
            sessions: victims.chosen.map { "\($0.place.project)/\($0.place.session)" }, bytes: bytes,
            kept: victims.kept))
      }
      if !output.quiet {
        Terminal.say(
          "\(dryRun ? "would delete" : "deleted") \(counted(victims.chosen.count, "session")) (\(counted(bytes, "byte"))), "
            + "kept \(victims.kept)")
      }
    } catch let error as StoreError { throw Failure(error) }
  }
}

/// Selects and deletes sessions of a store, and notes each deletion in its audit log.
struct PruneRun {
  let store: any SessionStorage
  /// Nil for all.
  let project: String?

  struct Victim {
    var place: SessionStore.Place
    var bytes: Int
  }

  /// - Parameters:
  ///   - moment: sessions from days before it are deleted; nanoseconds since 1970.
  ///   - limit: bytes that may stay.
  func victims(olderThan moment: Int64?, bytes limit: Int?) throws(StoreError) -> (
    chosen: [Victim], kept: Int
  ) {
    let all = try store.sizes(project: project).map { Victim(place: $0.place, bytes: $0.bytes) }
      .sorted { ($0.place.start, "\($0.place.session)") < ($1.place.start, "\($1.place.session)") }
    var left = all.reduce(0) { $0 + $1.bytes }
    var chosen: [Victim] = []
    for victim in all {
      // A place contains the day only, so the whole day must be over.
      let isOld = moment.map { victim.place.start + 86_400_000_000_000 <= $0 } ?? false
      guard isOld || limit.map({ left > $0 }) ?? false else { continue }
      chosen.append(victim)
      left -= victim.bytes
    }
    return (chosen, all.count - chosen.count)
  }

  /// Deletes a session, whatever its day, and its project if none is given.
  func delete(_ session: SessionID) throws(StoreError) -> SessionStore.Removed {
    var places: [SessionStore.Place] = []
    try store.forEachSession { place in
      if place.session == session, project == nil || place.project == project { places.append(place) }
    }
    var removed = SessionStore.Removed()
    for place in places {
      let one = try delete(place, action: BucketStore.deletion)
      removed.files += one.files
      removed.bytes += one.bytes
    }
    return removed
  }

  /// Whether a tombstone refuses uploads of a session, in any project if none is given.
  func isDeleted(_ session: SessionID) throws(StoreError) -> Bool {
    let projects = if let project { [project] } else { try store.projects() }
    for project in projects {
      if try store.isDeleted(SessionStore.Place(project: project, session: session, start: 0)) { return true }
    }
    return false
  }

  /// - Parameter action: its words in the audit log.
  func delete(_ place: SessionStore.Place, action: String) throws(StoreError) -> SessionStore.Removed {
    let now = Int64(Date().timeIntervalSince1970 * 1e6) * 1000
    let removed = try store.delete(place, now: now)
    try store.note([
      AuditEntry(
        time: now, key: NSUserName(), remote: "-", project: place.project, session: place.session,
        action: action)
    ])
    return removed
  }
}

/// Options for a store that may be a bucket.
struct StoreArguments: ParsableArguments {
  @Option(help: ArgumentHelp("A profile of ~/.aws, for S3.", valueName: "name"))
  var profile: String?

  @Option(help: ArgumentHelp("File of certificates to trust, instead of the system's.", valueName: "file"))
  var caFile: String?

  @Option(help: ArgumentHelp("Use this project only.", valueName: "name"))
  var project: String?

  func validate() throws {
    guard project.map({ StoreLayout.isProject($0) }) ?? true else {
      throw ValidationError("--project takes lower-case letters, digits, - and _, at most 64 of them")
    }
  }

  func open(_ store: String) throws -> PruneRun {
    var store = store
    do { store = try folder(ofFileURL: store) ?? store } catch { throw Failure(.usage, "\(error)") }
    guard store.hasPrefix("s3://") else {
      guard !store.contains("://") else {
        throw Failure(
          .usage,
          "\(store): a store is a folder or s3://BUCKET/PREFIX; a server deletes with DELETE /v1/sessions/SESSION"
        )
      }
      var isFolder: ObjCBool = false
      // The flag lives until the call returns.
      guard unsafe FileManager.default.fileExists(atPath: store, isDirectory: &isFolder), isFolder.boolValue
      else {
        throw Failure(
          .input, "\(store): no such folder; give a store, as scrim upload --to DIR or scrim serve made it")
      }
      guard !FileManager.default.fileExists(atPath: "\(store)/\(StoreLayout.manifestFile)") else {
        throw Failure(
          .input, "\(store): a session, not a store; give the folder of an upload or of scrim serve")
      }
      return PruneRun(store: SessionStore(path: store), project: project)
    }
    do {
      let bucket = try BucketStore(
        address: store, profile: profile, certificates: caFile,
        environment: ProcessInfo.processInfo.environment)
      return PruneRun(store: bucket, project: project)
    } catch { throw Failure(error.fault == .usage ? .usage : .environment, "\(error)") }
  }
}
