import Foundation
import ScrimDelivery
import ScrimStore
import Synchronization

/// Where reading and deleting is noted.
protocol AuditLog: Sendable {
  func write(_ entry: AuditEntry)
}

extension LineLog: AuditLog {
  func write(_ entry: AuditEntry) { write(line: entry.line) }
}

/// The audit log of a bucket. Lines wait in a file of this server's cache, which is stored as an object of its own
/// every few seconds, at the end, and at the next start: a killed server loses none.
final class BucketAuditLog: AuditLog {
  private let store: BucketStore
  private let folder: String
  private let open = Mutex<[String: LineLog]>([:])
  private let report: @Sendable (String) -> Void

  init(store: BucketStore, folder: String, report: @escaping @Sendable (String) -> Void) throws {
    self.store = store
    self.folder = folder
    self.report = report
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// A deletion is stored at once: other servers learn of it from its name.
  func write(_ entry: AuditEntry) {
    if entry.action.hasPrefix(BucketStore.deletion) {
      do {
        try store.note([entry])
        return
      } catch { report("\(error)") }
    }
    do {
      try open.withLock { open in
        if open[entry.project] == nil {
          open[entry.project] = try LineLog(path: "\(folder)/\(entry.project).open")
        }
        open[entry.project]?.write(entry)
      }
    } catch { report("the audit log can't be written: \(error)") }
  }

  /// Stores the lines that wait. What fails stays for the next time.
  func flush() {
    let files = FileManager.default
    do {
      try open.withLock { open in
        open = [:]
        for name in try files.contentsOfDirectory(atPath: folder) where name.hasSuffix(".open") {
          // The name that it gets in the bucket, so that storing it twice stores it once.
          let object = BucketStore.auditName(time: Responder.now).replacing("/", with: "+")
          try files.moveItem(
            atPath: "\(folder)/\(name)", toPath: "\(folder)/\(name.dropLast(5))@\(object)")
        }
      }
      for name in try files.contentsOfDirectory(atPath: folder) {
        let parts = name.split(separator: "@")
        guard parts.count == 2, let bytes = files.contents(atPath: "\(folder)/\(name)") else { continue }
        try store.note(
          Array(bytes), project: String(parts[0]), name: String(parts[1]).replacing("+", with: "/"))
        try files.removeItem(atPath: "\(folder)/\(name)")
      }
    } catch { report("the audit log waits: \(error)") }
  }
}
