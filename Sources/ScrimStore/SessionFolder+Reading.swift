import Glibc
public import ScrimFormat
import ScrimSystem

extension SessionFolder {
  /// Opens a session to read it. One that is being written or was cut off is read up to its last intact
  /// record.
  ///
  /// - Throws: ``StoreError`` if there is no manifest, or it isn't valid; for a session that is sealed to a public
  ///   key also if ``key`` is missing or another, or a segment does not open with it.
  public func read() throws(StoreError) -> SessionReader {
    let reader = try readWhatIsThere()
    if let fault = reader.damaged.first { throw fault.error }
    if let fault = reader.endFault { throw fault }
    return reader
  }

  /// The same for a session of which something is missing or damaged: ``SessionReader/damaged`` and
  /// ``SessionReader/endFault`` say what.
  ///
  /// - Throws: ``StoreError`` if there is no manifest, it isn't valid, or the key is missing or another.
  public func readWhatIsThere() throws(StoreError) -> SessionReader {
    var manifest = try readManifest()
    var sealed: SealedSession?
    var openSegment: OpenSegment?
    // Between the two reads a writer may have sealed the open segment and begun another.
    for attempt in 0..<3 {
      sealed = manifest.envelope == nil ? nil : try SealedSession(self, manifest)
      guard manifest.state == .open else { break }
      openSegment = try readOpenSegment(of: manifest, sealed)
      guard openSegment == nil, Disk.exists(segmentPath(manifest.segments.count)), attempt < 2 else { break }
      manifest = try readManifest()
    }
    var faults: [SegmentFault] = []
    var endFault: StoreError?
    let whole = try sealed?.manifest(noting: &faults, &endFault) ?? manifest
    return SessionReader(
      folder: self, manifest: whole, openSegment: openSegment, damaged: faults, endFault: endFault,
      sealed: sealed)
  }

  /// The intact part of the segment that is not sealed; nil if there is none, or it has no intact frame.
  private func readOpenSegment(
    of manifest: SessionManifest, _ sealed: SealedSession?
  ) throws(StoreError) -> OpenSegment? {
    if let sealed { return try sealed.openSegment() }
    guard let (_, found) = wholeOfOpenSegment(manifest.segments.count),
      manifest.isSession(of: found.segment.header)
    else { return nil }
    return OpenSegment(segment: found.segment, bytes: found.wholeBytes, tornBytes: found.tornBytes)
  }

  private func wholeOfOpenSegment(_ index: Int) -> (bytes: [UInt8], found: RecoveredSegment)? {
    let limit = FormatLimits.segmentBytes + FormatLimits.payloadBytes
    guard let bytes = try? Disk.read(openSegmentPath(index), upTo: limit),
      let found = try? SegmentReader.recover(bytes), !found.segment.frames.isEmpty
    else { return nil }
    return (bytes, found)
  }

  /// The whole records of the segment that is not sealed: what a viewer may show of it. They only grow, until it is sealed.
  ///
  /// - Returns: nil where the segment is sealed or missing, or has no whole frame.
  public func openSegmentBytes(_ index: Int) -> [UInt8]? {
    wholeOfOpenSegment(index).map { Array($0.bytes.prefix($0.found.wholeBytes)) }
  }

  /// Whether a process writes the session now: it holds the folder's lock.
  public var isBeingWritten: Bool {
    guard let handle = try? Disk.open(path, O_RDONLY | O_DIRECTORY) else { return false }
    // A shared lock, which other readers take at the same time; it goes with the handle, which has to live until then.
    return withExtendedLifetime(handle) {
      flock(handle.descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }
  }
}

/// The intact part of a segment that is not sealed.
public struct OpenSegment: Sendable {
  public var segment: Segment
  /// Bytes of its intact records.
  public var bytes: Int
  /// Bytes after them: a record that is being written, or was cut off.
  public var tornBytes: Int
}

/// Reads the segments of a session and trusts none of them: each sealed one is checked against its own
/// checksums, the manifest, and the chain; the open one against the checksums of its records.
public struct SessionReader: Sendable {
  public let folder: SessionFolder
  /// For a session that is sealed to a public key the one that it would have without: from its opened segments.
  public let manifest: SessionManifest
  /// The segment after those of the manifest; nil if there is none.
  public let openSegment: OpenSegment?
  /// Listed segments of a session sealed to a public key that are missing or don't open. Those of other sessions are not
  /// read in advance.
  public let damaged: [SegmentFault]
  /// Why the list of such a session does not end as the session did; nil if it does, or nothing says how it ended.
  public let endFault: StoreError?
  /// Opens the segments of a sealed session.
  fileprivate let sealed: SealedSession?

