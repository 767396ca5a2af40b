import Foundation
import Glibc
import Synchronization

/// Words for people, and the signal that ends long work.
enum Terminal {
  /// Writes a line to standard error.
  static func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }

  /// A name of a file as a terminal may show it: without control characters.
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

  /// From here on a crash leaves no core file: memory may hold what must not be seen.
  static func forbidCoreFiles() {
    var limit = rlimit(rlim_cur: 0, rlim_max: 0)
    // `limit` is ours and outlives the call.
    _ = unsafe setrlimit(__rlimit_resource_t(UInt32(RLIMIT_CORE.rawValue)), &limit)
  }

  private static let interrupt = Atomic<Bool>(false)

  /// Whether the user asked to stop.
  static var isInterrupted: Bool { interrupt.load(ordering: .relaxed) }

  /// The signals that ask for the end: Ctrl-C, a service manager's stop, a closed terminal, Ctrl-\.
  private static let endingSignals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  /// From here on signals that ask for the end are noted instead of ending the program, so that it can close its files. A read that
  /// waits for input is broken off: `signal` would have it wait on.
  static func noteInterrupts() {
    // A program that starts us from one of its worker threads may leave them blocked.
    var signals = sigset_t()
    // The set is ours and outlives the calls.
    unsafe sigemptyset(&signals)
    for number in endingSignals { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    var action = sigaction()
    // The handler does nothing but set an atomic, and both pointers are looked at during the call only.
    unsafe action.__sigaction_handler.sa_handler = { _ in Terminal.interrupt.store(true, ordering: .relaxed) }
    for number in endingSignals { unsafe sigaction(number, &action, nil) }
  }
}

/// Tells how far long work is: a bar on a terminal, a plain line every few seconds otherwise.
struct Progress {
  private let unit: String
  /// Nil as long as it is not known.
  var total: Int?
  private let isQuiet: Bool
  private let isTerminal = isatty(2) == 1
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var hasBar = false

  /// - Parameter total: nil where it is not known beforehand.
  init(unit: String, total: Int?, isQuiet: Bool) {
    self.unit = unit
    self.total = total
    self.isQuiet = isQuiet
  }

  /// - Parameter status: what to say instead of a count, of work without an end; shown once a second on a terminal.
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
    var text = "\(done)\(total.map { " of \($0)" } ?? "") \(unit), \(Int(rate)) a second"
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

  /// Takes the bar away, so that other words can follow.
  mutating func clear() {
    guard hasBar else { return }
    hasBar = false
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }
}
