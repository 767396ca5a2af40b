import Synchronization

/// A picture's entry in a file of annotations.
struct ListedPicture: Sendable {
  /// Path of the file, below the folder in which it was found.
  var file: String
  var format: BoxFormat
  var picture: AnnotatedPictures.Picture
}

/// Finds files that annotate many pictures, where annotation tools put them: in the folder of the pictures,
/// in its two parents, and in a folder `annotations` of each. Each is read once; those of a few folders are
/// kept at a time.
final class AnnotationFiles: Sendable {
  /// File names that tools use, and prefixes of such names.
  private static let names = ["annotations.json", "_annotations.coco.json", "result.json", "annotations.xml"]
  private static let beginnings = [
    "instances_", "person_keypoints_", "project-", "via_project", "via_region_data",
  ]
  /// Prefixes of files in an `annotations` folder that contain no places.
  private static let placeless = ["captions_", "labels_", "image_info_"]
  private static let limit = 64
  private static let heldFolders = 16

  /// The only file to use, if the user named one.
  private let file: (folder: Folder, name: String)?
  private let root: Folder?
  /// The parts of the root's absolute path.
  private let rootParts: [String]
  private let held = Mutex<[Level]>([])

  private struct Level: Sendable {
    var path: String
    var files: [File]
    var fault: SidecarIssue?
  }

  private struct File: Sendable {
    /// Path below the level's folder.
    var name: String
    /// Nil for a file of another kind.
    var pictures: Result<AnnotatedPictures?, SidecarIssue>

    var lastName: String { name.split(separator: "/").last.map(String.init) ?? name }
  }

  /// - Parameter root: nothing above it is searched.
  init(below root: Folder, path: String) {
    self.root = root
    rootParts = path.split(separator: "/").map(String.init)
    file = nil
  }

  /// - Parameters:
  ///   - file: the only one to use.
  ///   - path: absolute path of the pictures' root.
  init(only file: String, in folder: Folder, path: String) {
    self.file = (folder, file)
    root = nil
    rootParts = path.split(separator: "/").map(String.init)
  }

  /// Whether the user named the one file to use.
  var isOnlyFile: Bool { file != nil }

  static func isName(_ name: String) -> Bool {
    (name.hasSuffix(".json") || name.hasSuffix(".xml"))
      && (names.contains(name) || beginnings.contains { name.hasPrefix($0) })
  }

  /// Whether a file of a folder contains annotations of many pictures.
  func holdsMany(_ name: String, in folderPath: String) -> Bool {
    guard let file = level(folderPath).files.first(where: { $0.name == name }) else { return false }
    if case .success(let pictures?) = file.pictures { return pictures.pictures.count > 1 }
    return false
  }

  /// The annotations of a picture; empty if no file lists it.
  ///
  /// - Throws: if files that may list it can't be read, or if several list it that don't belong together.
  func pictures(named name: String, in folderPath: String) throws(SidecarIssue) -> [ListedPicture] {
    let below = folderPath.split(separator: "/").map(String.init)
    let path = rootParts + below + [name]
    for up in 0...2 where up <= below.count {
      let folder = Array(below.dropLast(up))
      let level = level(folder.joined(separator: "/"))
      var listed: [ListedPicture] = []
      for file in level.files {
        guard let annotations = try file.pictures.get() else { continue }
        let place = AnnotatedPictures.Place(folder: rootParts + folder, file: file.lastName) { parts in
          self.exists(folder + parts)
        }
        switch annotations.match(path: path, at: place) {
        case .none: continue
        case .picture(let picture):
          listed.append(ListedPicture(file: file.name, format: annotations.format, picture: picture))
        case .ambiguous(let one, let other):
          throw SidecarIssue(
            "\(file.name) lists \(printable(one)) and \(printable(other)), and either may be this picture; keep one"
          )
        }
      }
      if let fault = level.fault, listed.isEmpty { throw fault }
      let lone = listed.filter { !$0.file.hasPrefix("annotations/") }
      guard listed.count < 2 || lone.isEmpty else {
        throw SidecarIssue("two annotations, \(listed[0].file) and \(listed[1].file); keep one")
      }
      if !listed.isEmpty { return listed }
      if file != nil { return [] }
    }
    return []
  }

