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
      whose content --key checks too.
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
    /// For a session that is sealed to a public key: the messages kept of the segment that was cut off.
    var recoveredMessages: Int?
    /// Whether contents were read; nil for a session that everybody can read.
    var contentsRead: Bool?
  }

  func run() throws {
    let recovery: SessionRecovery
    var frames = 0
    let folder = try key.folder(session)
    guard FileManager.default.fileExists(atPath: session) else {
      throw Failure(.input, "\(session): no such folder; give a session")
    }
    let isSealed: Bool
    do {
      recovery = try folder.recover()
      isSealed = recovery.manifest.envelope != nil
      let manifest = isSealed && folder.key != nil ? try folder.read().manifest : recovery.manifest
      frames = manifest.segments.reduce(0) { $0 + $1.frames }
    } catch { throw Failure(error) }
    let report = Report(
      segments: recovery.manifest.segments.count, frames: frames,
      recoveredFrames: recovery.recovered?.frames ?? 0, adoptedSegments: recovery.adoptedSegments,
      tornBytes: recovery.tornBytes, setAside: recovery.setAside,
      recoveredMessages: recovery.recoveredMessages, contentsRead: isSealed ? folder.key != nil : nil)
    if output.json { try output.print(json: report) }
    if !output.quiet {
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
      if report.tornBytes > 0 {
        Terminal.say("\(counted(report.tornBytes, "byte")) of a torn record lost")
      }
      if let file = report.setAside {
        Terminal.say("\(file) contains no intact frame and does not belong to the session")
      }
    }
  }
}
