import Foundation
import Glibc
import Synchronization

/// Output for people, and the signals that end long work.
enum Terminal {
  /// Writes a line to standard error.
  static func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  /// A file name for display on a terminal: without control characters.
  static func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Disables core files from now on: memory may contain private pixels.
  static func forbidCoreFiles() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    // `limit` is a local variable and outlives the call.
    _ = unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
  }

  private static let interrupt = Atomic<Bool>(false)

  /// Whether the user asked to stop.
  static var isInterrupted: Bool { interrupt.load(ordering: .relaxed) }

  /// The signals that request the end: Ctrl-C, a service manager's stop, a closed terminal, Ctrl-\.
  private static let endingSignals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// From now on these signals are noted instead of terminating the program, so that it can close its
  /// files. A read that waits for input is interrupted: with `signal` it would continue to wait.
  static func noteInterrupts() {
    // A parent that starts this program from one of its worker threads may leave them blocked.
    var signals = sigset_t()
    // The set is a local variable and outlives the calls.
    unsafe sigemptyset(&signals)
    for number in endingSignals { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    var action = sigaction()
    // The handler only sets an atomic, and both pointers are used during the call only.
    unsafe action.__sigaction_handler.sa_handler = { _ in Terminal.interrupt.store(true, ordering: .relaxed) }
    for number in endingSignals { unsafe sigaction(number, &action, nil) }
  }
}

/// Shows the progress of long work: a bar on a terminal, a plain line every few seconds otherwise.
struct Progress {
  private let unit: String
  /// Nil while it is unknown.
  var total: Int?
  private let isQuiet: Bool
  private let isTerminal = isatty(2) == 1
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var hasBar = false

  /// - Parameter total: nil if it is not known in advance.
  init(unit: String, total: Int?, isQuiet: Bool) {
    self.unit = unit
    self.total = total
    self.isQuiet = isQuiet
  }

  /// - Parameter status: text to show instead of a count, for work without an end; shown once a second on a
  ///   terminal.
  mutating func show(_ done: Int, _ status: String? = nil) {
    let now = ContinuousClock.now
    let pause: Duration = isTerminal ? (status == nil ? .milliseconds(200) : .seconds(1)) : .seconds(5)
    guard !isQuiet, now - lastShown >= pause else { return }
    lastShown = now
    if let status {
      let line = "\(Int((now - start) / .seconds(1))) s: \(status)"
      guard isTerminal else { return Terminal.say(line) }
      FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
      hasBar = true
      return
    }
    let rate = Double(done) / max((now - start) / .seconds(1), 0.001)
    var text = "\(done)\(total.map { " of \($0)" } ?? "") \(unit), \(Int(rate)) per second"
    if let total, rate > 0, total > done {
      text += ", \(Int((Double(total - done) / rate).rounded(.up))) s left"
    }
    if isTerminal {
      let share = total.map { Double(done) / Double(max($0, 1)) } ?? 0
      let filled = min(max(Int(share * 24), 0), 24)
      let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
      FileHandle.standardError.write(Data("\r\u{1B}[K[\(bar)] \(text)".utf8))
      hasBar = true
    } else {
      Terminal.say(text)
    }
  }

  /// Removes the bar, so that other text can follow.
  mutating func clear() {
    guard hasBar else { return }
    hasBar = false
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }
}

/// A number with its noun, for messages: "1 frame", "2 frames".
func counted(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
