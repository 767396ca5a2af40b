import ArgumentParser
import Foundation

@main
struct Scrim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrim",
    abstract:
      "Records screens and redacts screenshots, with private content masked before anything is stored.",
    discussion: """
      Exit codes: 0 done, or a live recording ended on request; 1 some input was refused and the rest processed, or a recording \
      filled its disk and is sealed; 2 usage error; 3 environment error (unreadable file, lost display, disk full elsewhere); 130 interrupted by a signal, or a live recording \
      without a frame.
      """,
    version: producer,
    subcommands: [
      Redact.self, Record.self, Export.self, Play.self, Inspect.self, Verify.self, Recover.self, Doctor.self,
      Upload.self, Serve.self, Delete.self, Prune.self, Keygen.self,
    ])

  /// Written into sessions as their producer.
  static let producer = "scrim 0.1.0"

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      Terminal.say("scrim: \(failure.message)")
      Foundation.exit(failure.code.rawValue)
    } catch {
      // The parser's own exits: help and version are successes, everything else is a usage error.
      let isClean = exitCode(for: error).isSuccess
      let text = fullMessage(for: error)
      if isClean {
        print(text)
      } else if let advice = ArgumentAdvice.unknown(in: Array(CommandLine.arguments.dropFirst())) {
        Terminal.say("scrim: \(advice)")
      } else {
        Terminal.say(text)
      }
      Foundation.exit(isClean ? 0 : FailureCode.usage.rawValue)
    }
  }
}
