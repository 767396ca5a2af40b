import Synchronization

/// A picture's entry in a file of annotations.
struct ListedPicture: Sendable {
  /// Path of the file, below the folder in which it was found.
  var file: String
  var format: BoxFormat
  var picture: AnnotatedPictures.Picture
  /// For the report: how the entry was matched, if not by its name.
  var note: String?
}

/// Finds files that annotate many pictures, where annotation tools put them: in the folder of the pictures,
/// in all folders above it up to the input, and in a folder `annotations` of each. Each is read once; those
/// of a few folders are kept at a time.
final class AnnotationFiles: Sendable {
  /// File names that tools use, and prefixes of such names.
  private static let names = ["annotations.json", "_annotations.coco.json", "result.json", "annotations.xml"]
  private static let beginnings = [
    "instances_", "person_keypoints_", "coco_", "project-", "via_project", "via_region_data",
  ]
  private static let limit = 64
  private static let heldFolders = 16
  /// Folders without such files take little memory, and every picture asks for all above it.
  private static let heldEmptyFolders = 4 * FolderScan.depthLimit

  /// The only file to use, if the user named one.
  private let file: (folder: Folder, name: String)?
  private let root: Folder?
  /// Absolute paths of the pictures' folder and of the files', as parts, and of the folder of the only file.
  private let roots: [[String]]
  private let outside: [String]?
  private let pictures: PictureIndex
  private let isScaleGiven: Bool
  private let held = Mutex<[Level]>([])

  private struct Level: Sendable {
    var path: String
    var files: [File]
    var fault: SidecarIssue?
  }

  private struct File: Sendable {
    /// Its name, and its path below the input for messages; the name alone if the user gave the path.
    var name: String
    var shown: String
    /// Whether it lies in the level's folder `annotations`.
    var isInner: Bool
    /// Nil for a file of another kind.
    var pictures: Result<AnnotatedPictures?, SidecarIssue>
    /// Which picture each entry is of; nil for a file of another kind.
    var assignment: PictureAssignment?
    /// Why the file may be of other pictures with the same names. It then gives no boxes.
    var doubt: SidecarIssue?

    var contents: ListEvidence? {
      guard case .success(let pictures?) = pictures, let assignment else { return nil }
      return ListEvidence(file: shown, list: pictures, assignment: assignment)
    }
  }

  /// - Parameters:
  ///   - root: the folder of the pictures, or a tree that stands for it; nothing above it is searched.
  ///   - path: its absolute path without links.
  ///   - isScaleGiven: whether the user gave a scale, which confirms a file whose size in bytes is another.
  init(below root: Folder, path: String, of pictures: PictureIndex, isScaleGiven: Bool = false) {
    self.isScaleGiven = isScaleGiven
    self.root = root
    self.pictures = pictures
    let parts = path.split(separator: "/").map(String.init)
    roots = parts == pictures.root ? [parts] : [pictures.root, parts]
    outside = nil
    file = nil
  }

  /// - Parameters:
  ///   - file: the only one to use.
  ///   - path: absolute path of its folder without links.
  init(
    only file: String, in folder: Folder, path: String, of pictures: PictureIndex,
    isScaleGiven: Bool = false
  ) {
    self.isScaleGiven = isScaleGiven
    self.file = (folder, file)
    self.pictures = pictures
    root = nil
    roots = [pictures.root]
    outside = path.split(separator: "/").map(String.init)
  }

  /// Whether the user named the one file to use.
  var isOnlyFile: Bool { file != nil }

  static func isName(_ name: String) -> Bool {
    (name.hasSuffix(".json") || name.hasSuffix(".xml"))
      && (names.contains(name) || beginnings.contains { name.hasPrefix($0) })
  }

  /// Whether a file of a folder contains annotations of many pictures.
  func holdsMany(_ name: String, in folderPath: String) -> Bool {
    guard let file = level(folderPath).files.first(where: { !$0.isInner && $0.name == name })
    else { return false }
    if case .success(let pictures?) = file.pictures { return pictures.pictures.count > 1 }
    return false
  }

