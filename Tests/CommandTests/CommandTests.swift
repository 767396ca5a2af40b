import Foundation
import ScrimImage
import ScrimTestSupport
import Testing

/// Tests the command from outside: its output, its files and its exit codes.
@Suite struct CommandTests {
  let temporary: TemporaryFolder
  static let (width, height) = (48, 32)
  static let name = [
    "--session-id", "00112233-4455-6677-8899-aabbccddeeff", "--started-at", "2026-01-31T12:00:00Z",
  ]

  init() throws { temporary = try TemporaryFolder() }

  private func path(_ name: String) -> String { temporary.path + "/" + name }

  private func run(_ arguments: String..., input: [UInt8] = []) throws -> Command.Result {
    try Command.run(Command.process(arguments), input: input)
  }

  private func record(_ capture: String, to out: String, _ more: String...) throws -> Command.Result {
    try Command.run(
      Command.process(["record", path(capture), "--out", path(out)] + CommandTests.name + more))
  }

  static let label = #"{"id":"l","role":"label","name":"SECRET","x":8,"y":8,"w":20,"h":10}"#

  private func line(_ index: Int, _ widgets: String) -> String {
    #"{"index":\#(index),"t_ms":\#(index * 100),"image":"\#(index).png","widgets":[\#(widgets)]}"#
  }

