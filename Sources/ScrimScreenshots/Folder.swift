import Glibc
import ScrimSystem

/// An open folder. Everything below it is opened relative to its descriptor, one name at a time and without
/// following links, so that concurrent renames can't redirect a run.
package final class Folder: Sendable {
  /// For messages.
  package let path: String
  let file: OpenFile
  var descriptor: Int32 { file.descriptor }

  private init(_ file: OpenFile) {
    path = file.path
    self.file = file
  }

  /// Opens the folder that a user named; links in the path are followed.
  package convenience init(_ path: String) throws(FolderError) {
    do { self.init(try OpenFile(path, O_RDONLY | O_DIRECTORY)) } catch {
      throw .system(path: path, doing: "opening", errno: error.errno)
    }
  }

  /// Status of a file or folder.
  struct Status: Equatable {
    enum Kind { case file, folder, link, other }

    var kind: Kind
    var size: Int
    var device: UInt
    var inode: UInt
    /// Seconds and nanoseconds of the last change of content or metadata (ctime), which no program can set
    /// back.
    var changed: [Int]

    init(_ status: stat) {
      kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .other
        }
      size = Int(status.st_size)
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
      changed = [Int(status.st_ctim.tv_sec), Int(status.st_ctim.tv_nsec)]
    }

    func isSameFile(as other: Status) -> Bool { device == other.device && inode == other.inode }
  }

  /// The status of a name in the folder (of a link itself unless `followed`); nil if there is no such name.
  func status(of name: String, followed: Bool = false) throws(FolderError) -> Status? {
    var result = stat()
    // `result` outlives the call, the name lives until it returns.
    let code = unsafe fstatat(descriptor, name, &result, followed ? 0 : AT_SYMLINK_NOFOLLOW)
    if code == 0 { return Status(result) }
    if errno == ENOENT { return nil }
    throw .system(path: place(of: name), doing: "reading the status", errno: errno)
  }

  /// The folder's own status.
  func status() throws(FolderError) -> Status {
    Status(try file.attempt("reading the status") { () throws(SystemError) in try file.status() })
  }

  /// Opens a sub-folder, which must not be a link.
  func folder(named name: String) throws(FolderError) -> Folder {
    do { return Folder(try OpenFile(name, in: file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) } catch {
      throw .system(path: place(of: name), doing: "opening", errno: error.errno)
    }
  }

  /// The matching UTF-8 names in the folder, unsorted.
  func names(where isWanted: (String) -> Bool) throws(FolderError) -> [String] {
    var failure: Int32 = 0
    let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = unsafe fdopendir(copy) else {
      failure = errno
      if copy >= 0 { close(copy) }
      throw .system(path: path, doing: "listing", errno: failure)
    }
    // The stream owns `copy` now, and only this function uses it.
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      // An entry is valid until the next call, and its d_name is terminated within it.
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw .system(path: path, doing: "listing", errno: errno) }
        return names
      }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { room in
        unsafe String(validating: room.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let name, isWanted(name) { names.append(name) }
    }
  }

  /// All bytes of a regular file; nil if there is no such name. A link, a pipe or a device is an error, and
  /// is not waited for.
  func contents(of name: String, limit: Int) throws(FolderError) -> [UInt8]? {
    guard let (file, status) = try opened(name) else { return nil }
    guard status.size <= limit else { throw .tooLarge(path: file.path, size: status.size, limit: limit) }
    let bytes = try file.attempt("reading") { () throws(SystemError) in try file.read(status.size) }
    let after = Status(try file.attempt("reading") { () throws(SystemError) in try file.status() })
    guard bytes.count == status.size, after == status else { throw .changed(path: file.path) }
    return bytes
  }

  /// The first bytes of a regular file, and its size; nil if there is no such name.
  func head(of name: String, count: Int) throws(FolderError) -> (bytes: [UInt8], size: Int)? {
    guard let (file, status) = try opened(name) else { return nil }
    let count = min(count, status.size)
    return (try file.attempt("reading") { () throws(SystemError) in try file.read(count) }, status.size)
  }

  private func opened(_ name: String) throws(FolderError) -> (OpenFile, Status)? {
    let file: OpenFile
    do throws(SystemError) {
      file = try OpenFile(name, in: self.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    } catch {
      switch error.errno {
      case ENOENT: return nil
      case ELOOP, ENXIO, ENODEV: throw .notAFile(path: place(of: name))
      default: throw .system(path: place(of: name), doing: "opening", errno: error.errno)
      }
    }
    let status = Status(try file.attempt("reading") { () throws(SystemError) in try file.status() })
    guard status.kind == .file else { throw .notAFile(path: file.path) }
    return (file, status)
  }

  /// A name's path, for messages.
  func place(of name: String) -> String { file.path(of: name) }
}

extension OpenFile {
  /// Calls the system; a failure names the file and what was being done.
  func attempt<Result>(
    _ doing: String, _ work: () throws(SystemError) -> Result
  ) throws(FolderError) -> Result {
    do { return try work() } catch { throw .system(path: path, doing: doing, errno: error.errno) }
  }
}

/// An error of a file or a folder. Its description contains the error and the remedy; the caller adds the
/// place.
package enum FolderError: Error, Hashable, Sendable, CustomStringConvertible {
  case system(path: String, doing: String, errno: Int32)
  case notAFile(path: String)
  case tooLarge(path: String, size: Int, limit: Int)
  case changed(path: String)

  package var path: String {
    switch self {
    case .system(let path, _, _), .notAFile(let path), .tooLarge(let path, _, _), .changed(let path): path
    }
  }

  /// Without the path.
  package var sentence: String {
    switch self {
    case .system(_, let doing, let code): "\(doing) failed: \(SystemCall.message(for: code))"
    case .notAFile: "not a regular file; put the file itself there instead of a link, a pipe or a device"
    case .tooLarge(_, let size, let limit): "the file has \(size) bytes, at most \(limit) are read"
    case .changed: "the file changed while it was read; run again when no program writes to it"
    }
  }

  package var description: String { "\(path): \(sentence)" }
}
