import Glibc
import ScrimSystem
import Synchronization

/// Sleeps until a recorder adds something to a spool, another thread calls `wake`, or a moment has passed.
/// Uses no CPU time meanwhile.
@safe final class SpoolWatch: Sendable {
  /// inotify descriptor; -1 if the system has none left, and then the caller polls once a second.
  private let notifier: Int32
  /// The ends of a pipe: any thread, or a signal handler, writes a byte to the second.
  private let calls: (reader: Int32, writer: Int32)
  private let watched = Mutex<Set<String>>([])

  init() {
    notifier = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    var ends: [Int32] = [-1, -1]
    // The call writes two descriptors.
    _ = unsafe pipe(&ends)
    for end in ends where end >= 0 {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    calls = (ends[0], ends[1])
  }

  deinit {
    if notifier >= 0 { close(notifier) }
    for end in [calls.reader, calls.writer] where end >= 0 { close(end) }
  }

  /// Watches folders for new names; removed folders drop out by themselves.
  func watch(_ folders: [String]) {
    guard notifier >= 0 else { return }
    watched.withLock { watched in
      for folder in folders where !watched.contains(folder) {
        let mask = UInt32(IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
        // The string lives as a C string until the call returns.
        if unsafe inotify_add_watch(notifier, folder, mask) >= 0 { watched.insert(folder) }
      }
      // There are few names of removed folders; a folder that is made again is watched again.
      watched = watched.intersection(folders)
    }
  }

  /// Wakes the waiting thread. May be called in a signal handler.
  func wake() {
    var byte: UInt8 = 1
    // Writes one byte; a full pipe also wakes the thread.
    _ = unsafe write(calls.writer, &byte, 1)
  }

  /// - Parameter moment: of the monotonic clock.
  /// - Returns: whether something may have been added.
  func wait(until moment: Int64) -> Bool {
    let now = MonotonicClock.now
    let most = notifier < 0 ? min(moment, now + 1_000_000_000) : moment
    let left = max(most - now, 0)
    let milliseconds = Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
    var entries = [
      pollfd(fd: calls.reader, events: Int16(POLLIN), revents: 0),
      pollfd(fd: notifier, events: Int16(POLLIN), revents: 0),
    ]
    // Two entries; one with a negative descriptor is ignored. A signal ends the wait.
    _ = unsafe poll(&entries, 2, milliseconds)
    var hasNews = notifier < 0
    var buffer = [UInt8](repeating: 0, count: 4096)
    if entries[0].revents != 0 { while unsafe read(calls.reader, &buffer, buffer.count) > 0 {} }
    if entries[1].revents != 0 {
      // The content of the events is not needed: changed folders are detected by their times.
      while unsafe read(notifier, &buffer, buffer.count) > 0 { hasNews = true }
    }
    return hasNews
  }
}
