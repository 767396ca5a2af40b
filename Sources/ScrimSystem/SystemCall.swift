import Glibc

/// Helpers for calls of the operating system.
package enum SystemCall {
  /// Repeats a call while a signal interrupts it (`EINTR`).
  ///
  /// - Parameter call: returns -1 and sets `errno` on failure.
  package static func retrying<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
    while true {
      let result = call()
      if result != -1 || errno != EINTR { return result }
    }
  }

  /// The message for an `errno`, such as "No space left on device".
  package static func message(for errno: Int32) -> String {
    // strerror's text is terminated, and with glibc it is valid until this thread's next call.
    unsafe String(cString: strerror(errno))
  }
}
