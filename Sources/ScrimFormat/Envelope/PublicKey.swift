/// A public key that recordings are sealed to: an X25519 key, which can be given to every machine that records.
public struct PublicKey: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  public let bytes: [UInt8]

  private static let kind = "scrim-public-key-1:"
  /// Bytes of its SHA-256 at the end of the text: what is sealed to a mistyped key is lost.
  private static let checkBytes = 4

  /// - Parameter bytes: exactly 32.
  public init(_ bytes: [UInt8]) {
    precondition(bytes.count == 32, "a public key is 32 bytes long")
    self.bytes = bytes
  }

  /// Reads a key's text, which white space may surround.
  ///
  /// - Throws: ``SealingError/notAPublicKey``, also if a character is wrong.
  public init(text: String) throws(SealingError) {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 1, words[0].hasPrefix(PublicKey.kind),
      let all = Hex.bytes(words[0].dropFirst(PublicKey.kind.utf8.count).lowercased()),
      all.count == 32 + PublicKey.checkBytes
    else { throw .notAPublicKey }
    self.init(Array(all.prefix(32)))
    guard all.dropFirst(32).elementsEqual(id.bytes.prefix(PublicKey.checkBytes)) else { throw .notAPublicKey }
  }

  /// The key's text: one word.
  public var description: String {
    PublicKey.kind + Hex.string(bytes + id.bytes.prefix(PublicKey.checkBytes))
  }

  /// Its name in sessions and messages.
  public var id: KeyID { KeyID(Array(SHA256.digest(bytes.span).bytes.prefix(KeyID.byteCount))) }
}

/// Name of a key pair: the first eight bytes of the SHA-256 of the public key.
public struct KeyID: Hashable, Sendable, CustomStringConvertible {
  package static let byteCount = 8
  public let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == KeyID.byteCount, "a key's name is 8 bytes long")
    self.bytes = bytes
  }

  package init?(hex: String) {
    guard let bytes = Hex.bytes(hex), bytes.count == KeyID.byteCount else { return nil }
    self.init(bytes)
  }

  /// 16 hexadecimal digits.
  public var description: String { Hex.string(bytes) }
}
