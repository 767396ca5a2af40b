package import Glibc

/// A failed call of the operating system, as its `errno`. The caller adds the path and the message.
package struct SystemError: Error, Hashable, Sendable {
  package let errno: Int32

  package init(errno: Int32) { self.errno = errno }
}

/// An open file or folder, closed when the last reference is released.
package final class OpenFile: Sendable {
  /// The path, for messages.
  package let path: String
  package let descriptor: Int32
  private let isOwned: Bool

  private init(_ path: String, _ descriptor: Int32, isOwned: Bool) {
    self.path = path
    self.descriptor = descriptor
    self.isOwned = isOwned
  }

  /// Opens a path.
  ///
  /// - Parameters:
  ///   - flags: flags of open(2); `O_CLOEXEC` is added.
  ///   - mode: permissions of a file that is created.
  package convenience init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
    // The string lives as a terminated C string until the call returns; the call keeps no pointer to it.
    try self.init(path) { unsafe open(path, flags | O_CLOEXEC, mode) }
  }

  /// Opens a name in an open folder.
  package convenience init(
    _ name: String, in folder: OpenFile, _ flags: Int32, mode: mode_t = 0o600
  ) throws(SystemError) {
    // As above.
    try self.init(folder.path(of: name)) { unsafe openat(folder.descriptor, name, flags | O_CLOEXEC, mode) }
  }

  private convenience init(_ path: String, _ open: () -> Int32) throws(SystemError) {
    let descriptor = SystemCall.retrying(open)
    guard descriptor >= 0 else { throw SystemError(errno: Glibc.errno) }
    self.init(path, descriptor, isOwned: true)
  }

  /// Standard input or output, which are never closed.
  package static let standardInput = OpenFile("standard input", 0, isOwned: false)
  package static let standardOutput = OpenFile("standard output", 1, isOwned: false)

  deinit {
    if isOwned { _ = close(descriptor) }
  }

  /// The path of a name in this folder.
  package func path(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

  /// Kind, size and times.
  package func status() throws(SystemError) -> stat {
    var status = stat()
    // `status` outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else { throw SystemError(errno: Glibc.errno) }
    return status
  }

  /// Size of a regular file in bytes; nil for anything else.
  package var regularSize: Int? {
    guard let status = try? status(), status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Reads up to `count` bytes: from `offset` of a regular file, or from the current position.
  ///
  /// - Returns: fewer bytes only at the end of the file.
  package func read(_ count: Int, at offset: Int? = nil) throws(SystemError) -> [UInt8] {
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      while filled < count {
        let got = SystemCall.retrying {
          // `filled` is less than the capacity, so the pointer and the length stay inside the buffer.
          unsafe offset.map {
            unsafe pread(descriptor, room.baseAddress! + filled, count - filled, $0 + filled)
          }
            ?? Glibc.read(descriptor, room.baseAddress! + filled, count - filled)
        }
        if got < 0 { failure = errno }
        guard got > 0 else { return }
        filled += got
      }
    }
    guard failure == 0 else { throw SystemError(errno: failure) }
    return bytes
  }

  /// Writes all of `bytes`: at `offset` of a regular file, or at the current position. If it throws, any part of them may have been
  /// written.
  package func write(_ bytes: [UInt8], at offset: Int? = nil) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let written = SystemCall.retrying {
        // `done` is less than `count`, so the pointer and the length stay inside the array.
        unsafe bytes.withUnsafeBytes { all in
          unsafe offset.map {
            unsafe pwrite(descriptor, all.baseAddress! + done, all.count - done, $0 + done)
          }
            ?? Glibc.write(descriptor, all.baseAddress! + done, all.count - done)
        }
      }
      guard written > 0 else { throw SystemError(errno: written < 0 ? errno : ENOSPC) }
      done += written
    }
  }

  /// Cuts the file to `size` bytes.
  package func truncate(to size: Int) throws(SystemError) {
    guard SystemCall.retrying({ ftruncate(descriptor, size) }) == 0 else { throw SystemError(errno: errno) }
  }

  /// Waits until the content is stored on the disk.
  package func sync() throws(SystemError) {
    guard SystemCall.retrying({ fsync(descriptor) }) == 0 else { throw SystemError(errno: errno) }
  }
}