  /// Twelve frames with a label that hides noise, and an event.
  private func capture(
    _ name: String = "capture", widgets: String = label, lines change: (inout [String]) -> Void = { _ in }
  ) throws {
    var screen = Screen(width: CommandTests.width, height: CommandTests.height, seed: 61)
    var images: [String: [Pixel]] = [:]
    for index in 0..<12 {
      screen.change()
      screen.draw(Rect(x: 8, y: 8, width: 20, height: 10)) { _, _, random in
        .random(in: 1...0xFF_FFFF, using: &random)
      }
      images["\(index).png"] = screen.pixels
    }
    var lines = (0..<12).map { line($0, widgets) }
    change(&lines)
    try temporary.writeCapture(
      name, width: CommandTests.width, height: CommandTests.height, frames: lines, images: images,
      events: [#"{"t_ms":250,"type":"key","key":"SECRET"}"#])
  }

  /// Shows pixels that no widget claims, so that a missing mask is visible.
  private func writePolicy() throws -> String {
    try temporary.write(Array(##"{"uncovered":"keep","fill":"#0A0B0C"}"##.utf8), to: "policy.json")
    return path("policy.json")
  }

  /// To renew the snapshots after an intended change, set SCRIM_RENEW_SNAPSHOTS.
  @Test(arguments: ["", "record", "redact", "export", "play", "inspect", "verify", "recover", "keygen"])
  func helpIsPinned(command: String) throws {
    let result = try Command.run(Command.process((command.isEmpty ? [] : [command]) + ["--help"]))
    #expect(result.code == 0 && result.errors.isEmpty)
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Snapshots/help\(command.isEmpty ? "" : "-" + command).txt")
    if ProcessInfo.processInfo.environment["SCRIM_RENEW_SNAPSHOTS"] != nil {
      try Data(result.output.utf8).write(to: file)
    }
    #expect(result.output == String(decoding: try Data(contentsOf: file), as: UTF8.self))
  }

  @Test func theVersionIsTheProducer() throws {
    let result = try run("--version")
    #expect(result.code == 0 && result.output.hasPrefix("scrim ") && result.errors.isEmpty)
  }

  @Test func aGoodRunIsZeroThroughout() throws {
    try capture()
    let policy = try writePolicy()
    let recorded = try record("capture", to: "s", "--policy", policy)
    #expect(recorded.code == 0 && recorded.output.isEmpty, "\(recorded.errors)")
    #expect(recorded.errors.contains("12 frames in 1 segment,"))
    let verified = try run("verify", path("s"), "--capture", path("capture"), "--policy", policy)
    #expect(verified.code == 0, "\(verified.errors)")
    #expect(verified.errors.contains("12 frames: intact"))
    let exported = try run("export", path("s"), "--to", "png", "--out", path("pictures"))
    #expect(exported.code == 0 && exported.errors.contains("12 frames"))
    let index = String(decoding: try temporary.bytes(of: "pictures/frames.jsonl"), as: UTF8.self)
    #expect(index.split(separator: "\n").count == 12)
    #expect(index.hasPrefix(#"{"index":0,"t_ms":0,"image":"000000.png"}"#))
    let inspected = try run("inspect", path("s"))
    #expect(inspected.code == 0 && inspected.output.contains("12 frames (1 keyframe), 1 event"))
  }

  @Test func aTimelineIsWordsOrJSONLines() throws {
    try capture()
    let button = #"{"id":"b","role":"push button","x":30,"y":20,"w":10,"h":8}"#
    try capture("pressed", widgets: CommandTests.label + "," + button)
    let events = [
      #"{"t_ms":210,"type":"button-down","x":34,"y":24,"button":1}"#,
      #"{"t_ms":220,"type":"button-up","x":34,"y":24,"button":1}"#,
      #"{"t_ms":330,"type":"network","method":"GET","url":"https://api.example/cart?id=SECRET","status":500,"duration_ms":87.4}"#,
      #"{"t_ms":340,"type":"error","name":"TypeError","message":"no cart\u001b[2J","trace_id":"0123456789abcdef0123456789abcdef"}"#,
      #"{"t_ms":400,"type":"wheel","x":34,"y":24,"dy":1}"#,
      #"{"t_ms":500,"type":"wheel","x":34,"y":24,"dy":1}"#,
    ]
    try temporary.write(Array((events.joined(separator: "\n") + "\n").utf8), to: "pressed/events.jsonl")
    #expect(try record("pressed", to: "p", "--policy", "controls").code == 0)
    let words = try run("inspect", path("p"), "--timeline")
    #expect(words.code == 0)
    let lines = words.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 4, "\(lines)")
    #expect(lines.first == "00:00.2 press on push button")
    #expect(lines.dropFirst().first?.hasPrefix("00:00.3 GET https://api.example/cart") == true)
    #expect(lines.dropFirst().first?.hasSuffix(" 500 in 87 ms") == true)
    #expect(lines.contains { $0.hasPrefix("00:00.3 error TypeError: no cart\\u{1b}") })
    #expect(lines.contains { $0.hasSuffix("(trace 0123456789abcdef0123456789abcdef)") })
    #expect(lines.last?.hasPrefix("00:00.4 wheel") == true)
    #expect(!words.output.contains("SECRET") && !words.output.contains("\u{1b}"))
    let json = try run("inspect", path("p"), "--timeline", "--json")
    var times: [Double] = []
    for line in json.output.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      times.append(try #require(object?["t_ms"] as? Double))
      #expect(object?["type"] is String)
    }
    #expect(times.count >= 6 && times == times.sorted())
    #expect(try run("inspect", path("p"), "--timeline", "--at", "1").code == 2)
  }

  /// A line for each stretch without interaction, where there was some.
  @Test func aTimelineNamesIdleStretches() throws {
    let button = #"{"id":"b","role":"push button","x":30,"y":20,"w":10,"h":8}"#
    let press = #""type":"button-down","x":34,"y":24,"button":1}"#
    let log = #""type":"log","level":"info","message":"on"}"#
    for (name, events, idle) in [
      (
        "used", [#"{"t_ms":3200,"#, #"{"t_ms":12000,"#, #"{"t_ms":15000,"#], [8200.0, 20000]
      ), ("unused", [], []),
    ] {
      try capture(name, widgets: CommandTests.label + "," + button) { lines in
        lines = lines.enumerated().map { index, line in
          line.replacingOccurrences(of: #""t_ms":\#(index * 100)"#, with: #""t_ms":\#(index * 2000)"#)
        }
      }
      let lines = events.enumerated().map { $1 + ($0 == 1 ? log : press) } + [#"{"t_ms":16000,"# + log]
      try temporary.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: "\(name)/events.jsonl")
      #expect(try record(name, to: "s-\(name)", "--policy", "controls").code == 0)
      let words = try run("inspect", path("s-\(name)"), "--timeline").output.split(separator: "\n")
      let used = [
        "00:03.2 press on push button", "00:08.2 idle", "00:12.0 info: on", "00:15.0 press on push button",
        "00:16.0 info: on", "00:20.0 idle",
      ]
      #expect(words.map(String.init) == (idle.isEmpty ? ["00:16.0 info: on"] : used))
      let json = try run("inspect", path("s-\(name)"), "--timeline", "--json")
      let objects = try json.output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(objects.filter { $0["type"] as? String == "idle" }.compactMap { $0["t_ms"] as? Double } == idle)
    }
  }

  /// The masks of a moment, with kind, reason and role.
  @Test func aMomentListsItsMasks() throws {
    struct Moment: Decodable {
      struct Mask: Decodable, Equatable {
        var x, y, w, h: Int
        var kind, reason: String
        var role: String?
      }
      var masks: [Mask]?
    }
    // The label comes after half a second.
    try capture { lines in
      for index in 0..<5 {
        lines[index] = lines[index].replacingOccurrences(of: CommandTests.label, with: "")
      }
    }
    let policy = try writePolicy()
    #expect(try record("capture", to: "s", "--policy", policy).code == 0)
    for (second, count) in [("0.4", 0), ("0.5", 1), ("1.1", 1)] {
      let shown = try run("inspect", path("s"), "--at", second, "--json")
      let moment = try JSONDecoder().decode(Moment.self, from: Data(shown.output.utf8))
      let mask = Moment.Mask(x: 6, y: 6, w: 24, h: 14, kind: "text", reason: "default", role: "label")
      #expect(moment.masks == [Moment.Mask](repeating: mask, count: count), "\(shown.output)")
      #expect(!shown.output.contains("SECRET"))
    }
  }

  /// Each further session has a folder beside the first one, named on standard error and in the report.
  @Test func furtherSessionsAreNamed() throws {
    struct Report: Decodable {
      struct Session: Decodable {
        var id, folder: String
        var ended: String?
      }
      var sessions: [Session]
    }
    try capture()
    let result = try record("capture", to: "s", "--max-session", "0.5", "--json")
    #expect(result.code == 0, "\(result.errors)")
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    let folders = ["s", "s.2", "s.3"].map(path)
    #expect(report.sessions.map(\.folder) == folders)
    #expect(report.sessions.map(\.ended) == ["maximum", "maximum", "stopped"])
    for (session, folder) in zip(report.sessions, folders) {
      #expect(result.errors.contains("session \(session.id) written to \(folder)\n"))
      #expect(try run("verify", folder).code == 0)
      #expect(try String(contentsOfFile: folder + "/manifest.json", encoding: .utf8).contains(session.id))
    }
  }

  /// A moment after the end is a mistake, and not the last frame.
  @Test func aMomentLiesInTheSession() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    let last = try run("inspect", path("s"), "--at", "1.1")
    #expect(last.code == 0 && last.output.hasPrefix("frame 11 at 1100"))
    for more in [[], ["--json"]] {
      for moment in ["1.101", "1100", "1e9"] {
        let late = try Command.run(Command.process(["inspect", path("s"), "--at", moment] + more))
        #expect(late.code == 2 && late.output.isEmpty, "\(moment)")
        #expect(late.errors.contains("lasts 1.1 s"), "\(late.errors)")
      }
    }
  }

  @Test func equalInputGivesEqualBytesEverywhere() throws {
    try capture()
    let policy = try writePolicy()
    var printed: [[String]] = []
    for name in ["s", "t"] {
      let recorded = try record("capture", to: name, "--policy", policy, "--json")
      let inspected = try run("inspect", path(name), "--json")
      let verified = try run("verify", path(name), "--json", "--quiet")
      #expect([recorded.code, inspected.code, verified.code] == [0, 0, 0])
      #expect(verified.errors.isEmpty)
      printed.append([recorded.output, inspected.output, verified.output])
      for text in printed.last ?? [] {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
      }
    }
    #expect(printed[0] == printed[1])
    #expect(try temporary.files(under: "s") == temporary.files(under: "t"))
    let keys = try JSONSerialization.jsonObject(with: Data(printed[0][0].utf8)) as? [String: Any]
    #expect(keys?["frames"] as? Int == 12 && keys?["failedClosedFrames"] as? Int == 0)
  }

  @Test func eachFormIsWritten() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    for (form, start) in [("apng", "\u{89}PNG"), ("gif", "GIF89a"), ("html", "<!doctype html>")] {
      let out = path("film.\(form)")
      let result = try run("export", path("s"), "--to", form, "--out", out)
      #expect(result.code == 0 && result.errors.contains(out), "\(result.errors)")
      let head = try temporary.bytes(of: "film.\(form)").prefix(start.unicodeScalars.count)
      #expect(head.elementsEqual(start.unicodeScalars.map { UInt8($0.value) }), "\(form)")
      let mode = try FileManager.default.attributesOfItem(atPath: out)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(form)")
    }
    let early = try run("export", path("s"), "--to", "png", "--out", path("early"), "--from", "-5")
    #expect(early.code == 0, "\(early.errors)")
    for (option, value) in [("--until", "-5"), ("--last", "-1"), ("--every", "-1"), ("--scale", "-1")] {
      let result = try run("export", path("s"), "--to", "png", "--out", path("no\(option)"), option, value)
      #expect(result.code != 0 && !result.errors.contains("Missing value"), "\(option): \(result.errors)")
    }
    let some = try run(
      "export", path("s"), "--to", "png", "--out", path("some"), "--every", "0.5", "--until", "1")
    #expect(some.code == 0 && some.errors.contains("2 frames"), "\(some.errors)")
    let none = try run("export", path("s"), "--to", "png", "--out", path("none"), "--from", "1000")
    #expect(none.code == 1 && none.errors.contains("no frame lies in the time"), "\(none.errors)")
    #expect(
      try Command.run(withoutPath("export", path("s"), "--to", "mp4", "--out", path("film.mp4"))).code == 3)
  }

  @Test func aSessionWithoutFramesIsReported() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    let text = String(decoding: try temporary.bytes(of: "s/manifest.json"), as: UTF8.self)
    let start = try #require(text.range(of: "\"segments\""))
    let end = try #require(text.range(of: "]", range: start.lowerBound..<text.endIndex))
    let emptied = text.replacingCharacters(in: start.lowerBound..<end.upperBound, with: "\"segments\": []")
    try temporary.write(Array(emptied.utf8), to: "s/manifest.json")
    for form in ["png", "gif", "html"] {
      let result = try run("export", path("s"), "--to", form, "--out", path("out"))
      #expect(result.code == 1 && result.errors.contains("no frames"), "\(form): \(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: path("out")), "nothing is begun that has nothing to hold")
  }

  @Test func playMakesAPageThatOnlyItsReaderCanRead() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    try temporary.write(Array("#!/bin/sh\necho \"$1\" > '\(path("opened"))'\n".utf8), to: "bin/xdg-open")
    try temporary.write([], to: "run/none")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: path("bin/xdg-open"))
    let process = Command.process(["play", path("s")])
    process.environment = ["PATH": path("bin") + ":/usr/bin:/bin", "XDG_RUNTIME_DIR": path("run")]
    let result = try Command.run(process)
    #expect(result.code == 0, "\(result.errors)")
    let page = String(decoding: try temporary.bytes(of: "opened"), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(page.hasPrefix(path("run/scrim-play-")) && result.errors.contains(page))
    #expect(FileManager.default.fileExists(atPath: page))
    let folder = URL(fileURLWithPath: page).deletingLastPathComponent().path
    let mode = try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
    #expect(mode == 0o700)
    // If nothing opens it, the path is printed.
    let alone = withoutPath("play", path("s"))
    alone.environment?["XDG_RUNTIME_DIR"] = path("run")
    let unopened = try Command.run(alone)
    #expect(unopened.code == 3 && unopened.errors.contains(path("run/scrim-play-")))
  }

  private func withoutPath(_ arguments: String...) -> Process {
    let process = Command.process(arguments)
    process.environment = ["PATH": "/nonexistent"]
    return process
  }

  @Test func quietPrintsNothing() throws {
    try capture()
    let result = try record("capture", to: "s", "--quiet")
    #expect(result.code == 0 && result.output.isEmpty && result.errors.isEmpty)
    let exported = try run("export", path("s"), "--to", "png", "--out", path("p"), "--quiet")
    #expect(exported.code == 0 && exported.output.isEmpty && exported.errors.isEmpty)
  }

  @Test func noWordOfAWidgetIsWrittenOrPrinted() throws {
    try capture { lines in
      lines[3] = #"{"index":3,"t_ms":300,"image":"3.png","widgets":[{"role":"label","name":"SECRET","x":1}]}"#
    }
    let result = try record("capture", to: "s")
    #expect(result.code == 1 && !(result.output + result.errors).contains("SECRET"))
    for (name, bytes) in try temporary.files(under: "s") {
      #expect(bytes.firstRange(of: Array("SECRET".utf8)) == nil, "\(name)")
    }
  }

  @Test func wrongUsageExitsWithTwo() throws {
    try capture()
    let capture = path("capture")
    let out = path("s")
    for arguments in [
      ["--nonsense"], ["nonsense"], ["record"], ["record", capture],
      ["record", capture, "--out", out, "--nonsense"],
      ["record", capture, "--raw", "-", "--out", out], ["record", "--raw", "-", "--out", out],
      ["record", capture, "--fps", "3", "--out", out], ["record", capture, "--out", out, "--quality", "0"],
      ["record", capture, "--out", out, "--quality", "50", "--lossless"],
      ["record", capture, "--out", out, "--segment-seconds", "0"],
      ["record", capture, "--out", out, "--keyframe-interval", "nan"],
      ["record", capture, "--out", out, "--policy", "nonsense"],
      ["record", capture, "--out", out, "--session-id", "7"],
      ["record", capture, "--out", out, "--started-at", "now"],
      ["record", "--raw", "-", "--size", "4", "--format", "bgrx", "--fps", "1", "--out", out],
      ["record", "--raw", "-", "--size", "4x99999", "--format", "bgrx", "--fps", "1", "--out", out],
      ["record", "--raw", "-", "--size", "4x4", "--format", "yuv", "--fps", "1", "--out", out],
      ["export", out], ["export", out, "--to", "tiff", "--out", out],
      ["export", out, "--to", "png", "--out", out, "--from", "2", "--until", "1"],
      ["export", out, "--to", "png", "--out", out, "--every", "0"],
      ["export", out, "--to", "html", "--out", out, "--every", "1"],
      ["export", out, "--to", "png", "--out", out, "--trace-url", "https://x/{trace_id}"],
      ["play", out, "--trace-url", "javascript:{trace_id}"],
      ["play", out, "--trace-url", "https://x/"], ["play", out, "--trace-url", "https:///{trace_id}"],
      ["play", out, "--trace-url", "https://a@x/{trace_id}"],
      ["play", out, "--trace-url", "https://{trace_id}.x/"],
      ["play", out, "--trace-url", "https://x/\t{trace_id}"],
      ["export", out, "--to", "html", "--out", out, "--style", "outline"],
      ["export", out, "--to", "html", "--out", out, "--scale", "0.5"],
      ["export", out, "--to", "html", "--out", out, "--pointer", "on"],
      ["export", out, "--to", "gif", "--out", out, "--scale", "0"],
      ["export", out, "--to", "gif", "--out", out, "--style", "blur"],
      ["export", out, "--to", "rrweb", "--out", out, "--every", "1"],
      ["export", out, "--to", "rrweb", "--out", out, "--send", "https://a@b/1"],
      ["export", out, "--to", "gif", "--out", out, "--last", "5", "--from", "1"], ["play"], ["inspect"],
      ["verify"],
    ] {
      let result = try Command.run(Command.process(arguments))
      #expect(result.code == 2, "\(arguments): \(result.code)")
      #expect(result.output.isEmpty && !result.errors.isEmpty, "\(arguments)")
    }
    #expect(!FileManager.default.fileExists(atPath: out), "nothing is begun that can't be done")
  }

  /// Something that does not exist is reported before any other complaint.
  @Test(arguments: [
    (["recrod", "--x11", ":0"], "there is no command 'recrod'; did you mean record?"),
    (["doktor"], "there is no command 'doktor'"), (["nonsense"], "the commands are redact, record"),
    (["record", "--pace", "fast"], "'record' has no option '--pace'"),
    (["record", "a", "--x11", ":0", "--out", "o", "--poliy=strict"], "did you mean --policy?"),
    (["redact", "a", "--jbs", "3"], "did you mean --jobs?"),
    (["record", "--raw", "-", "--x11", ":0", "--out", "o"], "give one input, not 2: --raw and --x11"),
    (["record", "--out", "o"], "give one input: a capture folder, --raw FILE"),
    (["record"], "give one input: a capture folder"),
    (["record", "--window", "0x1", "--out", "o"], "--window needs --x11"),
    (["record", "--output", "DP-1"], "--output needs --wayland"),
    (["record", "a", "--x11", "--out", "o"], "give one input, not 2: the capture a and --x11"),
    (["record", "--x11", ":0", "--duration", "-3", "--out", "o"], "--duration takes seconds, above 0"),
    (["record", "--x11", "--out", "o"], "--x11 without a value uses DISPLAY, which is not set"),
  ])
  func usageErrorsNameTheFault(_ arguments: [String], _ words: String) throws {
    let process = Command.process(arguments)
    process.environment = ["PATH": "/usr/bin:/bin"]
    let result = try Command.run(process)
    #expect(result.code == 2 && result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty && !FileManager.default.fileExists(atPath: "o"))
  }

  /// /proc permits writing to root, and makes no folders. A session that waits in memory makes none to try it.
  @Test func aFolderThatCannotBeMadeIsNamedFirst() throws {
    let input = ["--raw", "/dev/null", "--size", "4x4", "--format", "bgrx", "--fps", "1"]
    let result = try Command.run(Command.process(["record"] + input + ["--out", "/proc/nope"]))
    #expect(result.code == 3 && result.errors.contains("/proc"), "\(result.code) \(result.errors)")
    #expect(!result.errors.contains("recording"), "\(result.errors)")
  }

  @Test func badPoliciesExitWithTwo() throws {
    try capture()
    for text in ["{", #"{"maskAllTekst":false}"#, #"{"padding":-1}"#] {
      try temporary.write(Array(text.utf8), to: "bad.json")
      #expect(try record("capture", to: "s", "--policy", path("bad.json")).code == 2, "\(text)")
    }
  }

  @Test func foldersThatAreFullAreTwo() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    let before = try temporary.files(under: "s")
    #expect(try record("capture", to: "s").code == 2)
    #expect(try temporary.files(under: "s") == before)
    try temporary.write([1], to: "mine/note")
    #expect(try record("capture", to: "mine").code == 2)
    #expect(try run("export", path("s"), "--to", "png", "--out", path("mine")).code == 2)
    #expect(try temporary.files(under: "mine").count == 1)
  }

