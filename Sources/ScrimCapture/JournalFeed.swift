import CScrimLogs
package import ScrimRedact
import ScrimSystem

/// Follows the systemd journal of one unit on its own thread: each entry becomes a `log` event. Entries from
/// before the start are not read.
package enum JournalFeed {
  /// Microseconds between two looks at whether the recording has ended.
  private static let waitInterval: UInt64 = 500_000
  /// An entry is read at most this long after it was written, unless a clock was set in between.
  private static let longestDelay: Int64 = 5_000_000_000

  /// - Parameters:
  ///   - unit: such as `cups.service`, or `cups` for that service; also a unit of the user's own systemd.
  ///   - directory: with journal files; nil for the machine's.
  /// - Throws: `unavailable` without libsystemd, or without a journal that this user may read.
  package static func start(unit: String, directory: String? = nil) throws(CaptureError) -> LiveEventQueue {
    let queue = LiveEventQueue(place: "the journal of \(unit)")
    let journal = try OpenJournal(unit, directory, place: queue.place)
    do throws(SystemError) {
      try DetachedThread.start(blocksSignals: true) { follow(journal, into: queue) }
    } catch { throw .system(path: queue.place, errno: error.errno) }
    return queue
  }

  private static func follow(_ journal: OpenJournal, into queue: LiveEventQueue) {
    while !queue.isClosed {
      do throws(SystemError) {
        if let event = try journal.next(within: waitInterval) { queue.post(event) }
      } catch {
        return queue.post(fault: "it can no longer be read: \(SystemCall.message(for: error.errno))")
      }
    }
  }

  /// Words for the priorities of syslog.
  private static let levels = [
    "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
  ]

  /// - Parameter wall: the present, in nanoseconds since 1970, as `now` is on CLOCK_MONOTONIC.
  static func event(
    message: String, identifier: String?, priority: Int, microseconds: UInt64, now: Int64, wall: Int64
  ) -> Event {
    let (written, overflow) = Int64(clamping: microseconds).multipliedReportingOverflow(by: 1000)
    let age = overflow ? 0 : wall.subtractingReportingOverflow(written).partialValue
    // Another age is that of another machine's clock, or of one that was set.
    var event = Event("log", time: (0...longestDelay).contains(age) ? now - age : now)
    event.message = message
    event.logger = identifier
    event.level = levels.indices.contains(priority) ? levels[priority] : nil
    return event
  }
}

/// An open journal, used by one thread at a time.
@safe private final class OpenJournal: @unchecked Sendable {
  // Sendable, since only the thread of its feed uses it after it was opened.
  private let handle: OpaquePointer

  init(_ unit: String, _ directory: String?, place: String) throws(CaptureError) {
    var opened: OpaquePointer?
    // The strings live as C strings until the call returns, which keeps neither.
    let code = Int(unsafe scrim_journal_open(directory, unit, &opened))
    guard code == 0, let opened = unsafe opened else {
      let message =
        switch code {
        case SCRIM_JOURNAL_NO_LIBRARY: "libsystemd.so.0 is missing; install libsystemd0"
        case SCRIM_JOURNAL_NO_FILES:
          "no journal can be read; add this user to the group systemd-journal, or give --journal-directory"
        default: SystemCall.message(for: Int32(clamping: -code))
        }
      throw .unavailable(CaptureIssue(place: place, message: message))
    }
    unsafe handle = opened
  }

  deinit { unsafe scrim_journal_close(handle) }

  /// The next entry; nil if there is none within that time, in microseconds.
  func next(within time: UInt64) throws(SystemError) -> Event? {
    var entry = unsafe scrim_journal_entry()
    // The handle is open as long as `self` lives, and the entry is ours.
    let code = unsafe scrim_journal_next(handle, time, &entry)
    guard code >= 0 else { throw SystemError(errno: -code) }
    guard code == 1, let message = unsafe OpenJournal.text(entry.message, entry.message_bytes) else {
      return nil
    }
    return unsafe JournalFeed.event(
      message: message, identifier: OpenJournal.text(entry.identifier, entry.identifier_bytes),
      priority: Int(entry.priority), microseconds: entry.time, now: MonotonicClock.now, wall: WallClock.now)
  }

  /// The reader guarantees that `count` bytes are readable until its next call.
  private static func text(_ start: UnsafePointer<CChar>?, _ count: Int) -> String? {
    guard let start = unsafe start else { return nil }
    return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
  }
}
