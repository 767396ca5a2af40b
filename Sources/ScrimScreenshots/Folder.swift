import Glibc
import ScrimSystem

/// An open folder. Everything below it is reached from its descriptor by one name at a time and without following
/// links, so that nobody who renames things meanwhile can lead a run elsewhere.
public final class Folder: Sendable {
  /// For messages.
  public let path: String
  let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = close(descriptor) }

  /// Opens the folder that a user named; links on the way are followed.
  public convenience init(_ path: String) throws(FolderFault) {
    // The string lives as a terminated C string until the call returns; the call keeps no pointer to it.
    let descriptor = SystemCall.retrying { unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .system(path: path, doing: "opening", errno: errno) }
    self.init(path: path, descriptor: descriptor)
  }

  /// What a name stands for.
  struct Status: Equatable {
    enum Kind { case file, folder, link, other }

    var kind: Kind
    var size: Int
    var device: UInt
    var inode: UInt
    /// Seconds and nanoseconds of the last change, of content or name, which nobody can set back.
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

  /// The status of a name in the folder, of a link's own unless it is `followed`; nil where there is no such name.
  func status(of name: String, followed: Bool = false) throws(FolderFault) -> Status? {
    var result = stat()
    // `result` outlives the call, the name lives until it returns.
    let code = unsafe fstatat(descriptor, name, &result, followed ? 0 : AT_SYMLINK_NOFOLLOW)
    if code == 0 { return Status(result) }
    if errno == ENOENT { return nil }
    throw .system(path: place(of: name), doing: "looking at", errno: errno)
  }

  /// The folder's own status.
  func status() throws(FolderFault) -> Status {
    var result = stat()
    // `result` outlives the call.
    guard unsafe fstat(descriptor, &result) == 0 else {
      throw .system(path: path, doing: "looking at", errno: errno)
    }
    return Status(result)
  }

  /// Opens a folder in this one, which must not be a link.
  func folder(named name: String) throws(FolderFault) -> Folder {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    // As in `init`.
    let opened = SystemCall.retrying { unsafe openat(descriptor, name, flags) }
    guard opened >= 0 else { throw .system(path: place(of: name), doing: "opening", errno: errno) }
    return Folder(path: place(of: name), descriptor: opened)
  }

  /// The names of UTF-8 in the folder that are asked for, in no order.
  func names(where isWanted: (String) -> Bool) throws(FolderFault) -> [String] {
    var failure: Int32 = 0
    let copy = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = unsafe fdopendir(copy) else {
      failure = errno
      if copy >= 0 { close(copy) }
      throw .system(path: path, doing: "listing", errno: failure)
    }
    // The stream owns `copy` now, and is used by this function alone.
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

  /// All bytes of a regular file; nil where there is no such name. A link, a pipe or a device is a fault, and is
  /// not waited for.
  func contents(of name: String, limit: Int) throws(FolderFault) -> [UInt8]? {
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    // As in `init`.
    let file = SystemCall.retrying { unsafe openat(descriptor, name, flags) }
    guard file >= 0 else {
      switch errno {
      case ENOENT: return nil
      case ELOOP, ENXIO, ENODEV: throw .notAFile(path: place(of: name))
      default: throw .system(path: place(of: name), doing: "opening", errno: errno)
      }
    }
    defer { _ = close(file) }
    var result = stat()
    // `result` outlives the call.
    guard unsafe fstat(file, &result) == 0 else {
      throw .system(path: place(of: name), doing: "reading", errno: errno)
    }
    let status = Status(result)
    guard status.kind == .file else { throw .notAFile(path: place(of: name)) }
    guard status.size <= limit else {
      throw .tooLarge(path: place(of: name), size: status.size, limit: limit)
    }
    let bytes = try Folder.read(file, size: status.size, path: place(of: name))
    // As above.
    guard unsafe fstat(file, &result) == 0, Status(result) == status else {
      throw .changed(path: place(of: name))
    }
    return bytes
  }

  private static func read(_ file: Int32, size: Int, path: String) throws(FolderFault) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { room, count in
      while count < size {
        let got = SystemCall.retrying {
          // `count` is less than the capacity, so the pointer and the length stay inside the room.
          unsafe Glibc.read(file, room.baseAddress! + count, size - count)
        }
        if got < 0 { failure = errno }
        guard got > 0 else { return }
        count += got
      }
    }
    guard failure == 0 else { throw .system(path: path, doing: "reading", errno: failure) }
    guard bytes.count == size else { throw .changed(path: path) }
    return bytes
  }

  /// A name's path, for messages.
  func place(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }
}

/// What is wrong with a file or a folder. A description says what, and what to do next; the caller says where.
public enum FolderFault: Error, Hashable, Sendable, CustomStringConvertible {
  case system(path: String, doing: String, errno: Int32)
  case notAFile(path: String)
  case tooLarge(path: String, size: Int, limit: Int)
  case changed(path: String)

  public var path: String {
    switch self {
    case .system(let path, _, _), .notAFile(let path), .tooLarge(let path, _, _), .changed(let path): path
    }
  }

  /// Without the path.
  public var sentence: String {
    switch self {
    case .system(_, let doing, let code): "\(doing) failed: \(SystemCall.message(for: code))"
    case .notAFile: "not a regular file; put the file itself there instead of a link, a pipe or a device"
    case .tooLarge(_, let size, let limit): "\(size) bytes, at most \(limit) are read"
    case .changed: "the file changed while it was read; run again when nobody writes to it"
    }
  }

  public var description: String { "\(path): \(sentence)" }
}
