public import ScrimFormat
import ScrimJSON

/// What a manifest has in place of a description, if its session is sealed to a public key.
public struct SessionEnvelope: Hashable, Sendable {
  /// The key whose private half opens it.
  public var key: KeyID
  /// The session's secret, sealed to that key; 80 bytes.
  public var secret: [UInt8]
  /// The encrypted description, which is written when the session ends; empty before that, and after a recovery.
  public var about: [UInt8] = []

  package init(key: KeyID, secret: [UInt8]) {
    self.key = key
    self.secret = secret
  }
}

extension SessionManifest {
  static let sealedFormat = "scrim-sealed-session/1"

  /// The manifest of a sealed session of which only this segment's envelope is known.
  package init(envelope header: EnvelopeHeader) {
    self.init(
      header: SegmentHeader(
        session: header.session, start: header.start, width: 0, height: 0, policy: .zero, producer: ""))
    envelope = SessionEnvelope(key: header.key, secret: header.secret)
  }

  /// Whether this is the envelope that belongs at that place.
  ///
  /// - Returns: what contradicts it; nil if nothing does.
  func conflict(with header: EnvelopeHeader, at index: Int) -> StoreError.Reason? {
    guard session == header.session, start == header.start else { return .otherSession }
    guard envelope?.key == header.key, envelope?.secret == header.secret else {
      return .disagrees("it is sealed with another secret than the session")
    }
    guard header.index == index else { return .disagrees("the envelope says index \(header.index)") }
    guard header.previous == (index == 0 ? .zero : segments[index - 1].digest) else {
      return .disagrees("the chain is broken: the envelope names another segment before it")
    }
    return nil
  }
}

/// The description of a sealed session, encrypted: what other manifests say in clear.
struct SealedAbout {
  var about: SessionAbout
  /// Number of segments, and the digest of the last one's file, when the session ended.
  var segments: Int
  var lastDigest: SHA256Digest

  /// The length of the text is a multiple of this, so that it says little about what is in it.
  private static let step = 512

  static func encrypted(_ manifest: SessionManifest, with secret: SessionSecret) throws(SealingError)
    -> [UInt8]
  {
    var text = JSON.object(
      manifest.about.members(of: manifest.session) + [
        JSON.Member("id", .string(manifest.session.description)),
        JSON.Member("last_sha256", .string(manifest.lastDigest.description)),
        JSON.Member("segments", .number(Double(manifest.segments.count))),
      ]
    ).canonicalBytes
    text += [UInt8](repeating: 0x20, count: (step - text.count % step) % step)
    let stream = try SecretStream(.about, of: secret)
    return stream.header + stream.encrypt(text, also: also(manifest), isLast: true)
  }

  /// - Throws: ``StoreError`` if it was changed, or belongs to another session.
  init(_ manifest: SessionManifest, with secret: SessionSecret, path: String) throws(StoreError) {
    let bytes = manifest.envelope?.about ?? []
    let header = SecretStream.headerBytes
    var text: [UInt8] = []
    do throws(SealingError) {
      guard bytes.count > header + SecretStream.extraBytes else { throw .refused }
      let stream = try SecretStream(.about, of: secret, header: Array(bytes.prefix(header)))
      text = try stream.decrypt(header..<bytes.count, of: bytes, also: SealedAbout.also(manifest)).content
    } catch {
      guard error == .refused else { throw StoreError(path, .sealing(error)) }
      throw StoreError(path, .badManifest("sealed_about was changed, or belongs to another session"))
    }
    let json: JSON
    do { json = try JSON(text, keepingDigits: true) } catch {
      throw StoreError(path, .badManifest("sealed_about is not JSON"))
    }
    let fields = ManifestFields(json, path: path, place: " of sealed_about")
    about = try SessionAbout(fields)
    segments = try fields.count("segments")
    lastDigest = try fields.valid(SHA256Digest(hex: fields.text("last_sha256")), "last_sha256")
  }

  /// Binds the description to its session.
  private static func also(_ manifest: SessionManifest) -> [UInt8] {
    manifest.session.bytes + Array(RFC3339.string(manifest.start).utf8) + (manifest.envelope?.secret ?? [])
  }
}
