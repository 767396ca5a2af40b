import ArgumentParser
import Foundation
import ScrimFormat
import ScrimStore

struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Seal a session whose recording was cut off, with everything intact in it.",
    discussion: """
      Cuts the torn end off the open segment, seals it, adds unlisted segments to the list, and seals the manifest. An \
      intact session stays as it is. A session recorded with --seal-to needs no key: it is cut after its last whole message, \
      whose content --key checks too, also later: then the last segment is cut before the first message that does not open. \
      Segments that are missing are named (exit code 1), after the rest is saved.
      """)

  @Argument(help: "A session folder that is no longer being recorded.")
  var session: String

  @OptionGroup var key: KeyOption

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var segments: Int
    var frames: Int
    var recoveredFrames: Int
    var adoptedSegments: Int
    var tornBytes: Int
    var setAside: String?
    /// For a session that is sealed to a public key: the messages kept of the segment that was cut off, and those cut off
    /// because they don't open.
    var recoveredMessages: Int?
    var lostMessages: Int?
    /// Whether contents were read; nil for a session that everybody can read.
    var contentsRead: Bool?
    /// Indices of listed segments whose files are missing.
    var missing: [Int]
    /// Segments' files that could not be listed.
    var unlisted: [String]
    /// Listed segments that don't open, if contents were read.
    var damaged: [Int]
  }

  func run() throws {
    let recovery: SessionRecovery
    let folder = try key.folder(session)
    guard FileManager.default.fileExists(atPath: session) else {
      throw Failure(.input, "\(session): no such folder; give a session")
    }
    var manifest: SessionManifest
    var faults: [SegmentFault] = []
    var endFault: StoreError?
    let isSealed: Bool
    do {
      recovery = try folder.recover()
      manifest = recovery.manifest
      isSealed = manifest.envelope != nil
      if isSealed && folder.key != nil {
        let reader = try folder.readWhatIsThere()
        let missing = Set(try reader.missingSegments())
        faults = reader.damaged.filter { !missing.contains($0.index) }
        endFault = reader.endFault
        manifest = reader.manifest
      }
    } catch { throw Failure(error) }
    let gone = Set(recovery.missing)
    let frames = manifest.segments.indices.reduce(0) {
      gone.contains($1) ? $0 : $0 + manifest.segments[$1].frames
    }
    let report = Report(
      segments: manifest.segments.count, frames: frames,
      recoveredFrames: recovery.recovered?.frames ?? 0, adoptedSegments: recovery.adoptedSegments,
      tornBytes: recovery.tornBytes, setAside: recovery.setAside,
      recoveredMessages: recovery.recoveredMessages,
      lostMessages: isSealed && folder.key != nil ? recovery.lostMessages : nil,
      contentsRead: isSealed ? folder.key != nil : nil, missing: recovery.missing,
      unlisted: recovery.unlisted, damaged: faults.map(\.index))
    if output.json { try output.print(json: report) }
    if !output.quiet { say(report) }
    for fault in faults { Terminal.say("damaged: \(fault.error)") }
    if let endFault { Terminal.say("\(endFault)") }
    if let failure = failure(report, hadEnded: manifest.envelope?.about.isEmpty == false)
      ?? endFault.map({ _ in "what is there is saved, and segments are missing at its end; see above" })
    {
      throw Failure(.input, failure)
    }
  }

  private func say(_ report: Report) {
    if report.contentsRead == false {
      Terminal.say(
        "ended with \(counted(report.segments, "segment")); contents were not read, since they are sealed to a public key"
      )
      if let messages = report.recoveredMessages {
        Terminal.say("\(counted(messages, "whole message")) kept of the segment that was cut off")
      }
    } else {
      Terminal.say("sealed with \(counted(report.segments, "segment")), \(counted(report.frames, "frame"))")
    }
    if report.recoveredFrames > 0 {
      Terminal.say(
        "\(counted(report.recoveredFrames, "frame")) recovered from the segment that was not sealed")
    }
    if report.adoptedSegments > 0 {
      Terminal.say("added \(counted(report.adoptedSegments, "unlisted segment"))")
    }
    if let lost = report.lostMessages, lost > 0 {
      Terminal.say("\(counted(lost, "message")) lost: from there on nothing opens with the key")
    }
    if report.tornBytes > 0 {
      Terminal.say("\(counted(report.tornBytes, "byte")) of a torn record lost")
    }
    if let file = report.setAside {
      Terminal.say("\(file) contains no intact frame and does not belong to the session")
    }
  }

  /// Why what was saved is not the whole session; nil if it may be.
  ///
  /// - Parameter hadEnded: whether the manifest proves how many segments the session had.
  private func failure(_ report: Report, hadEnded: Bool) -> String? {
    var parts: [String] = []
    if !report.missing.isEmpty {
      parts.append("gap: \(VerifyReport.list(report.missing, of: report.segments, "missing"))")
    }
    if !report.damaged.isEmpty {
      parts.append("\(VerifyReport.list(report.damaged, of: report.segments)) damaged, see above")
    }
    if !report.unlisted.isEmpty {
      let files =
        report.unlisted.prefix(10).joined(separator: ", ") + (report.unlisted.count > 10 ? ", …" : "")
      let first = SessionFolder.segmentFile(report.segments)
      parts.append(
        "\(files) can't be listed and stays as it is: "
          + (hadEnded ? "the session had ended before it" : "\(first), which comes before, is missing"))
    }
    guard !parts.isEmpty else { return nil }
    return parts.joined(separator: "; ")
      + ". What is there is saved; look for the rest where the session was copied from, put it in its place, and recover again"
  }
}
