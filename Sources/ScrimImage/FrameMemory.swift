import Glibc

/// The bytes of one framebuffer, held until the last frame that looks at them is gone.
///
/// Nothing is written to them as long as a frame looks: ``FramePool`` hands memory out again only when none does.
@safe
public final class FrameMemory: @unchecked Sendable {
  // Fixed for the life of the object, and so is who frees it. Bytes are written before the memory is shared only.
  let bytes: UnsafeMutableRawBufferPointer
  private let release: (@Sendable () -> Void)?

  /// Bytes.
  public var count: Int { unsafe bytes.count }

  /// Memory of its own, all zero. It takes no time before it is written.
  public init(count: Int) {
    precondition(count > 0, "memory of a frame holds at least one byte")
    guard let start = unsafe calloc(count, 1) else { fatalError("no memory for a frame of \(count) bytes") }
    unsafe bytes = UnsafeMutableRawBufferPointer(start: start, count: count)
    release = nil
    unsafe FrameMemory.leaveOutOfCoreDumps(bytes)
  }

  /// A core file of a crash may be sent anywhere, and these pixels are not masked.
  private static func leaveOutOfCoreDumps(_ bytes: UnsafeMutableRawBufferPointer) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let address = Int(bitPattern: bytes.baseAddress)
    let first = (address + page - 1) / page * page
    let end = (address + bytes.count) / page * page
    guard first < end else { return }
    // Whole pages inside the memory; the advice changes no byte, and the next owner of the pages has it as well.
    _ = unsafe madvise(bytes.baseAddress! + (first - address), end - first, MADV_DONTDUMP)
  }

  /// Memory of somebody else, as a mapped file is.
  ///
  /// - Parameters:
  ///   - bytes: readable, and left as they are, until `release` is called. They are not written.
  ///   - release: called once, on any thread, when no frame looks at them any more.
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

/// Memory for the frames of a source, which is used again once no frame looks at it: in the steady state none is taken.
public struct FramePool {
  private var memories: [FrameMemory] = []
  private let byteCount: Int

  /// Memories that are kept for use again.
  private static let most = 4

  /// - Parameter byteCount: bytes of a frame, with its slack.
  public init(byteCount: Int) { self.byteCount = byteCount }

  /// Memory that nobody looks at, after `fill` has written to it.
  ///
  /// - Parameter fill: writes a framebuffer's bytes; what it doesn't write is of an older frame, or zero.
  public mutating func take<Failure: Error, Value>(
    filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Value
  ) throws(Failure) -> (memory: FrameMemory, value: Value) {
    // Memory that is referred to from here alone has no frame that could see the writing.
    let index = memories.indices.first { isKnownUniquelyReferenced(&memories[$0]) }
    let memory = index.map { memories[$0] } ?? FrameMemory(count: byteCount)
    if index == nil, memories.count < FramePool.most { memories.append(memory) }
    return (memory, try unsafe fill(memory.bytes))
  }
}
