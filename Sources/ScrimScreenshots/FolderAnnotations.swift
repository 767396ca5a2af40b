import ScrimRedact
import Synchronization

/// The COCO annotations of a folder, read once for all of its pictures. Those of one folder are held at a time.
final class FolderAnnotations: Sendable {
  /// The names that tools give them.
  static let names = ["annotations.json", "_annotations.coco.json"]

  private struct Entry {
    var path: String
    var annotations: Result<COCOAnnotations?, SidecarFault>
  }

  private let latest = Mutex<Entry?>(nil)

  /// What a folder's annotations say of pictures; nil where it has none.
  func annotations(of folder: Folder) throws(SidecarFault) -> COCOAnnotations? {
    let result = latest.withLock { latest in
      if let latest, latest.path == folder.path { return latest.annotations }
      let read = Result { () throws(SidecarFault) in try FolderAnnotations.read(folder) }
      latest = Entry(path: folder.path, annotations: read)
      return read
    }
    return try result.get()
  }

  private static func read(_ folder: Folder) throws(SidecarFault) -> COCOAnnotations? {
    var found: (name: String, annotations: COCOAnnotations)?
    for name in names {
      let bytes: [UInt8]?
      do {
        bytes = try folder.contents(of: name, limit: SidecarFormat.sizeLimit)
      } catch {
        throw SidecarFault("\(name): \(error.sentence)")
      }
      guard let bytes else { continue }
      if let found { throw SidecarFault("two annotations, \(found.name) and \(name); keep one") }
      do {
        guard let annotations = try COCOAnnotations(file: bytes) else { continue }
        found = (name, annotations)
      } catch {
        throw SidecarFault("\(name): \(error)")
      }
    }
    return found?.annotations
  }
}
