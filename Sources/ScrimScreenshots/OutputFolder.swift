import Glibc
import ScrimSystem
import Synchronization

/// Destination of redacted images. A file gets its name only when it is completely written and on the disk,
/// and never replaces another.
final class OutputFolder: Sendable {
  enum Outcome: String, Sendable {
    case written
    /// A file with the same bytes already existed.
    case same
  }

  private let root: Folder
  private let syncs: Bool
  /// For tests: as on file systems without unnamed files.
  private let namesTemporaries: Bool
  /// Folders in which a file got its name, by path.
  private let touched = Mutex<Set<String>>([])

  /// Makes the folder and its parents if they are missing.
  init(_ path: String, syncs: Bool, namesTemporaries: Bool = false) throws(OutputError) {
    try OutputFolder.make(path)
    do throws(FolderError) { root = try Folder(path) } catch { throw .system(error) }
    self.syncs = syncs
    self.namesTemporaries = namesTemporaries
  }

  var status: Folder.Status { get throws(FolderError) { try root.status() } }

  /// Creates a file with that name and those bytes.
  ///
  /// - Parameter path: parts joined by slashes; missing folders are made.
  func publish(_ bytes: [UInt8], at path: String) throws(OutputError) -> Outcome {
    var parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    let name = parts.removeLast()
    var folder = root
    for part in parts { folder = try OutputFolder.enter(part, of: folder) }
    if syncs { touched.withLock { _ = $0.insert(parts.joined(separator: "/")) } }
    if try isPresent(name, bytes, in: folder) { return .same }
    var isNamed = namesTemporaries ? nil : try writeUnnamed(bytes, name, in: folder)
    if isNamed == nil { isNamed = try writeNamed(bytes, name, in: folder) }
    if isNamed == true { return .written }
    // Another run was faster.
    guard try isPresent(name, bytes, in: folder) else { throw .exists }
    return .same
  }

  /// Syncs the names to the disk: called once, at the end. After a power cut before that a name may be
  /// missing, but every file that has a name is complete.
  func finish() throws(OutputError) {
    for path in touched.withLock({ $0 }) {
      var folder = root
      for part in path.split(separator: "/") { folder = try OutputFolder.enter(String(part), of: folder) }
      guard fsync(folder.descriptor) == 0 else { throw failure("", "writing to the disk", in: folder) }
    }
  }

  /// The bytes of an output; nil if there is none that can be read.
  func contents(of path: String, limit: Int) -> [UInt8]? {
    var parts = path.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
    let name = parts.removeLast()
    var folder = root
    for part in parts {
      guard let next = try? folder.folder(named: part) else { return nil }
      folder = next
    }
    return try? folder.contents(of: name, limit: limit)
  }

  /// Whether the file already exists with those bytes.
  private func isPresent(_ name: String, _ bytes: [UInt8], in folder: Folder) throws(OutputError) -> Bool {
    do throws(FolderError) {
      guard let status = try folder.status(of: name) else { return false }
      guard status.kind == .file, status.size == bytes.count else { throw FolderError.notAFile(path: name) }
      guard try folder.contents(of: name, limit: bytes.count) == bytes else {
        throw FolderError.changed(path: name)
      }
      return true
    } catch {
      if case .system = error { throw .system(error) }
      throw .exists
    }
  }

  /// Writes to an unnamed file and then links it to its name: a killed program leaves nothing behind.
  ///
  /// - Returns: whether it got the name, which another file may have; nil if the file system doesn't
  ///   support this.
  private func writeUnnamed(_ bytes: [UInt8], _ name: String, in folder: Folder) throws(OutputError) -> Bool?
  {
    let file: OpenFile
    do throws(SystemError) {
      file = try OpenFile(".", in: folder.file, unnamedFile | O_WRONLY, mode: 0o644)
    } catch {
      switch error.errno {
      case EOPNOTSUPP, EISDIR, ENOENT, EINVAL: return nil
      default: throw failure(name, "writing", in: folder, error)
      }
    }
    try write(bytes, to: file, name, in: folder)
    // From here on to the end of the type: strings live as terminated C strings until a call returns, and no call keeps
    // a pointer.
    let code = unsafe linkat(
      AT_FDCWD, "/proc/self/fd/\(file.descriptor)", folder.descriptor, name, AT_SYMLINK_FOLLOW)
    if code == 0 { return true }
    switch errno {
    case EEXIST: return false
    case ENOENT, EXDEV, EOPNOTSUPP, EPERM: return nil
    default: throw failure(name, "naming", in: folder)
    }
  }

  /// Writes to a temporary file and then links it to its name.
  ///
  /// - Returns: whether it got the name, which another file may have.
  private func writeNamed(_ bytes: [UInt8], _ name: String, in folder: Folder) throws(OutputError) -> Bool {
    let temporary = ".scrim-\(UInt64.random(in: 0 ... .max)).part"
    let file: OpenFile
    do throws(SystemError) {
      file = try OpenFile(temporary, in: folder.file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    } catch { throw failure(temporary, "writing", in: folder, error) }
    defer { unsafe _ = unlinkat(folder.descriptor, temporary, 0) }
    try write(bytes, to: file, name, in: folder)
    // A second link instead of a rename, since it fails if the name exists. File systems without links
    // (FAT) can't be used for output.
    if unsafe linkat(folder.descriptor, temporary, folder.descriptor, name, 0) == 0 { return true }
    if errno == EEXIST { return false }
    throw failure(name, "naming", in: folder)
  }

  private func write(
    _ bytes: [UInt8], to file: OpenFile, _ name: String, in folder: Folder
  ) throws(OutputError) {
    do { try file.write(bytes) } catch { throw failure(name, "writing", in: folder, error) }
    guard syncs else { return }
    do { try file.sync() } catch { throw failure(name, "writing to the disk", in: folder, error) }
  }

  private static func enter(_ name: String, of folder: Folder) throws(OutputError) -> Folder {
    if unsafe mkdirat(folder.descriptor, name, 0o755) != 0, errno != EEXIST {
      throw .system(.system(path: folder.place(of: name), doing: "making the folder", errno: errno))
    }
    do { return try folder.folder(named: name) } catch {
      // A file that is not a folder has the name.
      if case .system(_, _, let code) = error, code == ENOTDIR || code == ELOOP { throw .exists }
      throw .system(error)
    }
  }

  /// Makes a folder and its parents.
  static func make(_ path: String) throws(OutputError) {
    if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let code = errno
    if code == ENOENT, let slash = path.dropLast().lastIndex(of: "/"), slash > path.startIndex {
      try make(String(path[..<slash]))
      if unsafe mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    }
    throw .system(.system(path: path, doing: "making the folder", errno: code))
  }

  private func failure(
    _ name: String, _ doing: String, in folder: Folder, _ error: SystemError = SystemError(errno: errno)
  ) -> OutputError {
    .system(.system(path: folder.place(of: name), doing: doing, errno: error.errno))
  }
}

/// Why an output could not be written.
enum OutputError: Error {
  /// The disk is full, or the folder can't be written: later outputs would fail too.
  case system(FolderError)
  /// A file with other bytes has the name.
  case exists
}

// A Linux macro that Swift does not import.
private let unnamedFile: Int32 = 0o20000000 | O_DIRECTORY
