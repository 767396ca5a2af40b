import CScrimDBus
import ScrimSystem

/// Why the accessibility bus can't be read.
package enum AccessibilityError: Error, Hashable, Sendable, CustomStringConvertible {
  /// libdbus could not be opened.
  case noLibrary
  /// The session has no bus, or no accessibility bus; the text is libdbus's.
  case noBus(String)
  /// The system could not create a pipe or thread.
  case system(errno: Int32)

  package var description: String {
    switch self {
    case .noLibrary:
      "libdbus-1.so.3 is missing: install libdbus-1-3 (Debian, Ubuntu) or dbus-libs (Fedora)"
    case .noBus(let reason):
      "no accessibility bus: \(reason). Set DBUS_SESSION_BUS_ADDRESS to the bus of the applications (without a "
        + "desktop session, start them and scrim under dbus-run-session), and install at-spi2-core"
    case .system(let errno): "the accessibility reader can't start: \(SystemCall.message(for: errno))"
    }
  }
}
