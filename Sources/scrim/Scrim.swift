import ArgumentParser
import Foundation

@main
struct Scrim: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scrim",
    abstract: "Records what a screen showed, without what must not be seen.",
    discussion: """
      Exit codes: 0 done, or a live recording that was asked to end; 1 some input was refused, the rest is done; 2 usage; \
      3 a fault of the environment (disk full, unreadable file, lost display); 130 cut short by a signal, or a live recording \
      without a frame.
      """,
    version: producer,
    subcommands: [
      Redact.self, Record.self, Export.self, Play.self, Inspect.self, Verify.self, Recover.self, Doctor.self,
      Upload.self, Serve.self, Delete.self, Prune.self,
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
      // The parser's own exits: help and version are no failure, everything else is a matter of usage.
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
