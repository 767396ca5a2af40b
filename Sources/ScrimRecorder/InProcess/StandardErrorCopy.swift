import CScrimLogs
import ScrimSystem

/// Copies the lines that this process writes to standard error, while they are written there as before.
///
/// The pipe in the place of standard error is read by a process of its own (CScrimLogs): nothing is lost
/// where the program crashes, and the copy is dropped rather than waited for.
@safe final class StandardErrorCopy: Sendable {
  private let handle: Handle
  private let hasEnded = ConditionLock(false)

  /// Bytes of a line that are kept; more than a message may have after scrubbing.
  private static let lineLimit = 1 << 16
  /// Milliseconds to wait at the end for what was written before.
  private static let endWait: Int32 = 1000

  /// The C object. Sendable, since its functions for several threads are safe to call from them.
  @safe private struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  /// - Parameters:
  ///   - onLine: gets each line that has text, on a thread of its own.
  ///   - onDropped: gets the number of lines that were dropped since its last call.
  init(
    onLine: @escaping @Sendable (String) -> Void, onDropped: @escaping @Sendable (Int) -> Void
  ) throws(SystemError) {
    var opened: OpaquePointer?
    // The pointer is ours and outlives the call.
    let code = unsafe scrim_stderr_begin(&opened)
    guard code == 0, let opened = unsafe opened else { throw SystemError(errno: -code) }
    let handle = unsafe Handle(pointer: opened)
    self.handle = handle
    let hasEnded = hasEnded
    do {
      try DetachedThread.start(blocksSignals: true) {
        StandardErrorCopy.read(handle, onLine, onDropped)
        hasEnded.withValue { $0 = true }
        hasEnded.wake()
      }
    } catch {
      // Nothing reads the copy; what was written has arrived.
      unsafe scrim_stderr_end(handle.pointer, StandardErrorCopy.endWait)
      unsafe scrim_stderr_close(handle.pointer)
      throw error
    }
  }

  /// Restores standard error, and waits until the lines before are passed on. Call it once.
  func end() {
    // The object lives until its thread, which alone reads, has ended.
    unsafe scrim_stderr_end(handle.pointer, StandardErrorCopy.endWait)
    hasEnded.wait { $0 ? .done(()) : .wait }
    unsafe scrim_stderr_close(handle.pointer)
  }

  private static func read(
    _ handle: Handle, _ onLine: (String) -> Void, _ onDropped: (Int) -> Void
  ) {
    var line: [UInt8] = []
    var dropped: UInt64 = 0
    func flush() {
      if line.contains(where: { $0 > 0x20 }) { onLine(String(decoding: line, as: UTF8.self)) }
      line.removeAll(keepingCapacity: true)
    }
    var chunk = [CChar](repeating: 0, count: 1 << 14)
    while true {
      // The count is that of the array, which outlives the call.
      let count = unsafe scrim_stderr_read(handle.pointer, &chunk, chunk.count)
      let now = unsafe scrim_stderr_dropped(handle.pointer)
      if now > dropped { onDropped(Int(now - dropped)) }
      dropped = now
      guard count > 0 else { return flush() }
      for byte in chunk[..<count] {
        guard byte != 0x0A else {
          flush()
          continue
        }
        if line.count < lineLimit { line.append(UInt8(bitPattern: byte)) }
      }
    }
  }
}
