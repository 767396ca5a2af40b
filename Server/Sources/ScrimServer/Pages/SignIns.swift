import ScrimFormat
import Synchronization

/// Browsers that are signed in by a cookie: a random token, of which only the hash is kept, in memory. A sign-in
/// ends by time, by signing out, and with the server.
final class SignIns: Sendable {
  private struct Entry {
    var key: AccessKey
    /// Seconds of a monotonic clock.
    var ends: Double
  }

  /// Twelve hours: a working day.
  static let seconds = 43_200
  private static let limit = 10_000
  private let entries = Mutex<[SHA256Digest: Entry]>([:])

  /// - Parameter now: seconds of a monotonic clock.
  /// - Returns: the token, 256 random bits.
  func begin(_ key: AccessKey, now: Double, using generator: inout some RandomNumberGenerator) -> String {
    let token = SHA256Digest((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }).description
    let hash = SHA256.digest(Array(token.utf8).span)
    entries.withLock { entries in
      if entries.count >= SignIns.limit { entries = entries.filter { $0.value.ends > now } }
      if entries.count >= SignIns.limit, let first = entries.min(by: { $0.value.ends < $1.value.ends }) {
        entries[first.key] = nil
      }
      entries[hash] = Entry(key: key, ends: now + Double(SignIns.seconds))
    }
    return token
  }

  func find(_ token: String, now: Double) -> AccessKey? {
    let hash = SHA256.digest(Array(token.utf8).span)
    return entries.withLock { entries in
      guard let entry = entries[hash], entry.ends > now else { return nil }
      return entry.key
    }
  }

  func end(_ token: String) {
    let hash = SHA256.digest(Array(token.utf8).span)
    entries.withLock { $0[hash] = nil }
  }
}
