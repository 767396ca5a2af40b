import ArgumentParser
import Foundation
import ScrimExport
import ScrimStore
import ScrimSystem

struct Play: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Play a session in the browser.",
    discussion: """
      Writes the page of `scrim export --to html` to a folder that only you can read, under $XDG_RUNTIME_DIR if that \
      is set, and opens it with xdg-open.
      """)

  @Argument(help: "A session folder.")
  var session: String

  @OptionGroup var part: PartOptions

  @OptionGroup var page: PageOptions

  @OptionGroup var key: KeyOption

  @Flag(help: "Print errors only.")
  var quiet = false

  func run() throws {
    let reader = try key.opened(session)
    Terminal.noteInterrupts()
    let folder = try Play.privateFolder()
    let path = "\(folder)/\(reader.manifest.session).html"
    var refused: Failure?
    do throws(ExportError) {
      try page.write(reader, part.range(), to: path, quiet: true)
    } catch {
      guard case .partial = error else {
        _ = try? FileManager.default.removeItem(atPath: folder)
        throw Failure(error)
      }
      // The intact part can be shown.
      refused = Failure(error)
    }
    if Terminal.isInterrupted {
      _ = try? FileManager.default.removeItem(atPath: folder)
      throw Failure(.interrupted, "interrupted before the page was complete")
    }
    if !quiet { Terminal.say(path) }
    if key.key != nil, !quiet {
      Terminal.say("the page is not sealed: remove \(folder) when you have seen it")
    }
    try Play.open(path)
    if let refused { throw refused }
  }

  /// A new folder with the mode 0700.
  private static func privateFolder() throws -> String {
    let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].flatMap {
      $0.hasPrefix("/") ? $0 : nil
    }
    var template = Array(
      "\(runtime ?? FileManager.default.temporaryDirectory.path)/scrim-play-XXXXXX".utf8CString)
    // The array is a local variable, zero-terminated, and outlives the call, which replaces the X's.
    let made = unsafe template.withUnsafeMutableBufferPointer { unsafe mkdtemp($0.baseAddress!) != nil }
    guard made else {
      throw Failure(.environment, "no private folder could be made: \(SystemCall.message(for: errno))")
    }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func open(_ path: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["xdg-open", path]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw Failure(.environment, "xdg-open could not be started; open \(path) in a browser")
    }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(.environment, "xdg-open found no browser, or is missing; open \(path) in a browser")
    }
  }
}
