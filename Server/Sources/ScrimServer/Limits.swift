import Foundation
import Glibc
import Synchronization

/// Limits for requests.
public struct ServerLimits: Hashable, Sendable {
  /// The maximum body size of a segment, and of a manifest, in bytes.
  public var segmentBytes = 64 << 20
  public var manifestBytes = 32 << 20
  /// The requests per second of one key, and the size of a burst.
  public var requestsPerSecond = 200.0
  public var burst = 400.0
  /// The maximum number of bytes per day (UTC) of one key; nil for no limit.
  public var bytesPerDay: Int?
  /// The maximum size of all bodies that are being received, in bytes.
  public var bytesInFlight = 512 << 20
  /// The maximum size of all large answers that are being sent, in bytes in memory.
  public var answerBytes = 256 << 20
  /// The maximum number of seconds for a request's header, and for its body.
  public var headerSeconds = 20
  public var bodySeconds = 120
  /// The seconds in which a client takes at least a part of an answer.
  public var answerSeconds = 30
  public var connections = 4096

  public init() {}
}

/// Counts the requests and bytes of each key: a token bucket that fills at a steady rate, and the bytes of a day.
final class RateLimiter: Sendable {
  private struct Account {
    var tokens: Double
    var at: Double
    var day = 0
    var bytes = 0
  }

  private struct State {
    var accounts: [String: Account] = [:]
    /// The number of accounts at which old ones are removed.
    var bound = RateLimiter.limit
  }

  private let limits: ServerLimits
  private let state = Mutex(State())

  init(_ limits: ServerLimits) { self.limits = limits }

  var count: Int { state.withLock { $0.accounts.count } }

  /// - Parameters:
  ///   - now: seconds of a monotonic clock.
  ///   - wall: seconds since 1970.
  /// - Returns: nil if the request is allowed; otherwise the seconds to wait.
  func take(_ key: String, bytes: Int, now: Double, wall: Double) -> Int? {
    state.withLock { state in
      if state.accounts[key] == nil, state.accounts.count >= state.bound { forget(&state, now, wall) }
      var account = state.accounts[key] ?? Account(tokens: limits.burst, at: now)
      account.tokens = min(limits.burst, account.tokens + max(0, now - account.at) * limits.requestsPerSecond)
      account.at = now
      defer { state.accounts[key] = account }
      guard account.tokens >= 1 else {
        return max(1, Int(((1 - account.tokens) / limits.requestsPerSecond).rounded(.up)))
      }
      account.tokens -= 1
      if let limit = limits.bytesPerDay {
        let day = Int(wall / 86_400)
        if account.day != day { (account.day, account.bytes) = (day, 0) }
        guard account.bytes + bytes <= limit else { return Int(Double(day + 1) * 86_400 - wall) + 1 }
        account.bytes += bytes
      }
      return nil
    }
  }
}

extension RateLimiter {
  /// The number of accounts up to which none is removed: whoever signs in has one per address.
  static let limit = 10_000

  /// Removes accounts that are as new ones: their buckets are full again, and they have sent nothing today.
  private func forget(_ state: inout State, _ now: Double, _ wall: Double) {
    let day = Int(wall / 86_400)
    state.accounts = state.accounts.filter { _, account in
      account.tokens + max(0, now - account.at) * limits.requestsPerSecond < limits.burst
        || account.bytes > 0 && account.day == day
    }
    // Not again for each new one.
    state.bound = max(RateLimiter.limit, 2 * state.accounts.count)
  }
}

/// Counts the bytes of bodies that are being received or sent, so that many large ones don't exhaust the memory.
final class BodyBudget: Sendable {
  private let left: Mutex<Int>

  init(_ bytes: Int) { left = Mutex(bytes) }

  func reserve(_ bytes: Int) -> Bool {
    left.withLock { left in
      guard bytes <= left else { return false }
      left -= bytes
      return true
    }
  }

  func release(_ bytes: Int) { left.withLock { $0 += bytes } }
}

/// Counters in Prometheus' text format.
final class ServerMetrics: Sendable {
  private struct Counts {
    var requests: [String: Int] = [:]
    var seconds = 0.0
    var segments = 0
    var bytes = 0
  }

  private let counts = Mutex(Counts())

  func note(method: String, status: Int, seconds: Double) {
    counts.withLock {
      $0.requests["method=\"\(method)\",code=\"\(status)\"", default: 0] += 1
      $0.seconds += seconds
    }
  }

  func noteStored(bytes: Int) {
    counts.withLock {
      $0.segments += 1
      $0.bytes += bytes
    }
  }

  func text(sessions: Int) -> String {
    counts.withLock { counts in
      var lines = ["# TYPE scrim_requests_total counter"]
      for (labels, count) in counts.requests.sorted(by: { $0.key < $1.key }) {
        lines.append("scrim_requests_total{\(labels)} \(count)")
      }
      lines += ["# TYPE scrim_request_seconds_sum counter", "scrim_request_seconds_sum \(counts.seconds)"]
      lines += [
        "# TYPE scrim_stored_segments_total counter", "scrim_stored_segments_total \(counts.segments)",
      ]
      lines += ["# TYPE scrim_stored_bytes_total counter", "scrim_stored_bytes_total \(counts.bytes)"]
      lines += ["# TYPE scrim_sessions gauge", "scrim_sessions \(sessions)"]
      return lines.joined(separator: "\n") + "\n"
    }
  }
}

/// Appends one JSON object per line to a file, or to standard output.
final class LineLog: Sendable {
  private let handle: FileHandle
  private let lock = Mutex(())

  /// - Parameter path: nil for standard output.
  init(path: String?) throws {
    guard let path else {
      handle = .standardOutput
      return
    }
    if !FileManager.default.fileExists(atPath: path) {
      _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    // Other programs append to the same file. The string lives as a C string until the call returns.
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteNoPermission) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  func write(_ line: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(line) else { return }
    self.write(line: Array(data) + [0x0A])
  }

  /// - Parameter line: with its line feed.
  func write(line: [UInt8]) { lock.withLock { _ in try? handle.write(contentsOf: Data(line)) } }
}
