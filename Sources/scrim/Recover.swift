import ArgumentParser
import ScrimFormat
import ScrimStore

struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Seal a session whose recording was cut off, with all that is whole of it.",
    discussion: """
      Cuts the torn end of the open segment, seals it, lists segments that are not listed, and seals the manifest. A session \
      that is whole stays as it is.
      """)

  @Argument(help: "A session folder that nothing records any more.")
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
      Terminal.say("sealed with \(report.segments) segments, \(report.frames) frames")
      if report.recoveredFrames > 0 {
        Terminal.say("\(report.recoveredFrames) frames come from the segment that was not sealed")
      }
      if report.adoptedSegments > 0 { Terminal.say("\(report.adoptedSegments) segments were not listed") }
      if report.tornBytes > 0 {
        Terminal.say("\(report.tornBytes) bytes were cut off in writing and are lost")
      }
      if let file = report.setAside {
        Terminal.say("\(file) holds no whole frame; it is no part of the session")
      }
    }
  }
}
