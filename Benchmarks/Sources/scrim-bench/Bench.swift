import ArgumentParser
import CMeasure
import Foundation

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrim-bench",
    abstract: "Measures every stage of the pipeline, and whole sessions, in CPU time on one thread.",
    discussion: "README.md of this package explains the output.")

  @Option(help: ArgumentHelp("Measure only stages whose name contains this text.", valueName: "text"))
  var filter: String?

  @Option(
    help: ArgumentHelp(
      "A folder of raw sessions to run as well: NAME.raw or NAME.raw.zst, and NAME.json.", valueName: "dir"))
  var corpus: String?

  @Option(help: ArgumentHelp("Rounds of each stage; slow stages run a part of them.", valueName: "n"))
  var rounds = 40

  @Flag(help: "Print one JSON object instead of the table.")
  var json = false

  @Option(help: ArgumentHelp("Write a page with plots.", valueName: "file.html"))
  var html: String?

  @Flag(help: "Compare the figures with the limits; exit 1 if one is missed twice.")
  var `guard` = false

  @Option(help: ArgumentHelp("The limits.", valueName: "file"))
  var limits: String?

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Compare two files that --json wrote.", valueName: "A B"))
  var compare: [String] = []

  @Flag(help: "Run other programs on the same sessions and screenshots as well, where they are installed.")
  var peers = false

  @Option(
    help: ArgumentHelp(
      "With --peers: a folder of PNG screenshots instead of generated ones.", valueName: "dir"))
  var screens: String?

  @Option(help: ArgumentHelp("With --peers: the command scrim.", valueName: "file"))
  var scrim: String?

  @Option(
    help: ArgumentHelp(
      "Run one kernel a number of times and print the number of pixels; for callgrind.", valueName: "name")
  )
  var kernel: String?

  func validate() throws {
    guard compare.isEmpty || compare.count == 2 else { throw ValidationError("--compare takes two files") }
    guard rounds > 0 else { throw ValidationError("--rounds takes a number above 0") }
    guard screens == nil || peers else { throw ValidationError("--screens goes with --peers") }
  }

  func run() throws {
    if let kernel { return try Kernel.run(kernel, rounds: rounds) }
    if !compare.isEmpty {
      let reports = try compare.map(Bench.report)
      return print(reports[0].compared(with: reports[1]))
    }
    if self.guard { return try hold() }
    let report = try measured { filter.map($0.contains) ?? true }
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(report.table())
    }
    if let html { try report.page().write(toFile: html, atomically: true, encoding: .utf8) }
  }

  /// A file of the package, found from the root of Scrim or from within the package.
  private func file(_ name: String) -> String {
    FileManager.default.fileExists(atPath: name) ? name : "Benchmarks/\(name)"
  }

  private static func report(_ path: String) throws -> Report {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw BenchError("\(path): no such file")
    }
    do {
      return try JSONDecoder().decode(Report.self, from: bytes)
    } catch {
      throw BenchError("\(path): not an output of --json")
    }
  }

  private func measured(_ wants: (String) -> Bool) throws -> Report {
    var report = Report()
    for stage in MaskStages.all + GuardStages.all + CodingStages.all + PictureStages.all + ExportStages.all
      + BufferingStages.all + DeliveryStages.all
    where wants(stage.name) {
      report.results.append(try stage.run(rounds))
    }
    let corpus = try corpus.map { try Corpus($0, wants: wants) }
    let sessions = Session.generated.filter { wants("session \($0.name)") }
    for session in sessions + (corpus?.sessions ?? []) { report.results.append(try session.measure()) }
    for curve in Growth.all where wants(curve.name) { report.growth.append(try curve.measure()) }
    if peers {
      let scrim = try Program.scrim(scrim)
      for session in corpus?.sessions ?? sessions {
        report.peers += try SessionPeers.measure(session, scrim: scrim)
      }
      if wants("screenshots") {
        report.peers += try FolderPeers.measure(screens, scrim: scrim, script: file("redact_peers.py"))
      }
    }
    return report
  }

  /// Measures a missed limit once more, because machines are shared; a second miss fails.
  private func hold() throws {
    let list = try Limit.read(limits ?? file("limits.json"))
      .filter { limit in filter.map(limit.name.contains) ?? true }
    func misses(_ list: [Limit]) throws -> [(limit: Limit, complaint: String)] {
      let names = Set(list.map(\.name))
      let report = try measured(names.contains)
      print(report.table())
      return list.compactMap { limit in limit.complaint(about: report).map { (limit, $0) } }
    }
    var missed = try misses(list)
    if !missed.isEmpty {
      for miss in missed { say("measured again: \(miss.complaint)") }
      missed = try misses(missed.map(\.limit))
    }
    for miss in missed { say(miss.complaint) }
    guard missed.isEmpty else { throw ExitCode(1) }
    print("guard: \(list.count) limits hold")
  }

  private func say(_ sentence: String) { FileHandle.standardError.write(Data("guard: \(sentence)\n".utf8)) }
}