  /// Number of sealed segments, plus the open one.
  public var segmentCount: Int { manifest.segments.count + (openSegment == nil ? 0 : 1) }

  /// Frames of the sealed segments and of the open one.
  public var frameCount: Int {
    manifest.segments.reduce(openSegment?.segment.frames.count ?? 0) { $0 + $1.frames }
  }

  /// The segment at an index of the session.
  ///
  /// - Throws: ``StoreError`` if the file is missing or damaged, isn't the one that the manifest lists, or
  ///   doesn't follow the previous one.
  public func segment(_ index: Int) throws(StoreError) -> Segment {
    precondition((0..<segmentCount).contains(index), "the session has no such segment")
    if index == manifest.segments.count, let openSegment { return openSegment.segment }
    if let sealed { return try sealed.segment(index).segment }
    let listed = manifest.segments[index]
    let path = folder.segmentPath(index)
    guard Disk.exists(path) else { throw StoreError(path, .missing) }
    let previous = index == 0 ? .zero : manifest.segments[index - 1].digest
    let (segment, entry) = try folder.readSegment(index, previous: previous)
    guard manifest.isSession(of: segment.header) else { throw StoreError(path, .otherSession) }
    guard entry.digest == listed.digest else {
      throw StoreError(path, .disagrees("the manifest lists another SHA-256"))
    }
    guard entry == listed else {
      throw StoreError(path, .disagrees("the manifest lists other figures for this segment"))
    }
    return segment
  }

  /// The bytes of the segment's file, if their length and SHA-256 are those in the manifest; the content is
  /// not parsed. Of a sealed session, the file that it would be without.
  public func file(_ index: Int) throws(StoreError) -> [UInt8] {
    precondition(manifest.segments.indices.contains(index), "the manifest lists no such segment")
    if let sealed {
      let previous = index == 0 ? .zero : manifest.segments[index - 1].digest
      return try sealed.plainFile(sealed.segment(index), at: index, previous: previous).bytes
    }
    let path = folder.segmentPath(index)
    let bytes = try Disk.read(path, upTo: FormatLimits.segmentBytes + FormatLimits.payloadBytes)
    let listed = manifest.segments[index]
    guard bytes.count == listed.bytes, SHA256.digest(bytes.span) == listed.digest else {
      throw StoreError(path, .disagrees("the manifest lists another SHA-256"))
    }
    return bytes
  }

  /// Indices of the listed segments whose files are missing: a spool that reached its limit dropped them before they
  /// were delivered, or somebody removed them.
  public func missingSegments() throws(StoreError) -> [Int] { try folder.missingSegments(of: manifest) }

  /// Files in `segments/` that the manifest doesn't list, sorted: segments that are not sealed or not
  /// listed yet (see ``SessionFolder/recover(givesUpFrames:)``), and foreign files; not those that were set aside.
  public func unlistedFiles() throws(StoreError) -> [String] { try folder.unlistedFiles(manifest) }
}

extension SessionFolder {
  /// The names in `segments/`, sorted; none if that is missing.
  private func segmentNames() throws(StoreError) -> [String] {
    Disk.exists(segmentsPath) ? try Disk.names(in: segmentsPath) : []
  }

  func missingSegments(of manifest: SessionManifest) throws(StoreError) -> [Int] {
    let files = Set(try segmentNames().compactMap { StoreLayout.index(ofFile: $0) })
    return manifest.segments.indices.filter { !files.contains($0) }
  }

  /// Whether a file, relative to the folder, has the name of a segment, sealed or not.
  static func isSegment(_ file: String) -> Bool {
    let name = file.dropFirst("segments/".count)
    return StoreLayout.index(ofFile: name.hasSuffix(openSuffix) ? name.dropLast(openSuffix.count) : name)
      != nil
  }

  func unlistedFiles(_ manifest: SessionManifest) throws(StoreError) -> [String] {
    let listed = Set(manifest.segments.indices.map(SessionFolder.segmentFile))
    return try segmentNames()
      .filter { !listed.contains("segments/" + $0) && !SessionFolder.isSetAside($0) }.map { "segments/" + $0 }
  }

  /// Files in `segments/` that a recovery renamed because they hold no frame, sorted. They are not part of the
  /// session.
  public func setAsideFiles() throws(StoreError) -> [String] {
    try segmentNames().filter(SessionFolder.isSetAside).map { "segments/" + $0 }
  }

  /// Whether a recovery gives such a name to a file that it sets aside.
  private static func isSetAside(_ name: String) -> Bool {
    name.hasSuffix(damagedSuffix) && StoreLayout.index(ofFile: name.dropLast(damagedSuffix.count)) != nil
  }
}
