public import ScrimFormat
import ScrimJSON

/// A tombstone: what stays of a deleted session, so that later uploads of it are refused.
extension StoreLayout {
  /// Its path in a store.
  public static func tombstone(_ session: SessionID, project: String) -> String {
    precondition(isProject(project), "a project's name is checked where it is received")
    return "\(project)/deleted/\(session)"
  }

  /// The content of a tombstone.
  package static func tombstoneText(now: Int64) -> [UInt8] {
    JSON.object([.init("deleted_at", .string(RFC3339.string(now)))]).canonicalBytes + [0x0A]
  }
}
