import Glibc
public import ScrimFormat

/// A session on disk: `manifest.json`, and `segments/` with one file per segment.
///
///     manifest.json                     the session and its sealed segments; replaced as a whole, at the start and at the end
///     segments.jsonl                    while it is written: one line for each segment sealed since the start
///     segments/00000000.scrim           sealed, never changed again
///     segments/00000001.scrim.part      the open one; records are appended
public struct SessionFolder: Hashable, Sendable {
  public let path: String
  /// The public key to which a session is sealed that is created here; nil for one that everybody can read.
  public var sealTo: PublicKey?
  /// The private key that opens a sealed session.
  public var key: PrivateKey?

  public init(path: String, sealTo: PublicKey? = nil, key: PrivateKey? = nil) {
    self.path = path
    self.sealTo = sealTo
    self.key = key
  }

  /// Maximum number of segments of a session: their names have eight digits.
  public static let segmentLimit = FormatLimits.segments

  /// The name of a sealed segment within the folder.
  public static func segmentFile(_ index: Int) -> String {
    let digits = String(index)
    return "segments/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".scrim"
  }

  static let openSuffix = ".part"
  static let damagedSuffix = ".damaged"
  /// Maximum size of a manifest in bytes; Scrim's own takes some 300 per segment.
  static let manifestLimit = 1 << 28

  var manifestPath: String { path + "/manifest.json" }
  var segmentListPath: String { path + "/segments.jsonl" }
  var segmentsPath: String { path + "/segments" }

  func segmentPath(_ index: Int) -> String { path + "/" + SessionFolder.segmentFile(index) }
  func openSegmentPath(_ index: Int) -> String { segmentPath(index) + SessionFolder.openSuffix }

  /// Reads the manifest, and adds the segments that were sealed after it was written.
  func readManifest() throws(StoreError) -> SessionManifest {
    guard Disk.exists(manifestPath) else { throw StoreError(path, .notASession) }
    var manifest = try SessionManifest(
      json: try Disk.read(manifestPath, upTo: SessionFolder.manifestLimit), path: manifestPath)
    if manifest.state == .open, Disk.exists(segmentListPath) { try addListedSegments(to: &manifest) }
    return manifest
  }

  /// Adds the lines of `segments.jsonl`. A torn last line is ignored: its segment is found by its file.
  private func addListedSegments(to manifest: inout SessionManifest) throws(StoreError) {
    let bytes = try Disk.read(segmentListPath, upTo: SessionFolder.manifestLimit)
    let whole = bytes.prefix(through: bytes.lastIndex(of: 0x0A) ?? -1)
    for (line, json) in whole.split(separator: 0x0A).enumerated() where line >= manifest.segments.count {
      try manifest.append(line: Array(json), path: segmentListPath)
    }
  }

  /// Waits until the lines of `segments.jsonl` are stored on the disk.
  func syncSegmentList() throws(StoreError) {
    do {
      try Disk.sync(try Disk.openAny(segmentListPath).file)
    } catch {
      guard error.isMissingFile else { throw error }
    }
  }

  /// Reads the sealed segment at `index` and checks it against its file's digest and its place in the session.
  ///
  /// - Parameter previous: the digest of the previous segment.
  func readSegment(
    _ index: Int, previous: SHA256Digest
  ) throws(StoreError) -> (segment: Segment, entry: SessionManifest.Segment) {
    let path = segmentPath(index)
    let bytes = try Disk.read(path, upTo: FormatLimits.segmentBytes + FormatLimits.payloadBytes)
    let segment: Segment
    do {
      segment = try SegmentReader.read(bytes)
    } catch {
      throw StoreError(path, .segment(error))
    }
    guard let seal = segment.seal else {
      preconditionFailure("the reader returns sealed segments only")
    }
    guard Int(seal.index) == index else {
      throw StoreError(path, .disagrees("the seal says index \(seal.index)"))
    }
    guard seal.previous == previous else {
      throw StoreError(path, .disagrees("the chain is broken: the seal names another segment before it"))
    }
    let entry = SessionManifest.Segment(
      header: segment.header, seal: seal, size: bytes.count, digest: SHA256.digest(bytes.span))
    return (segment, entry)
  }
}

/// Identifies the current versions of a manifest and of the list of segments beside it.
public struct ManifestStamp: Hashable, Sendable {
  var manifest: FileStamp
  var list: FileStamp?
}

extension SessionFolder {
  /// Nil if there is no manifest.
  public var manifestStamp: ManifestStamp? {
    guard let manifest = (try? Disk.status(manifestPath))?.stamp else { return nil }
    return ManifestStamp(manifest: manifest, list: (try? Disk.status(segmentListPath))?.stamp)
  }

  /// The manifest to upload: the file itself once the session is sealed; before that, one with all segments
  /// sealed so far.
  public func manifestToDeliver() throws(StoreError) -> (bytes: [UInt8], manifest: SessionManifest) {
    let manifest = try readManifest()
    guard manifest.state == .sealed else { return (manifest.json, manifest) }
    return (try Disk.read(manifestPath, upTo: SessionFolder.manifestLimit), manifest)
  }
}
