/// Why something can't be sealed to a public key, or opened with a private one.
public enum SealingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// libsodium is missing; the text names the package.
  case noLibrary(String)
  case noMemory
  case notAPublicKey
  case notAPrivateKey
  /// A private key was given where a file or a public key is expected.
  case privateKeyText
  /// A public key with which anybody could open what is sealed to it.
  case weakPublicKey
  /// The bytes are sealed to another key, or were changed.
  case refused
  /// A system call failed with this `errno`.
  case system(Int32)

  public var description: String {
    switch self {
    case .noLibrary(let message): message
    case .noMemory: "no memory for a key"
    case .notAPublicKey:
      "this is not a public key: give the text that scrim keygen printed, scrim-public-key-1:…, or a file with it"
    case .privateKeyText:
      "this is a private key itself: give the path of its file to --key, and the public key to --seal-to. Whoever saw this command line can open what is sealed to the key"
    case .notAPrivateKey:
      "this is not a private key: give the file that scrim keygen wrote, which starts with scrim-private-key-1:"
    case .weakPublicKey: "the public key is not a usable one: make another with scrim keygen"
    case .refused: "it is sealed to another key, or was changed"
    case .system(let code): "a system call failed (errno \(code))"
    }
  }
}
