import Glibc
package import ScrimRedact
import ScrimSystem

/// Reads lines of events from a file or pipe on its own thread. An event gets the time at which its line
/// arrived, and its own time is ignored: the writer doesn't know the screen's clock.
package enum EventFeed {
  private static let lineLimit = 1 << 20

  /// - Parameter path: a file, a named pipe, or `-` for standard input.
  package static func start(_ path: String) throws(CaptureError) -> LiveEventQueue {
    let queue = LiveEventQueue(place: path)
    // Opening a pipe without a writer would block the recording, so it is opened on the thread.
    if path != "-", unsafe access(path, R_OK) != 0 { throw .system(path: path, errno: errno) }
    do throws(SystemError) { try DetachedThread.start(blocksSignals: true) { run(path, into: queue) } } catch
    {
      throw .system(path: path, errno: error.errno)
    }
    return queue
  }

  private static func run(_ path: String, into queue: LiveEventQueue) {
    let file: OpenFile
    do throws(SystemError) { file = path == "-" ? .standardInput : try OpenFile(path, O_RDONLY) } catch {
      return queue.post(fault: SystemCall.message(for: error.errno))
    }
    var line: [UInt8] = []
    var number = 0
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // The pointer and the count describe `chunk`.
      let count = SystemCall.retrying {
        unsafe chunk.withUnsafeMutableBytes { unsafe read(file.descriptor, $0.baseAddress, $0.count) }
      }
      guard count > 0, !queue.isClosed else { return }
      let now = MonotonicClock.now
      for byte in chunk[..<count] {
        guard byte == 0x0A else {
          // The excess of a line that is too long is dropped, which makes it invalid JSON.
          if line.count <= lineLimit { line.append(byte) }
          continue
        }
        number += 1
        if line.contains(where: { $0 > 0x20 }) { post(line, number, at: now, into: queue) }
        line.removeAll(keepingCapacity: true)
      }
    }
  }

  private static func post(_ json: [UInt8], _ number: Int, at now: Int64, into queue: LiveEventQueue) {
    do {
      var event = try Event(json: json, line: number)
      event.time = now
      queue.post(event)
    } catch {
      queue.post(fault: "\(error)")
    }
  }
}