  /// The annotations of a picture; empty if no file lists it.
  ///
  /// - Throws: if files that may list it can't be read, if several list it that don't belong together, or if
  ///   one that lists it may be of other pictures.
  func pictures(named name: String, in folderPath: String) throws(SidecarIssue) -> [ListedPicture] {
    let below = folderPath.split(separator: "/").map(String.init)
    var found: [ListedPicture] = []
    for up in 0...below.count {
      let level = level(below.dropLast(up).joined(separator: "/"))
      var listed: [ListedPicture] = []
      var areUnited = found.isEmpty
      for file in level.files {
        guard let annotations = try file.pictures.get(),
          let (entry, note) = try entry(of: below + [name], in: file, annotations)
        else { continue }
        if let doubt = file.doubt { throw doubt }
        // An export that exists twice says one thing.
        if (found + listed).contains(where: { $0.picture.hasSameContent(as: entry) }) { continue }
        // Those of one folder `annotations` belong together.
        areUnited = areUnited && file.isInner
        listed.append(
          ListedPicture(file: file.shown, format: annotations.format, picture: entry, note: note))
      }
      if let fault = level.fault, listed.isEmpty, found.isEmpty { throw fault }
      found += listed
      guard listed.isEmpty || found.count < 2 || areUnited else {
        throw SidecarIssue(
          "\(printable(found[0].file)) and \(printable(found[1].file)) both list it, and differ; keep the one that is right"
        )
      }
      if file != nil { break }
    }
    return found
  }

  private func entry(
    of path: [String], in file: File, _ annotations: AnnotatedPictures
  ) throws(SidecarIssue) -> (AnnotatedPictures.Picture, note: String?)? {
    func shown(_ entry: Int) -> String { printable(annotations.pictures[entry].path) }
    switch file.assignment?.match(path) ?? .none {
    case .none: return nil
    case .entry(let index): return (annotations.pictures[index], nil)
    case .respelled(let index):
      return (
        annotations.pictures[index],
        "listed as \(shown(index)), whose case or Unicode form differs from this picture's"
      )
    case .entries(let one, let other):
      throw SidecarIssue(
        "\(file.shown) lists \(shown(one)) and \(shown(other)), and either may be this picture; keep one")
    case .pictures(let entry, let other):
      throw SidecarIssue(
        "\(file.shown) lists \(shown(entry)), which may be this picture or \(printable(other.joined(separator: "/"))); list each by its path from the folder of that file"
      )
    }
  }

  /// For a picture without boxes: which annotation files there are, and what they list; nil if there are
  /// none.
  func explanation(named name: String, in folderPath: String) -> String? {
    let below = folderPath.split(separator: "/").map(String.init)
    var first: String?
    for up in 0...below.count {
      for file in level(below.dropLast(up).joined(separator: "/")).files {
        guard case .success(let annotations?) = file.pictures else {
          let stem = PicturePath(name).stem
          guard file.isInner,
            ["\(name).json", "\(stem).json", "\(name).xml", "\(stem).xml"].contains(file.name)
          else { continue }
          first =
            first
            ?? "\(file.shown) is not a list of pictures; put it beside its picture, or give --widgets and its folder"
          continue
        }
        if let entry = file.assignment?.declinedEntry(of: below + [name]) {
          return
            "\(file.shown) lists \(printable(annotations.pictures[entry].path)), but the name of that list, or the listed folder, and this picture's folder are of different parts of a data set; if it is this picture, list it by its path from the folder of that file, or rename one"
        }
        first =
          first
          ?? "\(file.shown) lists \(annotations.listing); give it this picture's name, or its path from the folder of that file"
      }
      if file != nil { break }
    }
    return first
  }

