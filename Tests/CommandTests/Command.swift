import Foundation
import ScrimTestSupport

/// Runs the built command as a user does.
enum Command {
  struct Result {
    var code: Int32
    var output: String
    var errors: String
  }

  /// Path beside the test bundle, where the package manager puts both.
  static let path: String = {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    var folder = bundle.resolvingSymlinksInPath().deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("scrim").path
      if FileManager.default.isExecutableFile(atPath: candidate) && !isFolder(candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    return "scrim, which is not beside the test bundle \(bundle.path)"
  }()

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  static func process(_ arguments: [String], program: String = path) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    return process
  }

  /// Runs to the end.
  static func run(_ arguments: String..., input: [UInt8] = []) throws -> Result {
    try run(process(arguments), input: input)
  }

  static func run(_ process: Process, input: [UInt8] = []) throws -> Result {
    let temporary = try TemporaryFolder()
    try temporary.write(input, to: "in")
    for name in ["out", "err"] { try temporary.write([], to: name) }
    func file(_ name: String) -> URL { URL(fileURLWithPath: temporary.path + "/" + name) }
    process.standardInput = try FileHandle(forReadingFrom: file("in"))
    process.standardOutput = try FileHandle(forWritingTo: file("out"))
    process.standardError = try FileHandle(forWritingTo: file("err"))
    try process.run()
    process.waitUntilExit()
    guard process.terminationReason == .exit else { throw Crash(signal: process.terminationStatus) }
    return Result(
      code: process.terminationStatus,
      output: String(decoding: try temporary.bytes(of: "out"), as: UTF8.self),
      errors: String(decoding: try temporary.bytes(of: "err"), as: UTF8.self))
  }

  struct Crash: Error {
    var signal: Int32
  }
}
