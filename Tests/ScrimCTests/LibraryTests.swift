import Foundation
import ScrimTestSupport
import Testing

/// libscrim.so, made from the build, and programs in C and C++ that use it.
@Suite(.serialized) struct LibraryTests {
  static let root = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..").standardizedFileURL
    .path
  static let contract = root + "/Tests/ScrimCTests/contract.c"

  /// Folder of the library with its header; made once.
  static let prefix: Result<String, any Error> = Result {
    let prefix = buildFolder + "/c-library"
    let made = try run(root + "/Sources/ScrimC/make", [buildFolder, prefix])
    guard made.code == 0 else { throw Failure(description: made.output) }
    return prefix
  }

  struct Failure: Error, CustomStringConvertible { var description: String }

  /// The package manager puts the static library beside the test bundle.
  static let buildFolder: String = {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    var folder = bundle.resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      if FileManager.default.fileExists(atPath: folder.path + "/libScrimC.a") { return folder.path }
      folder.deleteLastPathComponent()
    }
    return "where \(bundle.path) is there is no libScrimC.a; run swift build first"
  }()

  static func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// Compiles the contract with all warnings as errors, and runs it.
  func check(_ compiler: [String], name: String, seed: Int) throws {
    let prefix = try Self.prefix.get()
    let folder = try TemporaryFolder()
    let program = "\(folder.path)/\(name)"
    let compiled = try Self.run(
      compiler[0],
      compiler.dropFirst() + [
        "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", Self.contract, "-I", prefix + "/include", "-L",
        prefix + "/lib", "-lscrim", "-Wl,-rpath,\(prefix)/lib", "-o", program,
      ])
    try #require(compiled.code == 0, "\(compiled.output)")
    let ran = try Self.run(program, ["\(folder.path)/\(name)-sessions", "\(seed)"])
    #expect(ran.code == 0 && ran.output == "ok\n", "\(ran.output)")
    // No text of a secret is in any file that was written.
    let files = try folder.files(under: "\(name)-sessions")
    #expect(files.count > 2)
    for bytes in files.values { #expect(bytes.firstRange(of: Array("SECRET".utf8)) == nil) }
  }

  /// Compiles a program of one file; returns it, and its folder.
  private func compiled(_ source: String, _ compiler: [String] = ["cc", "-std=c11"]) throws -> (
    String, TemporaryFolder
  ) {
    let prefix = try Self.prefix.get()
    let folder = try TemporaryFolder()
    let program = folder.path + "/program"
    let made = try Self.run(
      compiler[0],
      compiler.dropFirst() + [
        "-D_DEFAULT_SOURCE", "-Wall", "-Wno-missing-field-initializers", "-Werror", source, "-I",
        prefix + "/include",
        "-L", prefix + "/lib", "-lscrim", "-Wl,-rpath,\(prefix)/lib", "-o", program,
      ])
    try #require(made.code == 0, "\(made.output)")
    return (program, folder)
  }

  /// Its structs are shorter than today's: no byte after them may be read or written.
  @Test func aProgramOfVersion01RunsUnchanged() throws {
    let source = Self.root + "/Tests/ScrimCTests/Fixtures/old_program.c"
    let sanitized = ["cc", "-std=c11", "-fsanitize=address,undefined"]
    for compiler in [["cc", "-std=c11"], sanitized] {
      let (program, folder) = try compiled(source, compiler)
      let ran = try Self.run(program, [folder.path + "/s"])
      #expect(ran.code == 0 && ran.output == "ok\n", "\(ran.output)")
    }
  }

  /// Sampling, a request and an error, as the sample shows them.
  @Test func theSampleOfSessionsRecordsItsError() throws {
    let (program, folder) = try compiled(Self.root + "/samples/sessions-c/sessions.c")
    let ran = try Self.run(program, [folder.path + "/s"])
    #expect(ran.code == 0, "\(ran.output)")
    let id = try #require(ran.output.firstMatch(of: /the error is in session ([0-9a-f-]{36})/)?.1)
    let manifest = try String(contentsOfFile: folder.path + "/s/manifest.json", encoding: .utf8)
    #expect(manifest.contains(id) && manifest.contains("0123456789abcdef0123456789abcdef"))
    for bytes in try folder.files(under: "s").values {
      #expect(bytes.firstRange(of: Array("user=ann".utf8)) == nil)
    }
  }

  /// Values, headers and bodies pass the same filters as those of a program in Swift.
  @Test func valuesHeadersAndBodiesAreFiltered() throws {
    let source = Self.root + "/Tests/ScrimCTests/Fixtures/values.c"
    for compiler in [["cc", "-std=c11"], ["cc", "-std=c11", "-fsanitize=address,undefined"]] {
      let (program, folder) = try compiled(source, compiler)
      let ran = try Self.run("timeout", ["60", program, folder.path + "/s"])
      #expect(ran.code == 0 && ran.output == "ok\n", "\(ran.output)")
      let files = try folder.files(under: "s").values
      for bytes in files { #expect(bytes.firstRange(of: Array("SECRET".utf8)) == nil) }
      for text in [
        // The first sixteen by their keys.
        #""data":{"a0":0,"a1":1,"a10":10,"a11":11,"a12":12,"a13":13,"a14":14,"a15":15,"a2":2,"a3":3,"a4":4,"a5":5,"a6":6,"a7":7,"a8":8,"a9":9}"#,
        #""data":{"attempt":3,"cart":"of [mail]","isRetry":true,"token":"[secret]"}"#,
        #""request_body":"{\"n\":1,\"password\":\"[secret]\"}""#,
        #""request_headers":{"accept":"text/html","x-shop":"7"}"#, #""response_body":"fine""#,
        #""response_headers":{"content-type":"text/plain"}"#,
      ] {
        #expect(files.contains { $0.firstRange(of: Array(text.utf8)) != nil }, "\(text)")
      }
    }
  }

  /// What a program writes to standard error arrives there in any case, and in the session as far as it can.
  @Test(arguments: ["quiet", "flood", "crash", "replaced"])
  func standardErrorIsCopiedAndArrives(kind: String) throws {
    let (program, folder) = try compiled(Self.root + "/Tests/ScrimCTests/Fixtures/stderr.c")
    let (errors, out) = (folder.path + "/errors", folder.path + "/out")
    // A shell's words about a program that was aborted are not the program's.
    let script = "ulimit -c 0; timeout 60 \(program) \(folder.path)/s \(kind) 2>\(errors) >\(out); exit $?"
    let ran = try Self.run("bash", ["-c", script])
    let printed = try String(contentsOfFile: out, encoding: .utf8)
    #expect(ran.code == (kind == "crash" ? 134 : 0), "\(ran.output) \(printed)")
    let first = "before\nmail of ann@example.com\nfrom a child\nhalf a line\n"
    var expected = first
    switch kind {
    case "flood":
      for line in 0..<300_000 { expected += "line \(line) of a flood that nothing can record\n" }
      expected += "after\n"
    case "crash": expected += "the last words"
    case "replaced": break
    default: expected += "after\n"
    }
    // The process that forwards the last words of a crashed one ends a moment later.
    for _ in 0..<100 where (try? folder.bytes(of: "errors").count) ?? 0 < expected.utf8.count {
      usleep(20_000)
    }
    let arrived = try String(contentsOfFile: errors, encoding: .utf8)
    #expect(arrived == expected, "\(arrived.utf8.count) bytes of \(expected.utf8.count)")
    guard kind != "crash" else { return }
    let numbers = try #require(printed.firstMatch(of: /(\d+) events, (\d+) dropped/))
    let (events, dropped) = (Int(numbers.1) ?? 0, Int(numbers.2) ?? 0)
    // Of a flood, the recorder keeps some hundred lines a second, and counts what it has no room for.
    #expect(kind == "flood" ? events > 3 && dropped > 1000 : events == 3 && dropped == 0, "\(printed)")
    for bytes in try folder.files(under: "s").values {
      #expect(bytes.firstRange(of: Array("ann@example".utf8)) == nil)
    }
  }

  /// A recorder with a delivery to a folder, and one to a server that is not there.
  @Test func sessionsAreDeliveredOrStayInTheSpool() throws {
    let (program, folder) = try compiled(Self.root + "/Tests/ScrimCTests/Fixtures/delivery.c")
    let (store, spool) = (folder.path + "/store", folder.path + "/spool")
    var ran = try Self.run("timeout", ["60", program, "file://" + store, spool, "20"])
    let id = try #require(
      ran.output.firstMatch(of: /^([0-9a-f-]{36}) undelivered 0 state 3 -\n$/)?.1, "\(ran.output)")
    let stored = try folder.files(under: "store")
    #expect(stored.keys.contains { $0.contains(id) && $0.hasSuffix("segments/00000000.scrim") })
    let manifest = try #require(stored.first { $0.key.hasSuffix("manifest.json") }?.value)
    let text = String(decoding: manifest, as: UTF8.self)
    for word in [
      #""service.name" : "shop""#, #""service.version" : "2.1""#, #""deployment.environment" : "test""#,
    ] {
      #expect(text.contains(word), "\(text)")
    }
    #expect(try folder.files(under: "spool").keys.sorted() == ["destination.json"])

    // Nothing listens on the port of discard.
    ran = try Self.run("timeout", ["60", program, "http://127.0.0.1:9/", folder.path + "/waiting", "0.5"])
    #expect(ran.output.contains(/undelivered 1 state 1 -/), "\(ran.output)")
    let left = try folder.files(under: "waiting").keys
    #expect(left.contains { $0.hasSuffix("segments/00000000.scrim") }, "\(left)")
  }

  @Test func holdsInC() throws {
    try check(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L"], name: "c", seed: 1)
  }

  @Test func holdsInCPlusPlus() throws {
    try check(["c++", "-x", "c++", "-std=c++17"], name: "cpp", seed: 2)
  }

  @Test func holdsUnderTheAddressSanitizer() throws {
    try check(
      ["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-fsanitize=address,undefined"], name: "asan", seed: 3)
  }

  /// The header declares all symbols that the library exports, and the reverse.
  @Test func onlyTheCallsOfTheHeaderAreVisible() throws {
    let prefix = try Self.prefix.get()
    let symbols = try Self.run("nm", ["-D", "--defined-only", "--extern-only", prefix + "/lib/libscrim.so"])
    let visible = symbols.output.split(separator: "\n").filter { $0.contains(" T ") }.compactMap {
      $0.split(separator: " ").last.map(String.init)
    }
    let header = try String(contentsOfFile: prefix + "/include/scrim.h", encoding: .utf8)
    let declared = header.matches(of: /(?m)^[a-z].*?(scrim_[a-z_]+)\(/).map { String($0.1) }
    #expect(declared.count == 18 && Set(visible) == Set(declared))
  }
}