  @Test func unreadableAndUnwritablePathsExitWithThree() throws {
    try capture()
    try temporary.write([1], to: "file")
    #expect(try record("none", to: "s").code == 3)
    #expect(try record("capture", to: "file/s").code == 3)
    #expect(try record("capture", to: "file").code == 3)
    #expect(try run("record", "--xwd", path("none"), "--out", path("s")).code == 3)
    #expect(try record("capture", to: "good").code == 0)
    #expect(try run("export", path("good"), "--to", "png", "--out", path("file/p")).code == 3)
  }

  /// A limit on the size of files acts like a full disk.
  @Test func aDiskThatIsFullIsThree() throws {
    let pixels = Screen(width: 1, height: 1, seed: 1).random
    var random = pixels
    try temporary.write((0..<300 * 300 * 3 * 4).map { _ in .random(in: 0...255, using: &random) }, to: "raw")
    let command =
      "ulimit -f 64; trap '' XFSZ; exec '\(Command.path)' record --raw '\(path("raw"))' --size 300x300 --format rgb24 --fps 5 --policy none --out '\(path("s"))'"
    let result = try Command.run(Command.process(["-c", command], program: "/bin/bash"))
    #expect(result.code == 3, "\(result.errors)")
    #expect(result.errors.contains("File too large"))
  }

