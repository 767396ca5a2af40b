import ScrimJSON

/// The files with the boxes of an image, not yet parsed. The boxes of all are used together: what any of them
/// masks is masked.
struct SidecarFile {
  struct Part {
    var bytes: [UInt8]
    var name: String
    var ending: String
  }

  /// One or more.
  var parts: [Part]
  /// The image's entries in files that annotate many pictures; they then replace `parts`.
  var annotations: [ListedPicture] = []

  /// Everything on which the boxes depend, to detect changes.
  var identity: [[UInt8]] { parts.flatMap { [Array($0.ending.utf8), $0.bytes] } }

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
    var found: [Part] = []
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
      found.append(Part(bytes: bytes, name: name, ending: ending))
    }
    var listed: [ListedPicture]
    if found.isEmpty {
      listed = try annotations.pictures(named: image, in: folderPath)
    } else {
      // Annotations that aren't needed may be invalid.
      listed = (try? annotations.pictures(named: image, in: folderPath)) ?? []
      // `result.json` of `result.png` is both.
      let own = found.map { folderPath.isEmpty ? $0.name : folderPath + "/" + $0.name }
      listed.removeAll { entry in own.contains { $0.hasSameBytes(as: entry.file) } }
    }
    guard let first = listed.first else { return found.isEmpty ? nil : SidecarFile(parts: found) }
    if let own = found.first {
      throw SidecarIssue(
        "\(own.name) and the annotations in \(first.file) both have its boxes; keep one of them")
    }
    let bytes = listed.flatMap { Array($0.format.rawValue.utf8) + $0.picture.identity }
    return SidecarFile(
      parts: [Part(bytes: bytes, name: first.file, ending: ".json")], annotations: listed)
  }

  /// The boxes of each file.
  ///
  /// - Throws: if one of them can't be read, or is of another picture: it may be the one that has the private
  ///   content.
  func sidecars(_ request: SidecarRequest) throws(SidecarIssue) -> [Sidecar] {
    if let first = annotations.first { return [try united(first, request)] }
    var sidecars: [Sidecar] = []
    for part in parts {
      do {
        sidecars.append(try Sidecar.read(part.bytes, ending: part.ending, request: request).get())
      } catch {
        let others = parts.count > 1 ? "; all files of its name are read, so correct or remove it" : ""
        throw SidecarIssue("sidecar \(part.name): \(error)\(others)")
      }
    }
    return sidecars
  }

  /// The boxes of several files of one export, which together describe one picture: boxes, key points, …
  private func united(_ first: ListedPicture, _ request: SidecarRequest) throws(SidecarIssue) -> Sidecar {
    var picture = first.picture
    for other in annotations.dropFirst() {
      guard other.format == first.format else {
        throw SidecarIssue("\(first.file) and \(other.file) list it in two formats; keep one")
      }
      guard other.picture.size == picture.size else {
        throw SidecarIssue("\(first.file) and \(other.file) are of pictures of two sizes; keep one")
      }
      // A task that isn't done gives no information.
      picture.problem = picture.problem ?? other.picture.problem
      picture.regions += other.picture.regions
    }
    do {
      var sidecar = try picture.sidecar(first.format, for: request)
      sidecar.notes += Set(annotations.compactMap(\.note)).sorted()
      return sidecar
    } catch {
      throw SidecarIssue("\(first.file): \(error)")
    }
  }
}
