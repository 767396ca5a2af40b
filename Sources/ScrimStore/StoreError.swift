import Glibc
public import ScrimFormat
import ScrimSystem

/// An error in a session's files: its kind, the file, and who must fix it.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Fault: Hashable, Sendable {
    case input, caller, limit
    /// The disk is full, a path can't be written, …
    case system
  }

  public enum Reason: Hashable, Sendable {
    /// A system call failed with this `errno`.
    case system(doing: String, errno: Int32)
    case folderNotEmpty(holdsSession: Bool)
    case inUse
    case notASession
    /// The manifest can't be read, or violates the format.
    case badManifest(String)
    case segment(FormatError)
    /// The manifest lists the segment, and its file is missing.
    case missing
    /// A message in the last segment of a sealed session does not open, which a recovery without the key can't know.
    case garbled(FormatError)
    /// A FIFO, a device or a folder is where a file should be.
    case notAFile
    /// The file contradicts the manifest, or its place in the chain, about this.
    case disagrees(String)
    case otherSession
    case tooManySegments
    /// The spool belongs to another destination; a spool has only one.
    case otherDestination(String)
    /// A crash buffer is requested, but the user has no folder for it, or the folder is on a disk.
    case noRuntimeFolder
    case notInMemory
    /// A request to a bucket failed; the text is the answer.
    case remote(String)
    /// The session is sealed to a public key, and no private key was given.
    case needsKey(KeyID)
    case wrongKey(sealedTo: KeyID, given: KeyID)
    case sealing(SealingError)
    /// The file that was given for a key does not exist.
    case noKeyFile
    /// A key's file is there already.
    case keyExists
  }

  public let path: String
  public let reason: Reason

  public init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// Sessions can't be sealed to the public key that was given.
  package init(sealing error: SealingError) { self.init("the public key", .sealing(error)) }

  /// Whether the requested file does not exist.
  public var isMissingFile: Bool {
    switch reason {
    case .system(_, ENOENT), .missing: true
    default: false
    }
  }

  /// Whether the disk, or the user's share of it, is full.
  public var isFullDisk: Bool {
    switch reason {
    case .system(_, ENOSPC), .system(_, EDQUOT): true
    default: false
    }
  }

  public var fault: Fault {
    switch reason {
    case .system, .remote, .inUse, .noRuntimeFolder, .notInMemory: .system
    case .folderNotEmpty, .otherDestination, .needsKey, .wrongKey, .noKeyFile, .keyExists: .caller
    case .sealing(.noLibrary), .sealing(.noMemory), .sealing(.system): .system
    case .sealing(.refused): .input
    case .sealing: .caller
    case .notASession, .badManifest, .disagrees, .missing, .garbled, .notAFile, .otherSession: .input
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
      "\(path): already holds a session; give another folder, or remove this one first"
    case .folderNotEmpty(holdsSession: false):
      "\(path): is not empty; give a new or an empty folder, so that no file of yours is mixed into a session"
    case .noRuntimeFolder:
      "\(path) is not set, so there is no place for a crash buffer; log in through PAM or set it to a folder on tmpfs, or do without"
    case .notInMemory:
      "\(path): is not in memory (tmpfs), and what is buffered must reach no disk; set XDG_RUNTIME_DIR to a folder that is, or do without a crash buffer"
    case .remote(let answer): "\(path): \(answer)"
    case .inUse: "\(path): another program is writing this session; wait until it has ended"
    case .notASession: "\(path): not a session: manifest.json is missing"
    case .badManifest(let what):
      "\(path): \(what); copy the file again from where the session was recorded or delivered. If there is no intact copy, rename it, so that it is kept, and recover the session: that lists the segments that are there. The list alone shows which are missing, and a sealed manifest that the session ended"
    case .segment(let error): "\(path): \(error)"
    case .missing:
      "\(path): the manifest lists this segment, and the file is missing; look for it where the session was copied from"
    case .garbled(let error):
      "\(path): \(error); if there is no intact copy, recover the session with --key, which cuts the segment before it"
    case .notAFile: "\(path): not a regular file; give the session's own files, or copy the session again"
    case .disagrees(let what): "\(path): \(what); the file was damaged or replaced: copy the session again"
    case .otherSession:
      "\(path): the segment belongs to another session; move it away, or copy the session again"
    case .tooManySegments: "\(path): a session holds at most \(SessionFolder.segmentLimit) segments"
    case .otherDestination(let other):
      "\(path): this spool's segments go to \(other); use another folder for another destination"
    case .needsKey(let key):
      "\(path): the session is sealed to the public key \(key); give --key FILE with its private key to open it"
    case .wrongKey(let key, let given):
      "\(path): the session is sealed to the public key \(key), and the given private key opens what is sealed to \(given); give the file of the other one"
    case .sealing(.system(let code)): "\(path): \(SystemCall.message(for: code))"
    case .sealing(let error): "\(path): \(error)"
    case .noKeyFile: "\(path): no such file; give the one that scrim keygen wrote"
    case .keyExists: "\(path): is there already, and a key is never overwritten; give another name"
    }
  }
}
