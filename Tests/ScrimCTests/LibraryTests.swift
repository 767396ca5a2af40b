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
    #expect(declared.count == 16 && Set(visible) == Set(declared))
  }
}
