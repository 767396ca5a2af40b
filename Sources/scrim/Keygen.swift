import ArgumentParser
import ScrimFormat
import ScrimStore

struct Keygen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a key pair, to record sessions that only the private key opens.",
    discussion: """
      Writes the private key to FILE, which only you can read, and the public key to FILE.pub and to standard output. Give \
      the public key to scrim record --seal-to on every machine that records, and keep the private key elsewhere: without it \
      what was sealed can no longer be read. Existing files are never overwritten.
      """)

  @Argument(help: ArgumentHelp("The private key's new file; scrim.key by default.", valueName: "file"))
  var file = "scrim.key"

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    var id: String
    var privateKeyFile: String
    var publicKey: String
    var publicKeyFile: String
  }

  func run() throws {
    Terminal.forbidCoreFiles()
    let key: PublicKey
    do { key = try KeyFiles.make(file) } catch { throw Failure(error) }
    let publicFile = file + KeyFiles.publicSuffix
    if output.json {
      try output.print(
        json: Report(
          id: "\(key.id)", privateKeyFile: file, publicKey: "\(key)", publicKeyFile: publicFile))
    } else {
      print(key)
    }
    if !output.quiet {
      Terminal.say(
        "the private key is in \(file): keep it where nothing is recorded, with a copy; the public one, above, is in \(publicFile) too"
      )
    }
  }
}

/// The public key to which a recording is sealed.
struct SealOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Seal the session to a public key of scrim keygen, its text or its file, so that only the private key opens it.",
      valueName: "key"))
  var sealTo: String?

  /// Nil if none was given.
  func key() throws -> PublicKey? {
    guard let sealTo else { return nil }
    do throws(StoreError) {
      let key = try PublicKey.read(sealTo)
      do { try key.check() } catch { throw StoreError(sealing: error) }
      return key
    } catch { throw Failure(error) }
  }
}

/// The private key for a session that is sealed to a public one.
struct KeyOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The private key that opens a session recorded with --seal-to; a file, or a pipe as /dev/stdin and <(…) are.",
      valueName: "file"))
  var key: String?

  /// The session's folder, with the key if one was given.
  func folder(_ path: String) throws -> SessionFolder {
    guard let key else { return SessionFolder(path: path) }
    Terminal.forbidCoreFiles()
    do { return SessionFolder(path: path, key: try PrivateKey.read(key)) } catch { throw Failure(error) }
  }

  func opened(_ path: String) throws -> SessionReader { try folder(path).opened() }
}
