import ArgumentParser
import Foundation
import Glibc

/// Starts the server, which is a separate program: recording needs no web server.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Receive, store and show sessions in a browser (starts scrim-server, built from Server/).")

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("Arguments of scrim-server: --store DIR …", valueName: "arguments"))
  var arguments: [String] = []

  func run() throws {
    let own =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    let folder = (own as NSString).deletingLastPathComponent
    let beside = [
      folder + "/scrim-server",
      // In the repository: .build/CONFIGURATION/scrim and Server/.build/CONFIGURATION/scrim-server.
      folder + "/../../../Server/.build/\((folder as NSString).lastPathComponent)/scrim-server",
      folder + "/../../Server/.build/\((folder as NSString).lastPathComponent)/scrim-server",
    ]
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map {
      "\($0)/scrim-server"
    }
    guard let program = (beside + path).first(where: { FileManager.default.isExecutableFile(atPath: $0) })
    else {
      throw Failure(
        .environment,
        "scrim-server is not installed: build it with swift build -c release --package-path Server, and put it beside scrim"
      )
    }
    // Copies that live until the program is replaced; a null pointer ends the list.
    var pointers = unsafe ([program] + arguments).map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    unsafe execv(program, pointers)
    throw Failure(.environment, "\(program): can't be started (errno \(errno))")
  }
}
