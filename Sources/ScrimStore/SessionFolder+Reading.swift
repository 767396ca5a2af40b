public import ScrimFormat

extension SessionFolder {
  /// Opens a session to read what its manifest lists; one that is being written may be read too.
  ///
  /// - Throws: ``StoreError`` where there is no manifest, or it isn't valid.
  public func read() throws(StoreError) -> SessionReader {
    SessionReader(folder: self, manifest: try readManifest())
  }
}

/// Reads the sealed segments of a session and believes none of them: each is held against its own checksums, the
/// manifest, and the chain.
public struct SessionReader: Sendable {
  public let folder: SessionFolder
  public let manifest: SessionManifest

  /// The segment at `index` of the manifest's list.
  ///
  /// - Throws: ``StoreError`` where the file is missing or damaged, isn't the one that the manifest lists, or doesn't
  ///   follow the one before it.
  public func segment(_ index: Int) throws(StoreError) -> Segment {
    precondition(manifest.segments.indices.contains(index), "the manifest lists no such segment")
    let listed = manifest.segments[index]
    let path = folder.segmentPath(index)
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

  /// Files in `segments/` that the manifest doesn't list, sorted: segments not sealed or not listed yet (see
  /// ``SessionFolder/recover()``), and what is no part of the session.
  public func unlistedFiles() throws(StoreError) -> [String] {
    let listed = Set(manifest.segments.indices.map(SessionFolder.segmentFile))
    return try Disk.names(in: folder.segmentsPath).map { "segments/" + $0 }.filter { !listed.contains($0) }
  }
}
