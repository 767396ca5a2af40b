import Glibc

/// The bytes of one framebuffer, kept until the last frame that uses them is gone.
///
/// The bytes are not written while a frame uses them: `FramePool` reuses memory only when no frame does.
@safe
public final class FrameMemory: @unchecked Sendable {
  // The pointer and its owner are fixed for the life of the object. Bytes are written only before the
  // memory is shared.
  let bytes: UnsafeMutableRawBufferPointer
  private let release: (@Sendable () -> Void)?

  /// Bytes.
  public var count: Int { unsafe bytes.count }

  /// Allocates zeroed memory. Its pages are committed only when they are written.
  public init(count: Int) {
    precondition(count > 0, "memory of a frame holds at least one byte")
    guard let start = unsafe calloc(count, 1) else { fatalError("no memory for a frame of \(count) bytes") }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    release = nil
    unsafe FrameMemory.leaveOutOfCoreDumps(bytes)
  }

  /// Leaves the pixels out of core dumps: they are not masked, and a core file may be sent anywhere.
  private static func leaveOutOfCoreDumps(_ bytes: UnsafeMutableRawBufferPointer) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let address = Int(bitPattern: bytes.baseAddress)
    let first = (address + page - 1) / page * page
    let end = (address + bytes.count) / page * page
    guard first < end else { return }
    // Whole pages inside the memory only; the advice changes no byte, and the next owner of the pages
    // inherits it.
    _ = unsafe madvise(bytes.baseAddress! + (first - address), end - first, MADV_DONTDUMP)
  }

  /// Uses external memory, such as a mapped file.
  ///
  /// - Parameters:
  ///   - bytes: readable and constant until `release` is called. They are not written.
  ///   - release: called once, on any thread, when no frame uses the bytes any more.
  public init(
    adopting bytes: UnsafeMutableRawBufferPointer,
    release: @escaping @Sendable () -> Void
  ) {
    unsafe self.bytes = bytes
    self.release = release
  }

  deinit {
    if let release { release() } else { unsafe free(bytes.baseAddress) }
  }
}

/// Pool of frame memory for a source: in the steady state no memory is allocated.
package struct FramePool {
  private var memories: [FrameMemory] = []
  private let byteCount: Int

  /// Maximum number of memories kept for reuse.
  private static let most = 4

  /// - Parameter byteCount: bytes of a frame, including its slack.
  package init(byteCount: Int) { self.byteCount = byteCount }

  /// Memory that no frame uses, after `fill` has written to it.
  ///
  /// - Parameter fill: writes a framebuffer's bytes; the bytes it leaves are those of an older frame, or
  ///   zero.
  package mutating func take<Failure: Error, Value>(
    filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> (memory: FrameMemory, value: Value) {
    // No frame can see writes to memory that is referenced from here only.
    let index = memories.indices.first { isKnownUniquelyReferenced(&memories[$0]) }
    let memory = index.map { memories[$0] } ?? FrameMemory(count: byteCount)
    if index == nil, memories.count < FramePool.most { memories.append(memory) }
    return (memory, try unsafe fill(memory.bytes))
  }
}
