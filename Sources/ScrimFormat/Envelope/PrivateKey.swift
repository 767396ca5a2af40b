import CScrimSodium
import Glibc

/// A private key, which opens what was sealed to its public key.
///
/// Its secret lies in memory of libsodium that is locked, left out of core files, and wiped at the end; it is never
/// copied into memory of Swift.
@safe public final class PrivateKey: Hashable, @unchecked Sendable {
  // Sendable, since nothing changes after the initializer. The pointer is owned, and valid until `deinit`.
  let pointer: OpaquePointer
  public let publicKey: PublicKey

  private init(_ pointer: OpaquePointer) {
    unsafe self.pointer = pointer
    var bytes = [UInt8](repeating: 0, count: 32)
    // Writes the 32 bytes that the array has.
    unsafe scrim_private_key_public(pointer, &bytes)
    publicKey = PublicKey(bytes)
  }

  deinit { unsafe scrim_private_key_free(pointer) }

  /// A new random key.
  package convenience init() throws(SealingError) {
    var pointer: OpaquePointer?
    // `pointer` is ours and outlives the call.
    try Sodium.check(unsafe scrim_private_key_make(&pointer))
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.init(pointer)
  }

  /// Reads the key's text from an open file.
  package convenience init(reading descriptor: Int32) throws(SealingError) {
    try Sodium.load()
    var pointer: OpaquePointer?
    // As above.
    let status = unsafe scrim_private_key_read(&pointer, descriptor)
    try Sodium.check(status, errno: errno)
    guard let pointer = unsafe pointer else { throw .noMemory }
    unsafe self.init(pointer)
  }

  /// Writes the key's text to an open file.
  package func write(to descriptor: Int32) throws(SealingError) {
    try Sodium.check(unsafe scrim_private_key_write(pointer, descriptor), errno: errno)
  }

  public static func == (one: PrivateKey, other: PrivateKey) -> Bool { one.publicKey == other.publicKey }
  public func hash(into hasher: inout Hasher) { hasher.combine(publicKey) }
}
