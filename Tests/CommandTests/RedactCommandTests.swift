import Foundation
import Glibc
import ScrimTestSupport
import Testing

/// Tests `scrim redact`: exit codes, output, and the files left when it is stopped.
@Suite(.serialized) struct RedactCommandTests {
  /// `scrim redact` in the folder, after commands of the shell.
  private func process(_ arguments: [String], in space: Workspace, prefix: String = "") -> Process {
    let process = Command.process(
      ["-c", prefix + #"exec "$0" redact "$@""#, Command.path] + arguments, program: "/bin/sh")
    process.currentDirectoryURL = URL(fileURLWithPath: space.root)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    return process
  }

  private func run(_ arguments: [String], in space: Workspace, prefix: String = "") throws -> Command.Result {
    try Command.run(process(arguments, in: space, prefix: prefix))
  }

  private func filled(_ count: Int, side: Int = 40) throws -> Workspace {
    let space = try Workspace()
    for index in 0..<count {
      try space.putImage(
        "\(index % 4)/\(index).png", try Pictures.png(side, side, seed: UInt64(index + 1)),
        sidecar: Pictures.sidecar(side, side))
    }
    return space
  }

  @Test func exitCodesAreAsDocumented() throws {
    let space = try filled(3)
    #expect(try run(["in", "--out", "out"], in: space).code == 0)
    #expect(try run(["in", "--out", "in/x"], in: space).code == 2)
    #expect(try run(["none", "--out", "x"], in: space).code == 2)
    for wrong in [
      ["--shard", "0/3"], ["--shard", "4/3"], ["--jobs", "0"], ["--format", "gif"],
      ["--on-missing", "ignore"],
      ["--policy", "nonsense"], ["--report", "out/report.jsonl"], ["--max-pixels", "0"], ["--quality", "0"],
    ] {
      #expect(try run(["in", "--out", "out"] + wrong, in: space).code == 2, "\(wrong)")
    }
    try space.putImage("bad.png", [1, 2])
    let refused = try run(["in", "--out", "out"], in: space)
    #expect(
      refused.code == 1 && refused.errors.contains("bad.png: ") && refused.errors.contains("1 of 4 images"))
    #expect(space.outputs.count == 3)
    #expect(try run(["in", "--out", "/proc/nowhere"], in: space).code == 3)
    let nothing = try run(["in", "--out", "new", "--dry-run"], in: space)
    #expect(nothing.code == 1 && !FileManager.default.fileExists(atPath: space.root + "/new"))
  }

  @Test func reportsAreLinesOfJSONWithoutSecrets() throws {
    let space = try filled(3)
    try space.putImage("two\nlines\u{1B}[2J.png", [1])
    let result = try run(["in", "--out", "out", "--report", "-"], in: space)
    #expect(!result.errors.contains("\u{1B}") && !(result.errors + result.output).contains("s3cret"))
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 4)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let status = object?["status"] as? String
      #expect(status == "written" || status == "refused")
      if status == "written" {
        #expect(object?["masks"] as? [String: Int] == ["nature": 1] && object?["width"] as? Int == 40)
      } else {
        #expect(object?["image"] as? String == "two\nlines\u{1B}[2J.png")
      }
    }
    let table = try run(["in", "--out", "out", "--json", "--quiet"], in: space)
    let object = try JSONSerialization.jsonObject(with: Data(table.output.utf8)) as? [String: Any]
    #expect(object?["byStatus"] as? [String: Int] == ["same": 3, "refused": 1] && table.code == 1)
  }

  /// The report must not overwrite a file through its own name, a link's, or a second name.
  @Test func aReportNeverTakesTheFileOfAnother() throws {
    let space = try filled(1)
    let picture = try space.bytes("in/0/0.png")
    for (index, path) in ["in/0/0.png", "in/0/0.png.json", "link", "twin", "out/r", "seen/r", "new/../out/r"]
      .enumerated()
    {
      if path == "link" { unsafe symlink("in/0/0.png", space.root + "/link") }
      if path == "twin" { unsafe link(space.input + "/0/0.png", space.root + "/twin") }
      let outcome = try run(
        ["in", "--out", "out", "--state", "s\(index)", "--preview", "seen", "--report", path], in: space)
      #expect(outcome.code == 2, "\(path): \(outcome.errors)")
      #expect(try space.bytes("in/0/0.png") == picture)
    }
  }

  private func reference(_ space: Workspace) throws -> [String: [UInt8]] {
    #expect(try run(["in", "--out", "reference", "--state", "reference.state"], in: space).code == 0)
    var files: [String: [UInt8]] = [:]
    for index in 0..<4 {
      let folder = "reference/\(index)"
      for name in try FileManager.default.contentsOfDirectory(atPath: space.root + "/" + folder) {
        files["\(index)/\(name)"] = try space.bytes(folder + "/" + name)
      }
    }
    return files
  }

  private func expectWhole(_ space: Workspace, _ reference: [String: [UInt8]]) throws {
    for name in space.outputs {
      let isWhole = try space.bytes("out/" + name) == reference[name]
      #expect(isWhole, "\(name)")
    }
  }

  /// 25 kills, or SCRIM_KILLS, at random moments of runs that resume each other.
  @Test func killedAtAnyMomentOnlyWholeFilesAreThere() throws {
    let space = try filled(48, side: 160)
    let reference = try reference(space)
    #expect(reference.count == 48)
    let wanted = ProcessInfo.processInfo.environment["SCRIM_KILLS"].flatMap { Int($0) } ?? 25
    var kills = 0
    var finished = 0
    while kills < wanted, finished < wanted {
      let process = process(["in", "--out", "out", "--resume", "--quiet", "--jobs", "3"], in: space)
      try process.run()
      // A fast machine finishes before most moments of a quarter of a second.
      usleep(.random(in: 1000...(finished > kills ? 40_000 : 250_000)))
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      try expectWhole(space, reference)
      if process.terminationReason == .uncaughtSignal {
        kills += 1
      } else {
        #expect(process.terminationStatus == 0)
        finished += 1
      }
      if space.outputs.count == reference.count {
        try FileManager.default.removeItem(atPath: space.output)
      }
    }
    print("\(kills) kills, \(finished) runs that ended before theirs")
    #expect(kills > wanted / 2)
    let last = try run(["in", "--out", "out", "--resume"], in: space)
    #expect(last.code == 0 && space.outputs == Set(reference.keys))
  }

  @Test func anInterruptionIsReportedAndTheRunResumes() throws {
    let space = try filled(40, side: 200)
    let reference = try reference(space)
    let process = process(["in", "--out", "out", "--jobs", "1"], in: space)
    try process.run()
    while space.outputs.isEmpty, process.isRunning { usleep(5000) }
    process.interrupt()
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    try expectWhole(space, reference)
    #expect(try run(["in", "--out", "out", "--resume"], in: space).code == 0)
    #expect(space.outputs == Set(reference.keys))
  }

  @Test func twoRunsOnOneOutputAgree() throws {
    let space = try filled(40, side: 100)
    let reference = try reference(space)
    let runs = (0..<2).map { _ in process(["in", "--out", "out"], in: space) }
    for run in runs { try run.run() }
    for run in runs {
      run.waitUntilExit()
      #expect(run.terminationStatus == 0)
    }
    try expectWhole(space, reference)
    #expect(space.outputs.count == 40)
  }

  @Test func aFullDiskEndsTheRunAndLeavesWholeFiles() throws {
    let space = try filled(8, side: 160)
    let reference = try reference(space)
    // Blocks of 512 bytes: a file may be smaller than any output, and larger than lines of the ledger.
    let limited = try run(["in", "--out", "out"], in: space, prefix: "ulimit -f 20; ")
    #expect(limited.code == 3 && limited.errors.contains("writing failed"))
    #expect(space.outputs.isEmpty)
    // A real one, if mounting is allowed.
    try FileManager.default.createDirectory(atPath: space.output, withIntermediateDirectories: true)
    let mount = "mount -t tmpfs -o size=200k none out 2>/dev/null || exit 77; "
    let full = try run(["in", "--out", "out"], in: space, prefix: mount)
    guard full.code != 77 else { return print("not allowed to mount: a full disk was not tried") }
    defer { _ = unsafe umount(space.output) }
    #expect(full.code == 3 && full.errors.contains("No space left"))
    try expectWhole(space, reference)
    #expect(!space.outputs.isEmpty && space.outputs.count < 8)
  }

  /// Every fifth screenshot of the corpus: palettes, alpha, grey, JPEG, boxes in logical pixels.
  @Test(.enabled(if: Corpus.folder != nil, "\(Corpus.missing)"))
  func realScreensAllHaveAnOutput() throws {
    let space = try Workspace()
    let corpus = try #require(Corpus.folder).path + "/screens"
    let names = try FileManager.default.contentsOfDirectory(atPath: corpus).sorted()
    let images = names.filter { [".png", ".jpg", ".jpeg"].contains(where: $0.hasSuffix) }
    let chosen = stride(from: 0, to: images.count, by: 5).map { images[$0] }
    for name in chosen {
      let sidecar = name[..<(name.lastIndex(of: ".") ?? name.endIndex)] + ".json"
      for file in [name, String(sidecar)] {
        try FileManager.default.copyItem(atPath: corpus + "/" + file, toPath: space.input + "/" + file)
      }
    }
    let result = try run(["in", "--out", "out"], in: space)
    #expect(result.code == 0)
    #expect(space.outputs == Set(chosen))
  }
}
