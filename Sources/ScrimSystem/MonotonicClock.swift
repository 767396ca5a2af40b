import Glibc

/// The clock of live frames and accessibility snapshots: CLOCK_MONOTONIC, which never goes back and starts anywhere.
package enum MonotonicClock {
  /// Nanoseconds.
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Waits until a descriptor can be read, a signal comes, or a moment has come.
  ///
  /// - Parameter descriptor: nil waits for the moment alone.
  package static func wait(for descriptor: Int32?, until moment: Int64) {
    // Rounded up, so that a wait of less than a millisecond is no loop without a pause.
    let left = max(moment - now, 0)
    let milliseconds = Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
    var entry = pollfd(fd: descriptor ?? -1, events: Int16(POLLIN), revents: 0)
    // A negative descriptor is passed over by the call.
    _ = unsafe poll(&entry, 1, milliseconds)
  }
}

/// Nanoseconds since 1970 by the wall clock, which can be set and so can go back.
package enum WallClock {
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// CLOCK_BOOTTIME: as the monotonic clock, and it goes on while the machine sleeps.
package enum BootClock {
  /// Nanoseconds.
  package static var now: Int64 {
    var time = timespec()
    // `time` is ours and outlives the call.
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
