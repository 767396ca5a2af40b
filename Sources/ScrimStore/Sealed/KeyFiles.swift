import Glibc
public import ScrimFormat
import ScrimSystem

extension PublicKey {
  /// Reads a public key.
  ///
  /// - Parameter source: the key's text, or the path of a file with it.
  /// - Throws: ``StoreError`` if it is neither.
  public static func read(_ source: String) throws(StoreError) -> PublicKey {
    if let key = try? PublicKey(text: source) { return key }
    // The text of a private key must not appear in a message.
    guard !PrivateKey.isText(source) else { throw StoreError("the given text", .sealing(.privateKeyText)) }
    guard source.contains("/") || Disk.exists(source) else {
      throw StoreError(source, .sealing(.notAPublicKey))
    }
    let file = try KeyFiles.open(source, otherwise: .notAPublicKey)
    let bytes: [UInt8]
    do { bytes = try file.read(KeyFiles.limit) } catch {
      throw StoreError(source, .system(doing: "reading", errno: error.errno))
    }
    do { return try PublicKey(text: String(decoding: bytes, as: UTF8.self)) } catch {
      throw StoreError(source, .sealing(error))
    }
  }
}

extension PrivateKey {
  /// Reads the file of a private key. Its bytes go directly to memory that is locked and wiped.
  ///
  /// - Parameter path: of a regular file, or of a pipe that this process was given, such as `/dev/stdin`.
  public static func read(_ path: String) throws(StoreError) -> PrivateKey {
    guard !isText(path) else { throw StoreError("the given text", .sealing(.privateKeyText)) }
    let file = try KeyFiles.open(path, otherwise: .notAPrivateKey)
    do { return try PrivateKey(reading: file.descriptor) } catch { throw StoreError(path, .sealing(error)) }
  }

  /// Whether an argument is a private key itself, not the path of its file.
  fileprivate static func isText(_ argument: String) -> Bool {
    argument.drop(while: \.isWhitespace).hasPrefix("scrim-private-key-")
  }
}

/// The two files of a key pair.
public enum KeyFiles {
  /// Suffix of the public key's file.
  public static let publicSuffix = ".pub"

  /// Makes a key pair: the private key in a new file with the mode 0600, the public key in another with that name
  /// and `.pub`.
  ///
  /// - Throws: ``StoreError`` if one of the files exists, which then stays as it is, or can't be written.
  public static func make(_ path: String) throws(StoreError) -> PublicKey {
    for file in [path, path + publicSuffix] where try Disk.status(file) != nil {
      throw StoreError(file, .keyExists)
    }
    let key: PrivateKey
    do { key = try PrivateKey() } catch { throw StoreError(path, .sealing(error)) }
    let secret = try create(path)
    do throws(StoreError) {
      do { try key.write(to: secret.descriptor) } catch { throw StoreError(path, .sealing(error)) }
      try Disk.sync(secret)
      let open = try create(path + publicSuffix)
      do throws(StoreError) {
        try Disk.write(Array("\(key.publicKey)\n".utf8), to: open, at: 0)
        try Disk.sync(open)
      } catch {
        try? Disk.remove(path + publicSuffix)
        throw error
      }
    } catch {
      try? Disk.remove(path)
      throw error
    }
    return key.publicKey
  }

  /// Maximum size of a key's file.
  static let limit = 4096

  /// Opens a key's file to read it. Never waits for a FIFO's writer or for a device; of pipes only those are read that
  /// this process was given (`--key /dev/stdin`, `--key <(…)`), since a key need not be on a disk.
  static func open(_ path: String, otherwise: SealingError) throws(StoreError) -> OpenFile {
    let found: (file: OpenFile, kind: mode_t)
    do throws(StoreError) { found = try Disk.openAny(path) } catch {
      switch error.reason {
      case .system(_, ENOENT), .system(_, ENOTDIR): throw StoreError(path, .noKeyFile)
      // A socket.
      case .system(_, ENXIO): throw StoreError(path, .sealing(otherwise))
      default: throw error
      }
    }
    switch found.kind {
    case S_IFREG: return found.file
    case S_IFIFO where isGiven(path):
      // From here on a read waits for the writer. Opening it without waiting succeeds also when the writer has ended.
      guard fcntl(found.file.descriptor, F_SETFL, 0) == 0 else { throw Disk.failure(path, "opening") }
      return found.file
    default: throw StoreError(path, .sealing(otherwise))
    }
  }

  /// Whether a path stands for a descriptor of this process.
  private static func isGiven(_ path: String) -> Bool {
    path == "/dev/stdin" || path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/self/fd/")
  }

  private static func create(_ path: String) throws(StoreError) -> OpenFile {
    do throws(StoreError) {
      return try Disk.open(path, O_WRONLY | O_CREAT | O_EXCL, doing: "making the file")
    } catch {
      if case .system(_, EEXIST) = error.reason { throw StoreError(path, .keyExists) }
      throw error
    }
  }
}
