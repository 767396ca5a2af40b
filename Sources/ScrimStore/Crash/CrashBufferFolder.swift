import CScrimCrash
import CScrimLogs
import Glibc
package import ScrimFormat
import ScrimSystem

/// The folder of crash buffers: a private folder of the user in memory.
package struct CrashBufferFolder: Hashable, Sendable {
  package let path: String

  static let pathExtension = "crash-buffer"

  /// - Parameter runtime: `$XDG_RUNTIME_DIR`.
  /// - Throws: ``StoreError`` if there is none, or if it is on a disk.
  package init(runtime: String?) throws(StoreError) {
    guard let runtime, runtime.hasPrefix("/") else {
      throw StoreError("$XDG_RUNTIME_DIR", .noRuntimeFolder)
    }
    // Opening reports the error: it is missing, or not a folder.
    let handle = try Disk.open(runtime, O_RDONLY | O_DIRECTORY)
    switch scrim_is_in_memory(handle.descriptor) {
    case 1: break
    case 0: throw StoreError(runtime, .notInMemory)
    default: throw Disk.failure(runtime, "looking at it")
    }
    path = runtime + "/scrim"
    try Disk.makeFolder(path)
  }

  /// The folder named by the environment.
  package static func ofUser() throws(StoreError) -> CrashBufferFolder {
    // The environment's text is terminated, and is copied before anything else runs.
    let runtime = unsafe getenv("XDG_RUNTIME_DIR").map { unsafe String(cString: $0) }
    return try CrashBufferFolder(runtime: runtime)
  }

  /// Buffers whose processes ended without removing them, each locked until it is released. An unreadable one is removed.
  package func abandoned() throws(StoreError) -> [AbandonedCrashBuffer] {
    var found: [AbandonedCrashBuffer] = []
    for name in try Disk.names(in: path) where name.hasSuffix("." + CrashBufferFolder.pathExtension) {
      if let buffer = try abandoned(path + "/" + name) { found.append(buffer) }
    }
    return found
  }

  private func abandoned(_ path: String) throws(StoreError) -> AbandonedCrashBuffer? {
    let file: OpenFile
    do { file = try Disk.open(path, O_RDWR) } catch {
      if error.isMissingFile { return nil }
      throw error
    }
    guard try Disk.tryLock(file), let size = try size(of: file, at: path) else { return nil }
    let pages = try Disk.read(file, at: 0, count: CrashBufferHead.dataOffset)
    guard let head = CrashBufferHead(page: pages.prefix(CrashBufferHead.pageBytes)) else {
      try Disk.remove(path)
      return nil
    }
    var segments: [Segment] = []
    for (place, offset) in head.offsets.enumerated() where offset < size {
      let next = place + 1 < head.offsets.count ? min(head.offsets[place + 1], size) : size
      guard next - offset <= FormatLimits.segmentBytes else { continue }
      // A torn record, or zeros up to the next page, end the segment.
      let found = try? SegmentReader.recover(try Disk.read(file, at: offset, count: next - offset))
      if let segment = found?.segment, !segment.frames.isEmpty { segments.append(segment) }
    }
    return AbandonedCrashBuffer(file: file, head: head, mark: mark(in: pages), segments: segments)
  }

  /// The file's size; nil where it is no longer the one of that name: another process may have taken it before it was locked.
  private func size(of file: OpenFile, at path: String) throws(StoreError) -> Int? {
    var status = stat()
    // `status` is ours and outlives the call.
    guard unsafe fstat(file.descriptor, &status) == 0 else { throw Disk.failure(path, "looking at it") }
    return try Disk.status(path)?.stamp.inode == UInt64(status.st_ino) ? Int(status.st_size) : nil
  }

  private func mark(in bytes: [UInt8]) -> scrim_crash_mark? {
    var mark = scrim_crash_mark()
    let size = MemoryLayout<scrim_crash_mark>.size
    let offset = SCRIM_CRASH_MARK_OFFSET
    guard bytes.count >= offset + size else { return nil }
    // Any bytes are a mark, which has no pointers; both sides hold `size` bytes.
    unsafe withUnsafeMutableBytes(of: &mark) { target in
      unsafe target.copyBytes(from: bytes[offset..<(offset + size)])
    }
    return mark.magic == UInt32(SCRIM_CRASH_MARK_MAGIC) ? mark : nil
  }
}

/// A crash buffer whose process has ended.
package struct AbandonedCrashBuffer: Sendable {
  private let file: OpenFile
  package let session: SessionID
  /// Nanoseconds since 1970 at time 0 of its segments.
  package let start: Int64
  package let process: Int
  /// The public key to which its session is sealed when it is written to a disk; nil for none.
  package let sealTo: PublicKey?
  /// The mark of `scrim_mark_crash`.
  private let mark: Crash?
  /// Complete segments, and the complete part of the last one; each has a frame.
  package let segments: [Segment]

  fileprivate init(
    file: OpenFile, head: CrashBufferHead, mark: scrim_crash_mark?, segments: [Segment]
  ) {
    self.file = file
    session = head.session
    start = head.start
    process = head.process
    sealTo = head.sealTo
    self.mark = mark.map { Crash(signal: Int($0.signal), time: $0.time) }
    self.segments = segments
  }

  /// The end of a process.
  package struct Crash: Hashable, Sendable {
    package var signal: Int
    /// Nanoseconds since 1970.
    package var time: Int64
  }

  /// The signal that ended the process, and when: as the process noted it, or else as systemd-coredump did. Nil where neither knows.
  ///
  /// - Parameter journal: a file of systemd's journal; nil for the machine's.
  package func crash(journal: String? = nil) -> Crash? {
    if let mark { return mark }
    var found = scrim_coredump()
    // The path lives as a C string until the call returns, and `found` is ours.
    let isFound = unsafe scrim_find_coredump(journal, Int64(process), start / 1000, &found)
    return isFound == 1 ? Crash(signal: Int(found.signal), time: found.time &* 1000) : nil
  }

  package func remove() throws(StoreError) { try Disk.remove(file.path) }
}