  private func level(_ path: String) -> Level {
    held.withLock { held in
      let path = file == nil ? path : ""
      if let index = held.firstIndex(where: { $0.path == path }) {
        // The folder that was not used for longest is given up.
        let level = held.remove(at: index)
        held.append(level)
        return level
      }
      let level = read(path)
      held.append(level)
      let isEmpty = level.files.isEmpty
      let limit = isEmpty ? AnnotationFiles.heldEmptyFolders : AnnotationFiles.heldFolders
      if held.count(where: { $0.files.isEmpty == isEmpty }) > limit,
        let oldest = held.firstIndex(where: { $0.files.isEmpty == isEmpty })
      {
        held.remove(at: oldest)
      }
      return level
    }
  }

  private func read(_ path: String) -> Level {
    if let file {
      let isInner = outside.map { $0 == pictures.root + ["annotations"] } ?? false
      var only = read(file.name, shown: file.name, in: file.folder, [], isInner)
      // The user says that it is of these pictures, so names that are missing are no doubt.
      only.doubt = only.contents?.otherSize(among: pictures, isScaleGiven: isScaleGiven)
      return Level(path: path, files: [only])
    }
    var level = Level(path: path, files: [])
    let parts = path.split(separator: "/").map(String.init)
    let place = path.isEmpty ? "" : path + "/"
    do throws(FolderError) {
      guard let folder = try folder(parts) else { return level }
      for name in try folder.names(where: { AnnotationFiles.isName($0) || $0 == "annotations" }).sorted() {
        guard name == "annotations" else {
          level.files.append(read(name, shown: place + name, in: folder, parts, false))
          continue
        }
        guard try folder.status(of: name)?.kind == .folder else { continue }
        let inner = try folder.folder(named: name)
        let files = try inner.names { $0.hasSuffix(".json") || $0.hasSuffix(".xml") }
        guard files.count <= AnnotationFiles.limit else {
          level.fault = SidecarIssue(
            "\(place)annotations holds more than \(AnnotationFiles.limit) files; name the right one with --widgets"
          )
          continue
        }
        for file in files.sorted() {
          level.files.append(read(file, shown: place + "annotations/" + file, in: inner, parts, true))
        }
      }
    } catch {
      level.fault = SidecarIssue("searching lists of pictures in \(place)annotations: \(error.sentence)")
    }
    let contents = level.files.map(\.contents)
    let listed = Set(contents.compactMap { $0?.assignment.listed }.joined())
    for (index, contents) in contents.enumerated() {
      level.files[index].doubt =
        contents?.otherSize(among: pictures, isScaleGiven: isScaleGiven) ?? contents?.otherSet(than: listed)
    }
    return level
  }

  private func read(
    _ name: String, shown: String, in folder: Folder, _ parts: [String], _ isInner: Bool
  ) -> File {
    var file = File(name: name, shown: shown, isInner: isInner, pictures: .success(nil))
    do {
      guard let raw = try folder.contents(of: name, limit: SidecarFormat.sizeLimit) else { return file }
      guard let bytes = Sidecar.utf8(raw) else {
        throw SidecarIssue("it is UTF-16 that can't be read; convert it to UTF-8")
      }
      guard
        let annotations = try AnnotatedPictures(
          file: bytes, ending: name.hasSuffix(".xml") ? ".xml" : ".json")
      else { return file }
      let place = PictureAssignment.Place(
        folder: parts, isInner: isInner, file: name, outside: outside, roots: roots)
      file.assignment = PictureAssignment(
        of: annotations.pictures.map(\.path), at: place, among: try pictures.contents(),
        resolve: RedactionRun.existing)
      file.pictures = .success(annotations)
    } catch {
      let reason = (error as? FolderError)?.sentence ?? "\(error)"
      file.pictures = .failure(
        SidecarIssue(
          "\(shown) may list it, but can't be used: \(reason). Correct or remove that file, or name the right list with --widgets"
        ))
    }
    return file
  }

  private func folder(_ parts: [String]) throws(FolderError) -> Folder? {
    guard var folder = root else { return nil }
    for part in parts {
      guard try folder.status(of: part)?.kind == .folder else { return nil }
      folder = try folder.folder(named: part)
    }
    return folder
  }
}