  @Test func invalidCapturesAndSessionsExitWithOne() throws {
    try temporary.write(Array("{}".utf8), to: "empty/capture.json")
    #expect(try record("empty", to: "s").code == 1)
    try temporary.write(Array("not an XWD file".utf8), to: "file")
    #expect(try run("record", "--xwd", path("file"), "--out", path("s")).code == 1)
    for command in ["inspect", "verify"] { #expect(try run(command, path("empty")).code == 1) }
    #expect(try run("export", path("empty"), "--to", "png", "--out", path("p")).code == 1)
  }

  @Test func framesThatFailAreOneAndTheRestIsDone() throws {
    let policy = try writePolicy()
    try capture { lines in
      lines[4] = line(4, #"{"id":"l","role":"label","x":NaN,"y":8,"w":20,"h":10}"#)
      lines[6] = "nonsense"
    }
    try temporary.remove("capture/8.png")
    let result = try record("capture", to: "s", "--policy", policy, "--json")
    #expect(result.code == 1)
    let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    #expect(report?["frames"] as? Int == 11 && report?["failedClosedFrames"] as? Int == 2)
    #expect(report?["lostFrames"] as? Int == 1)
    let verified = try run("verify", path("s"), "--capture", path("capture"), "--policy", policy)
    #expect(verified.code == 0, "\(verified.errors)")
    let inspected = try run("inspect", path("s"))
    #expect(inspected.output.contains("2 failed closed, 1 dropped"))
  }

  @Test func standardInputIsRecorded() throws {
    var random = SeededGenerator(seed: 71)
    let bytes = (0..<5 * 7 * 3 * 6).map { _ in UInt8.random(in: 0...255, using: &random) }
    try temporary.write(bytes, to: "raw")
    let shape = ["--size", "5x7", "--format", "rgb24", "--fps", "10", "--policy", "none", "--quiet"]
    for (input, out) in [("-", "s"), (path("raw"), "t")] {
      let result = try Command.run(
        Command.process(["record", "--raw", input, "--out", path(out)] + shape + CommandTests.name),
        input: bytes)
      #expect(result.code == 0, "\(result.errors)")
    }
    #expect(try temporary.files(under: "s") == temporary.files(under: "t"))
    let short = try Command.run(
      Command.process(["record", "--raw", "-", "--out", path("u")] + shape), input: bytes.dropLast(10))
    #expect(short.code == 1 && short.errors.contains("10 of 105 bytes are missing"))
    #expect(try run("verify", path("u")).errors.contains("5 frames: intact"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT]) func anInterruptSealsTheSession(signal: Int32) throws {
    // The threads that tests run on block signals, and child processes would inherit that.
    let unblocked =
      "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execv(sys.argv[1], sys.argv[1:])"
    for count in [3, 0] {
      let out = "s\(count)"
      let process = Command.process(
        [
          "-c", unblocked, Command.path, "record", "--raw", "-", "--size", "4x4", "--format", "gray8",
          "--fps", "10", "--out", path(out), "--quiet",
        ],
        program: "/usr/bin/python3")
      let input = Pipe()
      process.standardInput = input
      process.standardError = FileHandle.nullDevice
      try process.run()
      defer { if process.isRunning { process.terminate() } }
      // The input stays open without further data: the program waits in a read.
      try input.fileHandleForWriting.write(contentsOf: Data((0..<16 * count).map { UInt8($0) }))
      let manifest = path(out) + "/manifest.json"
      for _ in 0..<500 where !FileManager.default.fileExists(atPath: manifest) { usleep(10_000) }
      usleep(300_000)
      kill(process.processIdentifier, signal)
      for _ in 0..<500 where process.isRunning { usleep(10_000) }
      let isRunning = process.isRunning
      #expect(!isRunning, "it waits for input that doesn't come")
      if isRunning { kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
      try input.fileHandleForWriting.close()
      #expect(process.terminationStatus == 130)
      let verified = try run("verify", path(out))
      if count > 0 {
        #expect(
          verified.code == 0 && verified.errors.contains("\(count) frame\(count == 1 ? "" : "s"): intact"),
          "\(verified.errors)")
      } else {
        #expect(verified.code == 1 && verified.errors.contains("has no frame"), "\(verified.errors)")
      }
    }
  }

  /// A recording that is killed without warning can be read up to its last intact record, and sealed.
  @Test func aSessionIsReadAndRecoveredAfterAKill() throws {
    let process = Command.process([
      "record", "--raw", "-", "--size", "4x4", "--format", "gray8", "--fps", "10", "--policy", "none",
      "--segment-seconds", "1", "--keyframe-interval", "1", "--out", path("s"), "--quiet",
    ])
    let input = Pipe()
    process.standardInput = input
    process.standardError = FileHandle.nullDevice
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data((0..<16 * 25).map { UInt8($0 & 0xFF) }))
    // The fifth frame of the third segment is written at once, not with its segment.
    var lines = 0
    for _ in 0..<500 where lines < 2 {
      usleep(10_000)
      lines = ((try? temporary.bytes(of: "s/segments.jsonl")) ?? []).count { $0 == 0x0A }
    }
    usleep(300_000)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(lines == 2)
    let part = "s/segments/00000002.scrim.part"
    let whole = try temporary.bytes(of: part)
    try temporary.write(whole + [3, 0, 0], to: part)
    let inspected = try run("inspect", path("s"), "--json")
    let report = try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any]
    #expect(inspected.code == 0 && (report?["total"] as? [String: Any])?["frames"] as? Int == 25)
    #expect((report?["segments"] as? [[String: Any]])?.last?["unsealedTornBytes"] as? Int == 3)
    let exported = try run("export", path("s"), "--to", "png", "--out", path("p"))
    #expect(exported.code == 0, "\(exported.errors)")
    #expect(try temporary.bytes(of: "p/frames.jsonl").count { $0 == 0x0A } == 25)
    let verified = try run("verify", path("s"))
    #expect(verified.code == 1 && verified.errors.contains("25 frames intact"), "\(verified.errors)")
    #expect(verified.errors.contains("3 bytes of a torn record") && verified.errors.contains("scrim recover"))
    let recovered = try run("recover", path("s"))
    #expect(recovered.code == 0 && recovered.errors.contains("25 frames"), "\(recovered.errors)")
    #expect(try run("verify", path("s")).code == 0)
    #expect(try run("recover", path("s")).code == 0)
  }

