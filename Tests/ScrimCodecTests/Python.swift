import Foundation
import Testing

/// Debian's Python with Pillow: an independent decoder and encoder.
enum Python {
  static let hasPillow: Bool = (try? run("import PIL.Image")) != nil

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs a program and returns what it printed.
  @discardableResult
  static func run(_ program: String, _ arguments: [String] = []) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", program] + arguments
    let output = Pipe()
    let errors = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID()).txt")
    _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: errors) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        description: "python3 failed: \((try? String(contentsOf: errors, encoding: .utf8)) ?? "")")
    }
    return String(decoding: printed, as: UTF8.self)
  }

  /// Calls `body` with a temporary folder, which is removed afterwards.
  static func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("scrim-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}

/// Little-endian bytes as words.
func words(_ bytes: [UInt8]) -> [UInt32] {
  stride(from: 0, to: bytes.count, by: 4).map { i in
    UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]) << 16 | UInt32(bytes[i + 3]) << 24
  }
}

func contents(_ url: URL) throws -> [UInt8] { try [UInt8](Data(contentsOf: url)) }
