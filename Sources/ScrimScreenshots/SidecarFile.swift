/// A file with the boxes of an image, not yet parsed.
struct SidecarFile {
  var bytes: [UInt8]
  var name: String
  var ending: String
  /// The image's entries in files that annotate many pictures; they then replace `bytes`.
  var annotations: [ListedPicture] = []

  /// Finds the boxes of an image: `shot.png.json`, or `shot.json` if no second image shares the stem, or
  /// the same with another ending; otherwise the annotations of its folder or of its parents.
  ///
  /// - Parameters:
  ///   - image: its name in the folder, or in the folder's counterpart.
  ///   - folderPath: path of that folder below the input, parts joined by slashes.
  ///   - isStemUnique: whether no other image of its folder has the same name except for the extension.
  /// - Returns: nil if there is no such file.
  static func find(
    for image: String, in folder: Folder?, folderPath: String, isStemUnique: Bool,
    annotations: AnnotationFiles
  ) throws(SidecarIssue) -> SidecarFile? {
    var names = SidecarFormat.endings.map { (file: image + $0, ending: $0) }
    if isStemUnique, let dot = image.lastIndex(of: ".") {
      names += SidecarFormat.endings.map { (file: image[..<dot] + $0, ending: $0) }
    }
    var found: SidecarFile?
    for (name, ending) in names {
      guard let folder else { break }
      let bytes: [UInt8]?
      do {
        bytes = try folder.contents(of: name, limit: SidecarFormat.sizeLimit)
      } catch {
        throw SidecarIssue("sidecar \(name): \(error.sentence)")
      }
      guard let bytes else { continue }
      // A file of annotations that has the stem of a picture by chance belongs to its folder.
      if AnnotationFiles.isName(name), annotations.holdsMany(name, in: folderPath) { continue }
      if let found {
        throw SidecarIssue("two sidecars, \(found.name) and \(name); keep the one that holds the boxes")
      }
      found = SidecarFile(bytes: bytes, name: name, ending: ending)
    }
    let listed: [ListedPicture]
    if found == nil {
      listed = try annotations.pictures(named: image, in: folderPath)
    } else {
      // Annotations that aren't needed may be invalid.
      listed = (try? annotations.pictures(named: image, in: folderPath)) ?? []
    }
    guard let first = listed.first else { return found }
    if let found {
      throw SidecarIssue(
        "\(found.name) and the annotations in \(first.file) both have its boxes; keep one of them")
    }
    return SidecarFile(
      bytes: listed.flatMap { Array($0.format.rawValue.utf8) + $0.picture.identity }, name: first.file,
      ending: ".json", annotations: listed)
  }

  func sidecar(_ request: SidecarRequest) throws(SidecarIssue) -> Sidecar {
    guard let first = annotations.first else {
      do { return try Sidecar.read(bytes, ending: ending, request: request).get() } catch {
        throw SidecarIssue("sidecar \(name): \(error)")
      }
    }
    // Several files of one export together describe one picture: boxes, key points, …
    var picture = first.picture
    for other in annotations.dropFirst() {
      guard other.format == first.format else {
        throw SidecarIssue("\(first.file) and \(other.file) list it in two formats; keep one")
      }
      guard other.picture.size == picture.size else {
        throw SidecarIssue("\(first.file) and \(other.file) are of pictures of two sizes; keep one")
      }
      picture.regions += other.picture.regions
    }
    do { return try picture.sidecar(first.format, for: request) } catch {
      throw SidecarIssue("\(name): \(error)")
    }
  }
}
