import ArgumentParser
import Foundation
import ScrimRedact
import ScrimStore

struct OutputOptions: ParsableArguments {
  @Flag(help: "Print errors only.")
  var quiet = false

  @Flag(help: "Print the result as one JSON object to standard output.")
  var json = false

  /// Prints a result for machines.
  func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}

extension MaskPolicy {
  /// The policy named by an argument: a preset, or a file.
  static func named(_ argument: String) throws -> MaskPolicy {
    if let preset = Preset(rawValue: argument) { return MaskPolicy(preset: preset) }
    guard let bytes = FileManager.default.contents(atPath: argument) else {
      let presets = Preset.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure(.usage, "--policy \(argument): there is no such file, and the presets are \(presets)")
    }
    do {
      return try MaskPolicy(json: Array(bytes))
    } catch {
      throw Failure(.usage, "--policy \(argument): \(error)")
    }
  }
}

extension SessionFolder {
  /// Opens the session named by an argument.
  func opened() throws -> SessionReader {
    do { return try read() } catch { throw Failure(error) }
  }
}
