import ScrimFormat

/// A session on disk: `manifest.json`, and `segments/` with a file a segment.
///
///     manifest.json                     the session and its sealed segments; replaced as a whole, at the start and at the end
///     segments.jsonl                    while it is written: a line for each segment sealed since
///     segments/00000000.scrim           sealed, never changed again
///     segments/00000001.scrim.part      the open one; records are appended as they come
public struct SessionFolder: Hashable, Sendable {
  public let path: String

  public init(path: String) {
    self.path = path
  }

  /// Segments of a session: their names have eight digits.
  public static let segmentLimit = 100_000_000

  /// The name of a sealed segment within the folder.
  public static func segmentFile(_ index: Int) -> String {
    let digits = String(index)
    return "segments/" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".scrim"
  }

  static let openSuffix = ".part"
  static let damagedSuffix = ".damaged"
  /// Bytes of a manifest; ours takes some 300 a segment.
  static let manifestLimit = 1 << 28

  var manifestPath: String { path + "/manifest.json" }
  var segmentListPath: String { path + "/segments.jsonl" }
  var segmentsPath: String { path + "/segments" }

  func segmentPath(_ index: Int) -> String { path + "/" + SessionFolder.segmentFile(index) }
  func openSegmentPath(_ index: Int) -> String { segmentPath(index) + SessionFolder.openSuffix }

  /// The manifest with the segments that were sealed since it was written.
  func readManifest() throws(StoreError) -> SessionManifest {
    guard Disk.exists(manifestPath) else { throw StoreError(path, .notASession) }
    var manifest = try SessionManifest(
      json: try Disk.read(manifestPath, upTo: SessionFolder.manifestLimit), path: manifestPath)
    if manifest.state == .open, Disk.exists(segmentListPath) { try addListedSegments(to: &manifest) }
    return manifest
  }

  /// Adds the lines of `segments.jsonl`. A last line that was cut off is left out: its segment is found by its file.
  private func addListedSegments(to manifest: inout SessionManifest) throws(StoreError) {
    let bytes = try Disk.read(segmentListPath, upTo: SessionFolder.manifestLimit)
    let whole = bytes.prefix(through: bytes.lastIndex(of: 0x0A) ?? -1)
    for (line, json) in whole.split(separator: 0x0A).enumerated() where line >= manifest.segments.count {
      manifest.segments.append(
        try SessionManifest.Segment(line: Array(json), at: line, path: segmentListPath))
    }
  }

  /// Reads the sealed segment at `index` and checks it against its file's digest and its place in the session.
  ///
  /// - Parameter previous: the digest of the segment before.
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

/// Which manifest, and which list of segments beside it, are there now.
public struct ManifestStamp: Hashable, Sendable {
  var manifest: FileStamp
  var list: FileStamp?
}

extension SessionFolder {
  /// Nil where there is no manifest.
  public var manifestStamp: ManifestStamp? {
    guard let manifest = (try? Disk.status(manifestPath))?.stamp else { return nil }
    return ManifestStamp(manifest: manifest, list: (try? Disk.status(segmentListPath))?.stamp)
  }

  /// The manifest as it is delivered: the file as it is once the session is sealed, and before with all segments that are sealed so far.
  public func manifestToDeliver() throws(StoreError) -> (bytes: [UInt8], manifest: SessionManifest) {
    let manifest = try readManifest()
    guard manifest.state == .sealed else { return (manifest.json, manifest) }
    return (try Disk.read(manifestPath, upTo: SessionFolder.manifestLimit), manifest)
  }
}