  /// Segments that a full spool dropped are named as a gap, and what lies between them is verified.
  @Test func missingSegmentsAreAGap() throws {
    let bytes = (0..<16 * 60).map { UInt8($0 & 0xFF) }
    try temporary.write(bytes, to: "raw")
    let recorded = try run(
      "record", "--raw", path("raw"), "--size", "4x4", "--format", "gray8", "--fps", "10", "--policy", "none",
      "--segment-seconds", "1", "--out", path("s"), "--quiet")
    #expect(recorded.code == 0, "\(recorded.errors)")
    #expect(try run("verify", path("s")).errors.contains("6 segments, 60 frames: intact"))
    for index in [1, 2, 4] {
      try FileManager.default.removeItem(atPath: path("s/segments/0000000\(index).scrim"))
    }
    let verified = try run("verify", path("s"), "--json")
    #expect(verified.code == 1)
    #expect(
      verified.errors.contains("gap: 3 segments of 6 missing (1 to 2, 4); the rest is intact (30 frames)"),
      "\(verified.errors)")
    let report = try JSONSerialization.jsonObject(with: Data(verified.output.utf8)) as? [String: Any]
    #expect(report?["missing"] as? [Int] == [1, 2, 4])
    let recovered = try run("recover", path("s"))
    #expect(
      recovered.code == 1 && recovered.errors.contains("gap: 3 segments of 6 missing (1 to 2, 4)"),
      "\(recovered.errors)")
    // Damage beside a gap is listed too.
    var damaged = try temporary.bytes(of: "s/segments/00000003.scrim")
    damaged[damaged.count / 2] ^= 1
    try temporary.write(damaged, to: "s/segments/00000003.scrim")
    let again = try run("verify", path("s"))
    #expect(again.code == 1 && again.errors.contains("gap: 3 segments of 6"), "\(again.errors)")
    #expect(again.errors.contains("00000003") && again.errors.contains("1 segment of 6 (3) damaged"))
    #expect(again.errors.contains("the rest is intact (20 frames)"))
  }

  /// A file that a recovery set aside is not part of the session, so there is nothing to recover.
  @Test func aFileThatWasSetAsideIsNoFault() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    try temporary.write([1, 2, 3], to: "s/segments/00000009.scrim.damaged")
    let verified = try run("verify", path("s"))
    #expect(verified.code == 0, "\(verified.errors)")
    #expect(verified.errors.contains("segments/00000009.scrim.damaged: set aside by a recovery"))
    for foreign in ["s/segments/00000009.scrim", "s/segments/notes.damaged"] {
      try temporary.write([1, 2, 3], to: foreign)
      #expect(try run("verify", path("s")).code == 1, "\(foreign)")
      try temporary.remove(foreign)
    }
  }

  @Test func sessionsArePrivate() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    for (name, mode) in [
      ("s", 0o700), ("s/segments", 0o700), ("s/manifest.json", 0o600), ("s/segments/00000000.scrim", 0o600),
    ] {
      let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
      #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
    }
  }

  @Test func aFlippedByteIsFound() throws {
    try capture()
    let policy = try writePolicy()
    #expect(try record("capture", to: "s", "--policy", policy).code == 0)
    let segment = "s/segments/00000000.scrim"
    let whole = try temporary.bytes(of: segment)
    for offset in [0, 9, 40, whole.count / 2, whole.count - 1] {
      var damaged = whole
      damaged[offset] ^= 0x20
      try temporary.write(damaged, to: segment)
      for arguments in [["verify", path("s")], ["inspect", path("s")]] {
        let result = try Command.run(Command.process(arguments))
        #expect(result.code == 1 && result.output.isEmpty, "byte \(offset): \(result.errors)")
      }
    }
    try temporary.write(whole.dropLast(), to: segment)
    #expect(try run("verify", path("s")).code == 1)
    try temporary.remove(segment)
    #expect(try run("verify", path("s")).code != 0)
  }

  @Test func anotherPolicyIsFound() throws {
    try capture()
    let policy = try writePolicy()
    #expect(try record("capture", to: "s", "--policy", policy).code == 0)
    let result = try run("verify", path("s"), "--capture", path("capture"))
    #expect(result.code == 1 && result.errors.contains("another policy"))
  }

  /// The same frames and the same policy, recorded without the boxes: content that should be masked is
  /// visible.
  @Test func masksThatAreMissingAreFound() throws {
    try capture()
    try capture("bare", widgets: "")
    let policy = try writePolicy()
    #expect(try record("bare", to: "s", "--policy", policy).code == 0)
    #expect(try run("verify", path("s"), "--capture", path("bare"), "--policy", policy).code == 0)
    let result = try run("verify", path("s"), "--capture", path("capture"), "--policy", policy)
    #expect(result.code == 1 && result.errors.contains("is not the fill"))
    // The pixels are right, but the list of masks says something else.
    try capture("named", widgets: CommandTests.label.replacingOccurrences(of: "label", with: "heading"))
    #expect(try record("named", to: "n", "--policy", policy).code == 0)
    #expect(try run("verify", path("n"), "--capture", path("named"), "--policy", policy).code == 0)
    let listed = try run("verify", path("n"), "--capture", path("capture"), "--policy", policy)
    #expect(listed.code == 1 && listed.errors.contains("the masks that the session lists are not"))
    // A mask that is slightly too small is found as well.
    try capture("narrow", widgets: CommandTests.label.replacingOccurrences(of: #""w":20"#, with: #""w":19"#))
    #expect(try record("narrow", to: "t", "--policy", policy).code == 0)
    #expect(try run("verify", path("t"), "--capture", path("capture"), "--policy", policy).code == 1)
  }

  /// A session that lacks frames, or contains frames that the capture does not have.
  @Test func framesThatTheCaptureDoesNotHaveAreFound() throws {
    try capture()
    let policy = try writePolicy()
    #expect(try record("capture", to: "s", "--policy", policy).code == 0)
    try capture { $0.removeLast(4) }
    let result = try run("verify", path("s"), "--capture", path("capture"), "--policy", policy)
    #expect(result.code == 1 && result.errors.contains("has no frame 8"))
  }

  @Test func aSessionThatIsNotSealedIsFound() throws {
    try capture()
    #expect(try record("capture", to: "s").code == 0)
    try temporary.write([1], to: "s/segments/00000001.scrim.part")
    let result = try run("verify", path("s"))
    #expect(result.code == 1 && result.errors.contains("00000001.scrim.part is not listed"))
    #expect(!result.errors.contains("manifest.json"))
  }
}
