import Glibc

/// The clock of live frames and accessibility snapshots: CLOCK_MONOTONIC, which never goes back and has an
/// arbitrary origin.
package enum MonotonicClock {
  /// Nanoseconds.
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Waits until a descriptor can be read, a signal arrives, or `moment` has passed.
  ///
  /// - Parameter descriptor: nil waits for the moment only.
  package static func wait(for descriptor: Int32?, until moment: Int64) {
    // Rounded up, so that a wait below a millisecond is not a busy loop.
    let left = max(moment - now, 0)
    let milliseconds = Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
    var entry = pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    // The call ignores a negative descriptor.
    _ = unsafe poll(&entry, 1, milliseconds)
  }
}

/// Nanoseconds since 1970 by the wall clock, which can be set and so may go back.
package enum WallClock {
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// CLOCK_BOOTTIME: as the monotonic clock, but it also counts while the machine sleeps.
package enum BootClock {
  /// Nanoseconds.
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
