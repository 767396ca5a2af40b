import ArgumentParser
import CMeasure
import Foundation

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrim-bench",
    abstract: "Measures every stage of a frame's way, and whole sessions, in CPU time on one thread.")

  @Option(help: "Only what has this in its name.")
  var filter: String?

  @Option(help: "A folder of raw sessions (NAME.raw and NAME.json) to run as well.")
  var corpus: String?

  @Option(help: "Turns of each stage.")
  var rounds = 40

  @Flag(help: "Print one JSON object instead of the table.")
  var json = false

  @Option(help: ArgumentHelp("Write a page with bars.", valueName: "file.html"))
  var html: String?

  @Flag(help: "Hold the figures against the limits; exit 1 if one is passed twice.")
  var `guard` = false

  @Option(help: ArgumentHelp("The limits.", valueName: "file"))
  var limits = "Benchmarks/limits.json"

  @Flag(help: "Run ffmpeg's screen codecs on the corpus as well, where ffmpeg is installed.")
  var peers = false

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Compare two files that --json wrote.", valueName: "A B"))
  var compare: [String] = []

  func run() throws {
    if !compare.isEmpty {
      guard compare.count == 2 else { throw ValidationError("--compare takes two files") }
      let reports = try compare.map {
        try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: $0)))
      }
      return print(reports[0].compared(with: reports[1]))
    }
    let report = try measured { _ in true }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(report.table())
    }
    if let html { try report.html().write(toFile: html, atomically: true, encoding: .utf8) }
    if peers { try Peers.run(corpus: corpus) }
    if self.guard { try hold(report) }
  }

  private func measured(_ isWanted: (String) -> Bool) throws -> Report {
    var report = Report()
    func wants(_ name: String) -> Bool { (filter.map { name.contains($0) } ?? true) && isWanted(name) }
    for stage in try Stages.all(rounds: rounds) where wants(stage.name) {
      report.results.append(try stage.run())
    }
    for scene in Scene.allCases where wants("session \(scene.rawValue)") {
      report.results.append(try SessionRun.generated(scene))
    }
    if let corpus {
      for name in try FileManager.default.contentsOfDirectory(atPath: corpus).sorted()
      where name.hasSuffix(".raw") && wants("session \(name)") {
        report.results.append(try SessionRun.recorded("\(corpus)/\(name)"))
      }
    }
    report.peakMemory = Int(measure_peak_memory())
    return report
  }

  /// A figure that is missed is measured once more, since machines are shared; missed again, it fails.
  private func hold(_ report: Report) throws {
    let list = try JSONDecoder().decode([Limit].self, from: Data(contentsOf: URL(fileURLWithPath: limits)))
      .filter { limit in filter.map { limit.name.contains($0) } ?? true }
    let missed = list.filter { $0.complaint(about: report) != nil }
    let names = Set(missed.map(\.name))
    let second = missed.isEmpty ? report : try measured { names.contains($0) }
    let complaints = missed.compactMap { $0.complaint(about: second) }
    for complaint in complaints { FileHandle.standardError.write(Data("guard: \(complaint)\n".utf8)) }
    guard complaints.isEmpty else { throw ExitCode(1) }
    print("guard: \(list.count) limits hold")
  }
}
