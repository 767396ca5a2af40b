import Glibc
import ScrimSystem
import Synchronization

/// Detects whether a file that is replaced as a whole has changed. The time alone is not enough: file times
/// advance in steps of 4 ms, and two manifests may be written within one step.
struct FileStamp: Hashable, Sendable {
  var modified: Int64
  var inode: UInt64
  var bytes: Int
}

/// Disk operations of the spool and the store, in addition to those of a session's folder: list by name,
/// move, remove.
extension Disk {
  struct FileStatus {
    var bytes: Int
    /// Time of the last change of the content: nanoseconds since 1970, by the wall clock.
    var modified: Int64
    var isFolder: Bool
    var stamp: FileStamp
  }

  /// Nil if there is no such file. Doesn't follow a symbolic link.
  static func status(_ path: String) throws(StoreError) -> FileStatus? {
    var status = stat()
    // The string lives as a C string until the call returns, and `status` is ours.
    guard unsafe lstat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure(path, "reading its status")
    }
    return FileStatus(
      bytes: Int(status.st_size),
      modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
      isFolder: status.st_mode & S_IFMT == S_IFDIR,
      stamp: FileStamp(
        modified: Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec),
        inode: UInt64(status.st_ino), bytes: Int(status.st_size)))
  }

  /// Calls `body` with the name of each entry, unsorted, without `.` and `..`; a missing folder has none.
  /// Uses the memory of one entry: 100,000 names are read in some 50 ms.
  static func forEachName(in path: String, _ body: (String) -> Void) throws(StoreError) {
    // The string lives as a C string until the call returns.
    guard let folder = unsafe opendir(path) else {
      if errno == ENOENT { return }
      throw failure(path, "listing")
    }
    // Opened above and closed once.
    defer { unsafe closedir(folder) }
    while true {
      errno = 0
      // The entry stays valid until the next call on this folder, and its name is zero-terminated.
      guard let entry = unsafe readdir(folder) else {
        if errno != 0 { throw failure(path, "listing") }
        return
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { body(name) }
    }
  }

  /// Removes a folder with all its content, or a file. Never follows a symbolic link.
  static func removeTree(_ path: String) throws(StoreError) {
    guard let status = try status(path) else { return }
    guard status.isFolder else { return try remove(path) }
    var names: [String] = []
    try forEachName(in: path) { names.append($0) }
    for name in names { try removeTree(path + "/" + name) }
    // As above.
    guard unsafe rmdir(path) == 0 || errno == ENOENT else { throw failure(path, "removing") }
  }

  /// Renames a file that may be gone already.
  ///
  /// - Returns: false if it is gone.
  @discardableResult
  static func move(_ from: String, to: String) throws(StoreError) -> Bool {
    // Both strings live as C strings until the call returns.
    if unsafe Glibc.rename(from, to) == 0 { return true }
    if errno == ENOENT, try status(from) == nil { return false }
    throw failure(to, "renaming")
  }

  /// Takes an exclusive lock. It ends with the handle or with the process, also after a crash.
  ///
  /// - Returns: false if another process, or another handle of this one, holds it.
  static func tryLock(_ handle: OpenFile) throws(StoreError) -> Bool {
    if SystemCall.retrying({ flock(handle.descriptor, LOCK_EX | LOCK_NB) }) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw failure(handle.path, "locking") }
    return false
  }

  /// Waits for the lock.
  static func waitForLock(_ handle: OpenFile) throws(StoreError) {
    guard SystemCall.retrying({ flock(handle.descriptor, LOCK_EX) }) == 0 else {
      throw failure(handle.path, "locking")
    }
  }

  /// A folder whose name this process synced to the disk.
  private struct FolderName: Hashable {
    var path: String
    var inode: UInt64
  }

  private static let lastingFolders = Mutex<Set<FolderName>>([])
  private static let lastingFoldersLimit = 10_000

  /// Makes a folder and its parents, and syncs their names to the disk.
  ///
  /// A folder that is there already may be new as well: made by another thread or process a moment ago, or by one that was
  /// killed before it synced the name. So each process syncs the name of each folder once.
  static func makeLastingFolder(_ path: String) throws(StoreError) {
    var name = try folderName(path)
    if let name, lastingFolders.withLock({ $0.contains(name) }) { return }
    let above = parent(of: path)
    if above != path { try makeLastingFolder(above) }
    if name == nil {
      try makeFolder(path)
      name = try folderName(path)
    }
    guard let name else { return }
    try syncNames(in: above)
    lastingFolders.withLock {
      if $0.count >= lastingFoldersLimit { $0.removeAll() }
      $0.insert(name)
    }
  }

  /// Nil if it is missing, or no folder.
  private static func folderName(_ path: String) throws(StoreError) -> FolderName? {
    guard let status = try status(path), status.isFolder else { return nil }
    return FolderName(path: path, inode: status.stamp.inode)
  }

  /// Syncs the names in a folder to the disk. A folder that may be written but not read can't be synced; file systems
  /// with a journal keep the name of a new folder there once a file in it is synced. Others can't be written, or know no
  /// syncing of folders.
  static func syncNames(in path: String) throws(StoreError) {
    do {
      try syncFolder(path)
    } catch {
      guard case .system(_, let errno) = error.reason, [EACCES, EINVAL, EROFS].contains(errno) else {
        throw error
      }
    }
  }

  /// Writes a file as a whole and syncs it, or writes nothing. An existing file of that name stays as it
  /// is.
  ///
  /// - Parameter temporaries: a folder on the same disk for the file before it gets its name; a crash may
  ///   leave a file there.
  /// - Returns: false if there was one.
  static func create(
    _ path: String, with bytes: [UInt8], in folder: String, temporaries: String
  ) throws(StoreError) -> Bool {
    let temporary = temporaries + "/." + uniqueName() + ".tmp"
    let file = try open(temporary, O_WRONLY | O_CREAT | O_EXCL)
    do throws(StoreError) {
      try write(bytes, to: file, at: 0)
      try sync(file)
      // Both strings live as C strings until the call returns. A link, since it refuses an existing name.
      let isNew = unsafe link(temporary, path) == 0
      guard isNew || errno == EEXIST else { throw failure(path, "naming") }
      try remove(temporary)
      try syncFolder(folder)
      return isNew
    } catch {
      try? remove(temporary)
      throw error
    }
  }

  /// Gives a file a second name, which is not synced to the disk.
  ///
  /// - Returns: false if another file has that name.
  static func keep(_ path: String, as name: String) throws(StoreError) -> Bool {
    // Both strings live as C strings until the call returns.
    if unsafe link(path, name) == 0 { return true }
    guard errno == EEXIST else { throw failure(name, "naming") }
    return try isSame(path, name)
  }

  /// Whether two names are of one file.
  private static func isSame(_ path: String, _ other: String) throws(StoreError) -> Bool {
    guard let first = try status(path), let second = try status(other) else { return false }
    return first.stamp == second.stamp
  }

  /// Replaces a file as a whole, or creates it; concurrent writers use different temporary files.
  static func replace(
    _ path: String, with bytes: [UInt8], in folder: String, temporaries: String
  ) throws(StoreError) {
    let temporary = temporaries + "/." + uniqueName() + ".tmp"
    do throws(StoreError) {
      let file = try open(temporary, O_WRONLY | O_CREAT | O_EXCL)
      try write(bytes, to: file, at: 0)
      try sync(file)
      try rename(temporary, to: path)
    } catch {
      try? remove(temporary)
      throw error
    }
    try syncFolder(folder)
  }

  /// Whether a name is that of a temporary file, which a crash may leave behind.
  static func isTemporary(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".tmp") }

  /// Appends whole lines. A torn line at the end of the file is terminated first, so that only that line is
  /// lost.
  static func append(lines: [UInt8], to path: String) throws(StoreError) {
    let file = try open(path, O_RDWR | O_CREAT | O_APPEND)
    try waitForLock(file)
    let size = try status(path)?.bytes ?? 0
    var last: UInt8 = 0x0A
    if size > 0 {
      // Reads one byte into `last`, at the end of the file.
      let got = SystemCall.retrying { unsafe pread(file.descriptor, &last, 1, size - 1) }
      guard got == 1 else { throw failure(path, "reading") }
    }
    try write(last == 0x0A ? lines : [0x0A] + lines, to: file, at: size)
    try sync(file)
  }

  /// Sets the time of a file's last change.
  static func setModified(_ path: String, _ nanoseconds: Int64) throws(StoreError) {
    let time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    let times = [time, time]
    // Two times, as the call reads them; the string lives as a C string until it returns.
    guard unsafe utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0 || errno == ENOENT else {
      throw failure(path, "setting its modification time")
    }
  }

  /// A name that no other writer uses at this moment: process id and a counter.
  private static func uniqueName() -> String {
    "\(getpid())-\(MonotonicClock.now)-\(counter.next())"
  }

  private static let counter = Counter()
}

private final class Counter: Sendable {
  private let value = Atomic<Int>(0)
  func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}
