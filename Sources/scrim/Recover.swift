import ArgumentParser
import ScrimFormat
import ScrimStore

struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Seal a session whose recording was cut off, with everything intact in it.",
    discussion: """
      Cuts the torn end off the open segment, seals it, adds unlisted segments to the list, and seals the manifest. An \
      intact session stays as it is.
      """)

  @Argument(help: "A session folder that is no longer being recorded.")
  var session: String

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var segments: Int
    var frames: Int
    var recoveredFrames: Int
    var adoptedSegments: Int
    var tornBytes: Int
    var setAside: String?
  }

  func run() throws {
    let recovery: SessionRecovery
    do { recovery = try SessionFolder(path: session).recover() } catch { throw Failure(error) }
    let report = Report(
      segments: recovery.manifest.segments.count,
      frames: recovery.manifest.segments.reduce(0) { $0 + $1.frames },
      recoveredFrames: recovery.recovered?.frames ?? 0, adoptedSegments: recovery.adoptedSegments,
      tornBytes: recovery.tornBytes, setAside: recovery.setAside)
    if output.json { try output.print(json: report) }
    if !output.quiet {
      Terminal.say("sealed with \(counted(report.segments, "segment")), \(counted(report.frames, "frame"))")
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
