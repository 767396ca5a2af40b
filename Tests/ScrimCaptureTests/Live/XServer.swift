import Foundation
import Glibc
import ScrimTestSupport

/// A private Xvfb for the life of the value.
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

  init(size: String = "640x480", depth: Int = 24) throws {
    process = Process()
    process.executableURL = URL(fileURLWithPath: XServer.path(of: "Xvfb") ?? "")
    let pipe = Pipe()
    // It writes its number to standard output when it is ready.
    process.arguments = ["-displayfd", "1", "-noreset", "-screen", "0", "\(size)x\(depth)"]
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let number = String(
      decoding: try pipe.fileHandleForReading.availableData(seconds: 30, from: "Xvfb"), as: UTF8.self
    )
    .trimmingCharacters(in: .whitespacesAndNewlines)
    guard Int(number) != nil else {
      _ = Glibc.kill(process.processIdentifier, SIGKILL)
      throw NotStarted()
    }
    display = ":" + number
  }

  deinit { kill() }

  /// Kills it: test threads may block the gentler signals, and child processes inherit that.
  func kill() { XServer.kill(process) }

  /// Starts a program on the display; nil where it isn't installed.
  func start(_ program: String, _ arguments: String...) throws -> Process? {
    guard let path = XServer.path(of: program) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-display", display] + arguments
    // Without a locale it would take its arguments as Latin-1.
    process.environment = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C.UTF-8"]) { $1 }
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  static func kill(_ process: Process) {
    guard process.isRunning else { return }
    _ = Glibc.kill(process.processIdentifier, SIGKILL)
    try? process.waitUntilExit(seconds: 10)
  }

  /// Fills the screen with one colour.
  func fill(_ colour: String) throws {
    let tool = Process()
    tool.executableURL = URL(fileURLWithPath: XServer.path(of: "xsetroot") ?? "")
    tool.arguments = ["-display", display, "-solid", colour]
    try tool.run()
    try tool.waitUntilExit(seconds: 30)
  }

  /// A 32-bit window of 200x100 with its own pointer that moves from (10, 30) to (300, 30) and back, while
  /// the pointer stays.
  struct Mover {
    let process: Process
    fileprivate let input: FileHandle
    fileprivate let output: FileHandle

    /// Moves it, and returns when the server has done so.
    func move() throws {
      try input.write(contentsOf: Data("\n".utf8))
      guard try !output.availableData(seconds: 30, from: "the mover").isEmpty else { throw NotStarted() }
    }
  }

  /// Starts a mover; nil where python3-xlib isn't installed.
  func startMover() throws -> Mover? {
    guard let python = XServer.path(of: "python3") else { return nil }
    let (input, output) = (Pipe(), Pipe())
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", XServer.moverProgram, display]
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let mover = Mover(
      process: process, input: input.fileHandleForWriting, output: output.fileHandleForReading)
    return try mover.output.availableData(seconds: 30, from: "the mover").isEmpty ? nil : mover
  }

  private static let moverProgram = """
    import sys
    from Xlib import X, display
    d = display.Display(sys.argv[1])
    root, depths = d.screen().root, d.screen().allowed_depths
    visual = [v for depth in depths if depth.depth == 32 for v in depth.visuals][0].visual_id
    font = d.open_font("cursor")
    arrow, hand = [font.create_glyph_cursor(font, n, n + 1, (0, 0, 0), (65535,) * 3) for n in (68, 60)]
    root.change_attributes(cursor=arrow)
    window = root.create_window(
        10, 30, 200, 100, 0, 32, X.InputOutput, visual, background_pixel=0xFFC80096, border_pixel=0,
        colormap=root.create_colormap(visual, X.AllocNone), override_redirect=True, cursor=hand)
    window.map()
    root.warp_pointer(400, 80)
    d.sync()
    print("ready", flush=True)
    x = 10
    for line in sys.stdin:
        x = 310 - x
        window.configure(x=x, y=30)
        d.sync()
        print(x, flush=True)
    """
}
