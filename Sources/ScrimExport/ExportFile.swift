import Foundation
import ScrimSystem

/// A file that gets its name when it is complete; until then its name ends in `.part`.
struct ExportFile {
  private let path: String
  private let partial: String
  private let handle: FileHandle
  private(set) var bytes = 0

  init(_ path: String) throws(ExportError) {
    self.path = path
    partial = path + ".part"
    do {
      try Data().write(to: URL(fileURLWithPath: partial))
      handle = try FileHandle(forWritingTo: URL(fileURLWithPath: partial))
    } catch {
      throw .system(path: partial, reason: error.localizedDescription)
    }
  }

  mutating func write(_ text: String) throws(ExportError) { try write(Data(text.utf8)) }

  mutating func write(_ part: [UInt8]) throws(ExportError) { try write(Data(part)) }

  private mutating func write(_ data: Data) throws(ExportError) {
    do { try handle.write(contentsOf: data) } catch {
      throw .system(path: partial, reason: error.localizedDescription)
    }
    bytes += data.count
  }

  /// Replaces bytes that were written before.
  func patch(_ part: [UInt8], at offset: Int) throws(ExportError) {
    do {
      try handle.seek(toOffset: UInt64(offset))
      try handle.write(contentsOf: Data(part))
      try handle.seekToEnd()
    } catch {
      throw .system(path: partial, reason: error.localizedDescription)
    }
  }

  /// Gives the file its name, and replaces an existing file.
  ///
  /// - Returns: its size in bytes.
  func close() throws(ExportError) -> Int {
    do { try handle.close() } catch { throw .system(path: partial, reason: error.localizedDescription) }
    // Both strings live as terminated C strings until the call returns.
    guard unsafe rename(partial, path) == 0 else {
      throw .system(path: path, reason: SystemCall.message(for: errno))
    }
    return bytes
  }

  /// Removes the partial file if it was not closed.
  func discard() {
    _ = try? FileManager.default.removeItem(atPath: partial)
  }
}

/// The lowest bytes of a number, most significant first.
func bigEndian(_ value: Int, bytes: Int = 4) -> [UInt8] {
  (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// The lowest two bytes of a number, least significant first.
func littleEndian(_ value: Int) -> [UInt8] {
  [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
}
