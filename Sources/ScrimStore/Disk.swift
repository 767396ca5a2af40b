import Glibc
import ScrimSystem

/// The few system calls that a session's folder needs; each error names the path and explains errno.
enum Disk {
  static func open(_ path: String, _ flags: Int32, doing: String = "opening") throws(StoreError) -> OpenFile {
    try attempt(path, doing) { () throws(SystemError) in try OpenFile(path, flags) }
  }

  /// Locks the folder for this process, until the handle is released.
  static func lock(_ folder: OpenFile) throws(StoreError) {
    guard flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if errno == EWOULDBLOCK { throw StoreError(folder.path, .inUse) }
      throw failure(folder.path, "locking")
    }
  }

  /// Writes all of `bytes` from `offset` on. If it throws, any part of them may have been written.
  static func write(_ bytes: [UInt8], to file: OpenFile, at offset: Int) throws(StoreError) {
    try attempt(file.path, "writing") { () throws(SystemError) in try file.write(bytes, at: offset) }
  }

  /// Reads the whole file, which must be at most `limit` bytes long; allocates memory for the actual size
  /// only.
  ///
  /// - Throws: ``StoreError`` also for a FIFO or a device, which might have no end.
  static func read(_ path: String, upTo limit: Int) throws(StoreError) -> [UInt8] {
    let (file, kind) = try openAny(path)
    guard kind == S_IFREG else { throw StoreError(path, .notAFile) }
    return try attempt(path, "reading") { () throws(SystemError) in
      let size = Int(try file.status().st_size)
      guard size <= limit else { throw SystemError(errno: EFBIG) }
      return try file.read(size, at: 0)
    }
  }

  /// Opens whatever is at a path to read it, without waiting: a FIFO has perhaps no writer.
  ///
  /// - Returns: also its kind, such as `S_IFREG`.
  static func openAny(_ path: String) throws(StoreError) -> (file: OpenFile, kind: mode_t) {
    let file = try open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    let kind = try attempt(path, "reading") { () throws(SystemError) in try file.status().st_mode & S_IFMT }
    return (file, kind)
  }

  /// Bytes of an open file from `offset` on; fewer where it ends before.
  static func read(_ file: OpenFile, at offset: Int, count: Int) throws(StoreError) -> [UInt8] {
    try attempt(file.path, "reading") { () throws(SystemError) in try file.read(count, at: offset) }
  }

  static func truncate(_ file: OpenFile, to size: Int) throws(StoreError) {
    try attempt(file.path, "cutting") { () throws(SystemError) in try file.truncate(to: size) }
  }

  static func sync(_ file: OpenFile) throws(StoreError) {
    try attempt(file.path, "syncing to the disk") { () throws(SystemError) in try file.sync() }
  }

  private static func attempt<Result>(
    _ path: String, _ doing: String, _ work: () throws(SystemError) -> Result
  ) throws(StoreError) -> Result {
    do { return try work() } catch { throw StoreError(path, .system(doing: doing, errno: error.errno)) }
  }

  /// Syncs the names in a folder to the disk.
  static func syncFolder(_ path: String) throws(StoreError) {
    try sync(try open(path, O_RDONLY | O_DIRECTORY))
  }

  static func rename(_ from: String, to: String) throws(StoreError) {
    // Both strings live as C strings until the call returns.
    guard unsafe Glibc.rename(from, to) == 0 else { throw failure(to, "renaming") }
  }

  /// Replaces a file atomically: every reader sees the old bytes or the new ones, also after a power cut.
  static func replace(_ path: String, with bytes: [UInt8], in folder: OpenFile) throws(StoreError) {
    let temporary = path + ".tmp"
    let file = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK)
    try write(bytes, to: file, at: 0)
    try sync(file)
    try rename(temporary, to: path)
    try sync(folder)
  }

  /// Finds out whether the disk has room for ``replace(_:with:in:)`` with that many bytes, which leaves the
  /// room to it.
  static func checkRoom(_ count: Int, toReplace path: String) throws(StoreError) {
    let temporary = path + ".tmp"
    do throws(StoreError) {
      let file = try open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK)
      try write([UInt8](repeating: 0, count: count), to: file, at: 0)
      try sync(file)
    } catch {
      try? remove(temporary)
      throw error
    }
    try remove(temporary)
  }

  /// The folder that has a path's last name.
  static func parent(of path: String) -> String {
    var path = path[...]
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes a folder and its parents; an existing folder is fine.
  static func makeFolder(_ path: String) throws(StoreError) {
    // The string lives as a C string until the call returns.
    if unsafe mkdir(path, 0o700) == 0 { return }
    if errno == ENOENT, !path.isEmpty {
      try makeFolder(parent(of: path))
      // As above.
      if unsafe mkdir(path, 0o700) == 0 { return }
    }
    guard errno == EEXIST else { throw failure(path, "making the folder") }
  }

  /// Removes a file; a missing one is fine.
  static func remove(_ path: String) throws(StoreError) {
    // The string lives as a C string until the call returns.
    guard unsafe unlink(path) == 0 || errno == ENOENT else { throw failure(path, "removing") }
  }

  /// Whether an open folder is still the one at a path, which may be a symbolic link to it.
  static func isAt(_ path: String, _ folder: OpenFile) throws(StoreError) -> Bool {
    guard exists(path) else { return false }
    let there = try open(path, O_RDONLY | O_DIRECTORY)
    return try attempt(path, "looking at it") { () throws(SystemError) in
      let (a, b) = (try there.status(), try folder.status())
      return a.st_ino == b.st_ino && a.st_dev == b.st_dev
    }
  }

  static func exists(_ path: String) -> Bool {
    // The string lives as a C string until the call returns.
    unsafe access(path, F_OK) == 0
  }

  /// Checks that files can be made in a folder or, if it is missing, that it can be made.
  ///
  /// - Parameter byTrying: whether a folder is made in it and removed; otherwise permissions are asked only.
  static func checkWritable(_ path: String, byTrying: Bool) throws(StoreError) {
    // The string lives as a C string until the call returns.
    if unsafe access(path, W_OK | X_OK) == 0 {
      _ = try open(path, O_RDONLY | O_DIRECTORY)
      guard byTrying else { return }
      // File systems such as /proc permit all and make nothing.
      let probe = "\(path)/.scrim-\(getpid())"
      guard unsafe mkdir(probe, 0o700) == 0 else { throw failure(path, "making a folder in it") }
      guard unsafe rmdir(probe) == 0 else { throw failure(probe, "removing") }
      return
    }
    guard errno == ENOENT else { throw failure(path, "making the folder") }
    let above = parent(of: path)
    guard above != path else { return }
    try checkWritable(above, byTrying: byTrying)
  }

  /// The names in a folder, sorted.
  static func names(in path: String) throws(StoreError) -> [String] {
    // Opening reports the error: that the folder is missing, or is not a folder.
    _ = try open(path, O_RDONLY | O_DIRECTORY)
    var names: [String] = []
    try forEachName(in: path) { names.append($0) }
    return names.sorted()
  }

  static func failure(_ path: String, _ doing: String) -> StoreError {
    StoreError(path, .system(doing: doing, errno: errno))
  }
}
