import Glibc
public import ScrimFormat
import ScrimSystem

/// What went wrong with a session's files, with which of them, and whose fault it is.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    case input, caller, limit
    /// The disk is full, a path can't be written, …
    case system
  }

  public enum Reason: Hashable, Sendable {
    /// A call of the system failed with this `errno`.
    case system(doing: String, errno: Int32)
    case folderNotEmpty(holdsSession: Bool)
    case inUse
    case notASession
    /// The manifest can't be read, or says what no valid one says.
    case badManifest(String)
    case segment(FormatError)
    /// The file and the manifest, or the file and its place in the chain, disagree about this.
    case disagrees(String)
    case otherSession
    case tooManySegments
    /// A spool belongs to one destination, and this is another's.
    case otherDestination(String)
  }

  public let path: String
  public let reason: Reason

  package init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// Whether the file that was asked for is not there.
  public var isMissingFile: Bool {
    if case .system(_, ENOENT) = reason { true } else { false }
  }

  public var fault: Fault {
    switch reason {
    case .system: .system
    case .folderNotEmpty, .inUse, .otherSession, .otherDestination: .caller
    case .notASession, .badManifest, .disagrees: .input
    case .tooManySegments: .limit
    case .segment(let error):
      switch error.fault {
      case .input: .input
      case .caller: .caller
      case .limit: .limit
      }
    }
  }

  public var description: String {
    switch reason {
    case .system(let doing, let code): "\(path): \(doing) failed: \(SystemCall.message(for: code))"
    case .folderNotEmpty(holdsSession: true):
      "\(path): holds a session already; give another folder, or remove this one first"
    case .folderNotEmpty(holdsSession: false):
      "\(path): is not empty; give a new or an empty folder, so that no file of yours is mixed into a session"
    case .inUse: "\(path): another program is writing this session; wait until it has ended"
    case .notASession: "\(path): there is no session here: manifest.json is missing"
    case .badManifest(let what):
      "\(path): \(what); if the segments are whole, remove the file and recover the session to have it rebuilt"
    case .segment(let error): "\(path): \(error)"
    case .disagrees(let what): "\(path): \(what); the file was damaged or exchanged: copy the session again"
    case .otherSession: "\(path): the segment belongs to another session"
    case .tooManySegments: "\(path): a session holds at most \(SessionFolder.segmentLimit) segments"
    case .otherDestination(let other):
      "\(path): this spool's segments go to \(other); use another folder for another destination"
    }
  }
}
