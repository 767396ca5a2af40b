import Foundation
import GRDB
import Glibc

/// Opening after a power failure. The index is written without fsync, so that its files may hold anything then.
extension SessionIndex {
  /// Opens an index, or makes an empty one in place of one that can't be read.
  ///
  /// - Parameter isDoubtful: whether it was not closed; all of it is checked then.
  static func open(path: String, isDoubtful: Bool) throws -> SessionIndex {
    do {
      let index = try SessionIndex(path: path)
      if try !isDoubtful || index.isIntact() { return index }
    } catch let error as DatabaseError where isDamage(error) {}
    for file in files(path) where FileManager.default.fileExists(atPath: file) {
      try FileManager.default.removeItem(atPath: file)
    }
    return try SessionIndex(path: path)
  }

  private static func isDamage(_ error: DatabaseError) -> Bool {
    [.SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_IOERR].contains(error.resultCode)
  }

  private func isIntact() throws -> Bool {
    try database.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") } == "ok"
  }

  private static func files(_ path: String) -> [String] { ["", "-wal", "-shm"].map { path + $0 } }

  /// Writes the index to the disk: what was stored before is in it after a power failure.
  static func sync(path: String) {
    for file in files(path) + [(path as NSString).deletingLastPathComponent] { syncToDisk(file) }
  }

  /// Writes a file, or the names in a folder, to the disk; does nothing if there is none.
  static func syncToDisk(_ path: String) {
    // The string lives as a C string until the call returns.
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
