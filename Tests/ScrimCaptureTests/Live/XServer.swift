import Foundation
import Glibc

/// An Xvfb of its own, for as long as the value lives.
final class XServer {
  let display: String
  private let process: Process

  static let isInstalled = ["Xvfb", "xsetroot"].allSatisfy { path(of: $0) != nil }
  static let isMissing = "Xvfb or xsetroot is not installed: apt-get install xvfb x11-xserver-utils"

  private static func path(of program: String) -> String? {
    ["/usr/bin/", "/usr/local/bin/"].map { $0 + program }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  struct NotStarted: Error {}

  init(size: String = "640x480") throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: XServer.path(of: "Xvfb") ?? "")
    let pipe = Pipe()
    // It writes its number to standard output once it is there.
    process.arguments = ["-displayfd", "1", "-noreset", "-screen", "0", size + "x24"]
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let number = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard Int(number) != nil else {
      _ = Glibc.kill(process.processIdentifier, SIGKILL)
      throw NotStarted()
    }
    display = ":" + number
  }

  deinit { kill() }

  /// Ends it at once: test threads may have the signals blocked that ask politely, and what they start inherits that.
  func kill() { XServer.kill(process) }

  /// Starts a program on the display; nil where it isn't installed.
  func start(_ program: String, _ arguments: String...) throws -> Process? {
    guard let path = XServer.path(of: program) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-display", display] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  static func kill(_ process: Process) {
    guard process.isRunning else { return }
    _ = Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Fills the screen with one colour.
  func fill(_ colour: String) throws {
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: XServer.path(of: "xsetroot") ?? "")
    tool.arguments = ["-display", display, "-solid", colour]
    try tool.run()
    tool.waitUntilExit()
  }
}
