import CScrimSodium

/// The secret of a session that is sealed to a public key. The keys of its segments follow from it one after the
/// other, and only forwards: a writer that has begun segment 7 can't open segment 6 any more.
///
/// Used by one thread at a time: by the writer or the reader that owns it.
@safe package final class SessionSecret: @unchecked Sendable {
  // The pointer is owned, and valid until `deinit`.
  let pointer: OpaquePointer
  /// The secret as it began, sealed to the public key.
  package let sealed: [UInt8]
  /// Index of the segment whose key it has now.
  package private(set) var index = 0

  package static let sealedBytes = SCRIM_SEALED_SECRET_BYTES

  /// A random one.
  package init(sealingTo key: PublicKey) throws(SealingError) {
    var pointer: OpaquePointer?
    var sealed = [UInt8](repeating: 0, count: SessionSecret.sealedBytes)
    // The arrays have the lengths that the call reads and writes, and outlive it.
    let status = unsafe scrim_session_secret_make(&pointer, key.bytes, &sealed)
    if status == Int32(SCRIM_SODIUM_REFUSED) { throw .weakPublicKey }
    try Sodium.check(status)
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.pointer = pointer
    self.sealed = sealed
  }

  /// - Throws: ``SealingError/refused`` if it is sealed to another key.
  package init(opening sealed: [UInt8], with key: PrivateKey) throws(SealingError) {
    precondition(sealed.count == SessionSecret.sealedBytes, "a sealed secret is 80 bytes long")
    var pointer: OpaquePointer?
    // As above; the key's pointer is valid as long as the key, which this call holds.
    try Sodium.check(unsafe scrim_session_secret_open(&pointer, key.pointer, sealed))
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.pointer = pointer
    self.sealed = sealed
  }

  deinit { unsafe scrim_session_secret_free(pointer) }

  /// Goes on to the key of a later segment, and forgets the ones before.
  package func advance(to index: Int) {
    precondition(index >= self.index, "the keys of earlier segments are gone")
    while self.index < index {
      unsafe scrim_session_secret_advance(pointer)
      self.index += 1
    }
  }
}

extension PublicKey {
  /// Finds out whether something can be sealed to it: whether libsodium is there, and the key is a usable one.
  public func check() throws(SealingError) { _ = try SessionSecret(sealingTo: self) }
}

/// A stream of encrypted messages: libsodium's secretstream, XChaCha20-Poly1305. Used by one thread at a time.
@safe package final class SecretStream: @unchecked Sendable {
  // The pointer is owned, and valid until `deinit`.
  private let pointer: OpaquePointer
  /// Random; 24 bytes.
  package let header: [UInt8]

  package static let headerBytes = SCRIM_STREAM_HEADER_BYTES
  /// What a message is longer than its content.
  package static let extraBytes = SCRIM_STREAM_EXTRA_BYTES
  /// Bytes at the end of a message that authenticate it.
  static let authenticatorBytes = 16

  package enum Purpose {
    /// The segment whose key the secret has now.
    case segment
    /// What the manifest says about the session; the same key at any time.
    case about

    var number: Int32 {
      switch self {
      case .segment: Int32(SCRIM_STREAM_SEGMENT)
      case .about: Int32(SCRIM_STREAM_ABOUT)
      }
    }
  }

  /// Begins a stream to encrypt.
  package init(_ purpose: Purpose, of secret: SessionSecret) throws(SealingError) {
    var pointer: OpaquePointer?
    var header = [UInt8](repeating: 0, count: SecretStream.headerBytes)
    // The secret's pointer is valid as long as the secret, and the call writes the 24 bytes that the array has.
    try Sodium.check(unsafe scrim_stream_push(&pointer, secret.pointer, purpose.number, &header))
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.pointer = pointer
    self.header = header
  }

  /// Begins a stream to decrypt.
  package init(_ purpose: Purpose, of secret: SessionSecret, header: [UInt8]) throws(SealingError) {
    precondition(header.count == SecretStream.headerBytes, "a stream's header is 24 bytes long")
    var pointer: OpaquePointer?
    // As above.
    try Sodium.check(unsafe scrim_stream_pull(&pointer, secret.pointer, purpose.number, header))
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.pointer = pointer
    self.header = header
  }

  deinit { unsafe scrim_stream_free(pointer) }

  /// Encrypts the next message.
  ///
  /// - Parameter also: bytes that are not in the message, but without which it can't be opened.
  package func encrypt(_ content: [UInt8], also: [UInt8], isLast: Bool) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: content.count + SecretStream.extraBytes) { room, filled in
      // The room has the 17 bytes more than the content that the call writes.
      unsafe scrim_stream_encrypt(
        pointer, room.baseAddress, content, content.count, also, also.count, isLast ? 1 : 0)
      filled = content.count + SecretStream.extraBytes
    }
  }

  /// Decrypts the next message. After an error the stream is at its end.
  ///
  /// - Parameter message: where it is in `bytes`.
  package func decrypt(
    _ message: Range<Int>, of bytes: [UInt8], also: [UInt8]
  ) throws(SealingError) -> (content: [UInt8], isLast: Bool) {
    precondition(message.lowerBound >= 0 && message.upperBound <= bytes.count, "the message is in the bytes")
    guard message.count >= SecretStream.extraBytes else { throw .refused }
    var isLast: Int32 = 0
    var status: Int32 = 0
    let count = message.count - SecretStream.extraBytes
    let content = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      unsafe bytes.withUnsafeBufferPointer { all in
        // The range is within the bytes, and the room has the 17 bytes less than the message that the call writes.
        unsafe status = scrim_stream_decrypt(
          pointer, room.baseAddress, all.baseAddress! + message.lowerBound, message.count, also, also.count,
          &isLast)
      }
      filled = status == 0 ? count : 0
    }
    try Sodium.check(status)
    return (content, isLast != 0)
  }
}
