import CMeasure
import Foundation

/// Other programs, measured as whole processes.
enum Program {
  struct Run {
    /// Its exit code; 127 if it is not installed.
    var status: Int
    /// Milliseconds, user and system.
    var cpu: Double
    /// Maximum memory in bytes.
    var memory: Int
  }

  /// Runs a program of the PATH, silently.
  static func run(_ arguments: [String], input: String? = nil, output: String? = nil) -> Run {
    let strings = arguments.map { strdup($0) }
    defer { for string in strings { free(string) } }
    var cpu: Int64 = 0
    var peak: Int64 = 0
    let pointers = strings.map { UnsafePointer($0) } + [nil]
    let status = measure_run(pointers, input, output, &cpu, &peak)
    return Run(status: Int(status), cpu: Double(cpu) / 1e6, memory: Int(peak))
  }

  static func isInstalled(_ name: String, _ arguments: [String]) -> Bool {
    run([name] + arguments).status == 0
  }

  /// The command `scrim`: the named one, or the one built by `swift build -c release`.
  static func scrim(_ named: String?) throws -> String {
    let beside = (ProcessInfo.processInfo.arguments[0] as NSString).deletingLastPathComponent + "/scrim"
    let choices = named.map { [$0] } ?? [beside, ".build/release/scrim", "../.build/release/scrim"]
    guard let found = choices.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw BenchError(
        "\(choices[0]): no command scrim there; build it with `swift build -c release` or give --scrim FILE")
    }
    return found.contains("/") ? found : "./" + found
  }

  /// Bytes of a file, or of all files in a folder.
  static func size(of path: String) -> Int {
    let below = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
    return ([path] + below.map { "\(path)/\($0)" }).reduce(0) { total, path in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard attributes?[.type] as? FileAttributeType == .typeRegular else { return total }
      return total + (attributes?[.size] as? Int ?? 0)
    }
  }
}
