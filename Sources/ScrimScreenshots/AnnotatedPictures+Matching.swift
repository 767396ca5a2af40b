/// Finds the entry of a given picture in a file of annotations. It never guesses: names repeat from folder
/// to folder, and screenshots all have one size.
extension AnnotatedPictures {
  /// Location of a file of annotations, and access to the files around it.
  struct Place {
    /// The parts of its folder's absolute path; for `annotations/x.json`, of the folder that contains
    /// `annotations`.
    var folder: [String]
    /// Its name; the end of `instances_train.json` names the folder of its pictures.
    var file: String
    /// Whether there is a picture at this path below `folder`.
    var exists: ([String]) -> Bool
  }

  enum Match {
    case picture(Picture)
    case none
    /// Several listed entries may be the picture.
    case ambiguous(String, String)
  }

  /// The boxes from a side file of one picture: its only entry, or the only one with that name.
  func sidecar(for request: SidecarRequest) throws(BoxesError) -> Sidecar {
    switch match(name: request.name, among: pictures(named: request.name)) {
    case .picture(let picture): return try picture.sidecar(format, for: request)
    case .none:
      throw BoxesError(
        format, "the file", .missing("a picture of this name (it lists \(listing)); a picture of this name"))
    case .ambiguous(let one, let other):
      throw BoxesError(
        format, "the file",
        .unsupported("a choice between two pictures: \(printable(one)) and \(printable(other)) have its name")
      )
    }
  }

  /// The entry for the picture at an absolute path.
  func match(path: [String], at place: Place) -> Match {
    guard let name = path.last else { return .none }
    let pictures = pictures(named: name)
    let there = pictures.filter { picture in
      let listed = PicturePath(picture.path)
      if place.leads(listed, to: path) { return true }
      guard let upload = listed.withoutUploadPrefix else { return false }
      let renamed = path.dropLast() + path.suffix(1).map(PicturePath.uploaded)
      return place.leads(upload, to: path) || place.leads(upload, to: Array(renamed))
    }
    if there.count == 1 { return .picture(there[0]) }
    if there.count > 1 { return .ambiguous(there[0].path, there[1].path) }
    // An entry with another path on this disk belongs to that picture. An entry with a path of another
    // machine, or in a file beside its pictures, is matched by name.
    let isBeside = Array(path.dropLast()) == place.folder
    return match(
      name: name,
      among: pictures.filter { picture in
        let listed = PicturePath(picture.path)
        return (listed.isAbsolute || isBeside) && !place.leadsElsewhere(listed)
      })
  }

  /// Matches by the last part alone.
  private func match(name: String, among pictures: [Picture]) -> Match {
    let uploaded = PicturePath.uploaded(name)
    var found = pictures.filter { PicturePath($0.path).name.utf8.elementsEqual(name.utf8) }
    if found.isEmpty {
      found = pictures.filter {
        guard let stripped = PicturePath($0.path).withoutUploadPrefix?.name else { return false }
        return stripped == name || stripped == uploaded
      }
    }
    switch found.count {
    case 0: return .none
    case 1: return .picture(found[0])
    default: return .ambiguous(found[0].path, found[1].path)
    }
  }

  /// A summary of the file's entries, for a message.
  var listing: String {
    guard let first = pictures.first else { return "no picture" }
    return
      "\(pictures.count == 1 ? "one picture" : "\(pictures.count) pictures"), the first is \(printable(first.path))"
  }
}

extension AnnotatedPictures.Place {
  /// Whether a listed path is that of the picture, relative to the folder, to one of its parents, or to the
  /// folders in which exporters put pictures.
  func leads(_ listed: PicturePath, to path: [String]) -> Bool {
    let parts = listed.parts
    guard !parts.isEmpty, path.count >= parts.count,
      zip(path.suffix(parts.count), parts).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
    else { return false }
    let base = Array(path.dropLast(parts.count))
    if listed.isAbsolute { return base.isEmpty }
    if base.count <= folder.count { return folder.starts(with: base) }
    guard base.starts(with: folder) else { return false }
    let between = base.dropFirst(folder.count)
    guard between.count <= 2 else { return false }
    if between.first == "images" { return between.count == 1 || subset == nil || subset == between.last }
    return between.count == 1 && between.first == subset
  }

  /// `train` of `instances_train.json`.
  private var subset: String? {
    guard let line = file.firstIndex(of: "_"), let dot = file.lastIndex(of: "."), line < dot else {
      return nil
    }
    let kinds = ["instances", "person_keypoints", "panoptic", "stuff"]
    guard let kind = kinds.first(where: { file.hasPrefix($0 + "_") }) else { return nil }
    return String(file[file.index(file.startIndex, offsetBy: kind.count + 1)..<dot])
  }

  /// Whether a listed path leads to an existing picture.
  func leadsElsewhere(_ listed: PicturePath) -> Bool {
    guard !listed.isAbsolute, listed.parts.count > 1 else { return false }
    return exists(listed.parts) || exists(["images"] + listed.parts)
  }
}