  /// For a picture without boxes: which annotation files there are, and what they list; nil if there are
  /// none.
  func explanation(in folderPath: String) -> String? {
    let below = folderPath.split(separator: "/").map(String.init)
    for up in 0...2 where up <= below.count {
      for file in level(below.dropLast(up).joined(separator: "/")).files {
        guard case .success(let annotations?) = file.pictures else { continue }
        return
          "\(file.name) lists \(annotations.listing); give it this picture's name, or its path from the folder of that file"
      }
    }
    return nil
  }

  private func level(_ path: String) -> Level {
    held.withLock { held in
      let path = file == nil ? path : ""
      if let index = held.firstIndex(where: { $0.path == path }) { return held[index] }
      let level = read(path)
      held.append(level)
      if held.count > AnnotationFiles.heldFolders { held.removeFirst() }
      return level
    }
  }

  private func read(_ path: String) -> Level {
    if let file {
      return Level(path: path, files: [AnnotationFiles.read(file.name, shown: file.name, in: file.folder)])
    }
    var level = Level(path: path, files: [])
    do throws(FolderError) {
      guard let folder = try folder(path.split(separator: "/").map(String.init)) else { return level }
      for name in try folder.names(where: { AnnotationFiles.isName($0) || $0 == "annotations" }).sorted() {
        guard name == "annotations" else {
          level.files.append(AnnotationFiles.read(name, shown: name, in: folder))
          continue
        }
        guard try folder.status(of: name)?.kind == .folder else { continue }
        let inner = try folder.folder(named: name)
        let files = try inner.names { name in
          (name.hasSuffix(".json") || name.hasSuffix(".xml"))
            && !AnnotationFiles.placeless.contains { name.hasPrefix($0) }
        }
        guard files.count <= AnnotationFiles.limit else {
          level.fault = SidecarIssue(
            "annotations holds more than \(AnnotationFiles.limit) files; name the right one with --widgets"
          )
          continue
        }
        for file in files.sorted() {
          level.files.append(AnnotationFiles.read(file, shown: "annotations/" + file, in: inner))
        }
      }
    } catch {
      level.fault = SidecarIssue("annotations: \(error.sentence)")
    }
    return level
  }

  private static func read(_ name: String, shown: String, in folder: Folder) -> File {
    let result: Result<AnnotatedPictures?, SidecarIssue>
    do {
      guard let raw = try folder.contents(of: name, limit: SidecarFormat.sizeLimit) else {
        return File(name: shown, pictures: .success(nil))
      }
      guard let bytes = Sidecar.utf8(raw) else {
        throw SidecarIssue("\(shown): it is UTF-16 that can't be read; convert it to UTF-8")
      }
      var annotations = try AnnotatedPictures(
        file: bytes, ending: name.hasSuffix(".xml") ? ".xml" : ".json")
      annotations?.index()
      result = .success(annotations)
    } catch let error as FolderError {
      result = .failure(SidecarIssue("\(shown): \(error.sentence)"))
    } catch {
      result = .failure(SidecarIssue("\(shown): \(error)"))
    }
    return File(name: shown, pictures: result)
  }

  private func folder(_ parts: [String]) throws(FolderError) -> Folder? {
    guard var folder = root else { return nil }
    for part in parts {
      guard try folder.status(of: part)?.kind == .folder else { return nil }
      folder = try folder.folder(named: part)
    }
    return folder
  }

  private func exists(_ parts: [String]) -> Bool {
    guard let name = parts.last, !parts.contains("..") else { return false }
    return (try? folder(Array(parts.dropLast()))?.status(of: name)) != nil
  }
}
