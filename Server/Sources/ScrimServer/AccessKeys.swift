public import ScrimFormat
import ScrimStore

/// The permissions of a key.
public enum AccessRole: String, Hashable, Sendable, CaseIterable {
  /// Stores segments and manifests.
  case writer
  /// Lists and reads sessions.
  case reader
  /// Both, and deletes.
  case admin

  var mayWrite: Bool { self != .reader }
  var mayRead: Bool { self != .writer }
  var mayDelete: Bool { self == .admin }
}

/// A known key: only its hash is kept, so the file of keys gives no access.
public struct AccessKey: Hashable, Sendable {
  public var role: AccessRole
  /// The project whose sessions it can access.
  public var project: String
  /// The name in logs.
  public var name: String
  public var hash: SHA256Digest
}

/// The keys of a server. A line of their file is `ROLE PROJECT NAME SHA256-OF-THE-KEY`; `#` begins a comment.
public struct AccessKeys: Sendable {
  public private(set) var keys: [AccessKey]

  public struct ParseError: Error, CustomStringConvertible {
    public var description: String
  }

  public init(_ keys: [AccessKey]) { self.keys = keys }

  public init(text: String) throws(ParseError) {
    keys = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      guard words.count == 4, let role = AccessRole(rawValue: String(words[0])),
        StoreLayout.isProject(words[1]),
        let hash = SHA256Digest(hex: words[3])
      else {
        throw ParseError(
          description:
            "line \(number + 1): a key is ROLE PROJECT NAME SHA256, with ROLE writer, reader or admin")
      }
      keys.append(AccessKey(role: role, project: String(words[1]), name: String(words[2]), hash: hash))
    }
  }

  /// Finds a presented key, or nil. Takes the same time for every key: all hashes are compared completely.
  func find(_ presented: String) -> AccessKey? {
    let hash = SHA256.digest(Array(presented.utf8).span).bytes
    var found: AccessKey?
    for key in keys {
      var difference: UInt8 = 0
      for index in 0..<32 { difference |= key.hash.bytes[index] ^ hash[index] }
      if difference == 0 { found = key }
    }
    return found
  }

  /// A new key of 256 random bits, and its line for the file of keys.
  public static func make(
    _ role: AccessRole, project: String, name: String, using generator: inout some RandomNumberGenerator
  ) -> (key: String, line: String) {
    let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let key = "scrim_" + SHA256Digest(bytes).description
    return (key, "\(role.rawValue) \(project) \(name) \(SHA256.digest(Array(key.utf8).span))")
  }
}
