public import ScrimFormat
import ScrimJSON

/// Paths in a store: the same names in a folder, on a server's disk and in a bucket.
///
///     {project}/sessions/2026/11/29/{session}/manifest.json
///     {project}/sessions/2026/11/29/{session}/segments/00000000.scrim
///     {project}/deleted/{session}                                       a tombstone: later uploads are refused
///
/// The date is that of the session's start, in UTC. Every command can read the folder of a session.
public enum StoreLayout {
  /// A project's name is part of paths: lower-case letters, digits, `-` and `_`, at most 64 of them.
  public static func isProject(_ name: some StringProtocol) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
      }
  }

  /// - Parameter start: nanoseconds since 1970.
  public static func session(_ session: SessionID, start: Int64, project: String) -> String {
    precondition(isProject(project), "a project's name is checked where it is received")
    let day = RFC3339.string(start).prefix(10).split(separator: "-").joined(separator: "/")
    return "\(project)/sessions/\(day)/\(session)"
  }

  /// Where a server keeps a small picture of a session; it can be thrown away, and goes with the session.
  public static func thumbnail(_ session: SessionID, project: String) -> String {
    precondition(isProject(project), "a project's name is checked where it comes in")
    return "\(thumbnails)/\(project)/\(session).jpg"
  }

  public static let thumbnails = ".index/thumbnails"

  package static let manifestFile = "manifest.json"

  /// The index in a file's name, such as `00000012.scrim`; nil for any other name.
  public static func index(ofFile name: some StringProtocol) -> Int? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1] == "scrim" else { return nil }
    return index(parts[0])
  }

  /// The index from eight digits; nil for anything else.
  public static func index(_ digits: some StringProtocol) -> Int? {
    guard digits.utf8.count == 8, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(digits)
  }

  /// `00000012`.
  public static func digits(_ index: Int) -> String {
    let digits = String(index)
    return String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
  }

  /// The session with that name; only the canonical spelling is accepted.
  public static func session(named name: some StringProtocol) -> SessionID? {
    guard let session = SessionID(name), session.description == name else { return nil }
    return session
  }
}
