import Foundation
import ScrimDelivery
import ScrimFormat
import Synchronization

/// Browsers that are signed in by a cookie, for twelve hours.
///
/// A server alone keeps the hashes of random tokens in memory: a sign-in ends by time, by signing out, and with the
/// server. Servers over one bucket must know each other's: there the token names the key and the end, signed with a
/// secret that all of them read from the bucket.
final class SignIns: Sendable {
  private struct Entry {
    var key: AccessKey
    /// Seconds of the clock.
    var ends: Double
  }

  /// Twelve hours: a working day.
  static let seconds = 43_200
  private static let limit = 10_000
  private let entries = Mutex<[SHA256Digest: Entry]>([:])
  /// Hashes of signed tokens that were signed out here, with their ends.
  private let ended = Mutex<[SHA256Digest: Double]>([:])
  /// Nil for a server alone.
  private let secret: [UInt8]?

  init(secret: [UInt8]? = nil) { self.secret = secret }

  /// The clock of `now`: one that all servers share, if they share sign-ins.
  var now: Double { secret == nil ? Responder.uptime : Date().timeIntervalSince1970 }

  /// - Parameter now: seconds of the clock.
  /// - Returns: the token: 256 random bits, or `END.KEY-HASH.SIGNATURE`.
  func begin(_ key: AccessKey, now: Double, using generator: inout some RandomNumberGenerator) -> String {
    if let secret {
      let text = "\(Int(now) + SignIns.seconds).\(key.hash)"
      return text + "." + SignIns.signature(text, secret)
    }
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

  private static func signature(_ text: String, _ secret: [UInt8]) -> String {
    SHA256Digest(HMAC.sha256(key: secret, Array(text.utf8))).description
  }

  /// - Parameter keys: the server's keys; a signed token of one that is no longer there is worth nothing.
  func find(_ token: String, now: Double, among keys: AccessKeys? = nil) -> AccessKey? {
    let hash = SHA256.digest(Array(token.utf8).span)
    if let secret {
      let parts = token.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 3, let end = Int(parts[0]), let key = SHA256Digest(hex: parts[1]),
        let given = SHA256Digest(hex: parts[2]),
        let wanted = SHA256Digest(hex: SignIns.signature("\(end).\(key)", secret)),
        zip(given.bytes, wanted.bytes).reduce(0, { $0 | ($1.0 ^ $1.1) }) == 0, Double(end) > now,
        ended.withLock({ $0[hash] == nil })
      else { return nil }
      return keys?.keys.first { $0.hash == key && $0.role.mayRead }
    }
    return entries.withLock { entries in
      guard let entry = entries[hash], entry.ends > now else { return nil }
      return entry.key
    }
  }

  /// A signed token that was copied before stays valid at other servers until its end.
  func end(_ token: String) {
    let hash = SHA256.digest(Array(token.utf8).span)
    guard secret != nil else { return entries.withLock { $0[hash] = nil } }
    let now = now
    guard token.utf8.count < 200 else { return }
    ended.withLock { ended in
      if ended.count >= SignIns.limit { ended = ended.filter { $0.value > now } }
      if ended.count < SignIns.limit { ended[hash] = now + Double(SignIns.seconds) }
    }
  }
}
