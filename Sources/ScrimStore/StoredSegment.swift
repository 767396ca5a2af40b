import Glibc
public import ScrimFormat

/// The file of a stored segment, which is read in parts, so that it need not be in memory as a whole.
///
/// The file is opened for each part: a reader who takes long keeps no file open, and gets no more of a session that is
/// deleted meanwhile. A segment is never changed once it is stored.
public struct StoredSegment: Sendable {
  public let bytes: Int
  /// SHA-256 of all bytes, as they are on the disk now.
  public let digest: SHA256Digest
  private let path: String

  /// Bytes that are read at once.
  public static let part = 256 << 10

  fileprivate init(path: String) throws(StoreError) {
    self.path = path
    let (file, kind) = try Disk.openAny(path)
    guard kind == S_IFREG else { throw StoreError(path, .notAFile) }
    var hash = SHA256()
    var count = 0
    while true {
      let part = try Disk.read(file, at: count, count: StoredSegment.part)
      hash.update(part.span)
      count += part.count
      guard count <= SealedFile.limit else { throw StoreError(path, .system(doing: "reading", errno: EFBIG)) }
      guard part.count == StoredSegment.part else { break }
    }
    bytes = count
    digest = hash.digest()
  }

  /// Reads a part.
  ///
  /// - Parameter range: within the file.
  /// - Throws: also if the file has fewer bytes by now, or is gone.
  public func read(_ range: Range<Int>) throws(StoreError) -> [UInt8] {
    let (file, _) = try Disk.openAny(path)
    let part = try Disk.read(file, at: range.lowerBound, count: range.count)
    guard part.count == range.count else {
      throw StoreError(path, .disagrees("it has fewer bytes than before"))
    }
    return part
  }
}

extension SessionStore {
  /// A segment's file, to read it in parts; nil if there is none.
  public func storedSegment(_ index: Int, of place: Place) throws(StoreError) -> StoredSegment? {
    do throws(StoreError) {
      return try StoredSegment(path: folder(of: place).segmentPath(index))
    } catch {
      if case .system(_, ENOENT) = error.reason { return nil }
      throw error
    }
  }
}
