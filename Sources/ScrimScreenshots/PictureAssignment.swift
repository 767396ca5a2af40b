import ScrimJSON

/// Which existing picture each entry of a file of annotations is of. No entry is used for two pictures, and
/// no picture gets an entry that fits another one better: names repeat from folder to folder, and
/// screenshots all have one size.
///
/// A name that exists as listed has priority over one without the prefix of an upload. Then the exact path
/// has priority over the folders in which exporters put pictures, and those over the name alone, of which
/// more equal folders are better. What fits two equally well is used for neither. A name in another case or
/// Unicode form is the last resort, for one picture and one entry.
struct PictureAssignment: Sendable {
  /// Location of a file of annotations.
  struct Place: Sendable {
    /// Parts of its folder's path below the input; for `annotations/x.json`, of the folder that contains
    /// `annotations`.
    var folder: [String]
    /// Whether the file lies in a folder `annotations` there.
    var isInner = false
    /// Its name; the end of `instances_train.json` names the folder of its pictures.
    var file: String
    /// The absolute path of the file's folder, if that is not at this place of the input.
    var outside: [String]?
    /// Absolute paths of the input, and of the tree that stands for it.
    var roots: [[String]]
  }

  enum Match {
    case entry(Int)
    /// The only entry whose name differs in case or Unicode form at most, of one picture.
    case respelled(Int)
    case none
    /// Several listed entries may be the picture.
    case entries(Int, Int)
    /// An entry may be this picture or another.
    case pictures(entry: Int, other: [String])
  }

  private let place: Place
  private let pictures: PictureIndex.Contents
  private let part: DataSetPart
  private var claims: [Int: PictureClaims] = [:]
  /// Pictures that have the name of an entry and lie in a folder that names another part of the data set.
  private var declined: [Int: Int] = [:]
  private var groups: [JSONKey: Group] = [:]

  /// The entries that are listed in one folder.
  private struct Group {
    /// One whose picture is not here.
    var missing: Int?
    /// The folders of the others' pictures, below the input.
    var folders: Set<JSONKey> = []
  }

  /// - Parameters:
  ///   - listed: the paths of the entries, as the file writes them.
  ///   - resolve: the path without links of an existing file, by its absolute path.
  init(
    of listed: [String], at place: Place, among pictures: PictureIndex.Contents,
    resolve: (String) -> String?
  ) {
    self.place = place
    self.pictures = pictures
    part = DataSetPart(of: place.stem)
    for (entry, text) in listed.enumerated() {
      let path = PicturePath(text)
      guard let found = best(for: text, path, resolve) else { continue }
      for index in found.declined { declined[index] = entry }
      let usable = usable(found, path)
      for index in usable {
        let rival = found.pictures.first { $0 != index }
        let claim = PictureClaims.Claim(entry: entry, rival: rival, fit: found.fit)
        if claims[index]?.add(claim) == nil { claims[index] = PictureClaims(claim) }
      }
      // Files of other formats can't be missed here.
      guard !usable.isEmpty || ImageFormat(name: path.name) != nil else { continue }
      let folder = JSONKey(path.isUpload ? "" : path.parts.dropLast().joined(separator: "/"))
      var group = groups[folder] ?? Group()
      if usable.isEmpty { group.missing = group.missing ?? entry }
      for index in usable { group.folders.insert(folderKey(of: index)) }
      groups[folder] = group
    }
  }

  /// The entry of the picture at a path below the input.
  func match(_ path: [String]) -> Match {
    guard let index = pictures.index(of: path) else { return .none }
    return match(index)
  }

  private func match(_ index: Int) -> Match {
    guard let (claim, other) = claims[index]?.match else { return .none }
    if let other { return .entries(claim.entry, other.entry) }
    if let rival = claim.rival { return .pictures(entry: claim.entry, other: pictures.paths[rival]) }
    return claim.fit.spelling == PictureFit.respelled ? .respelled(claim.entry) : .entry(claim.entry)
  }

  /// The pictures that an entry may be of.
  var listed: some Sequence<Int> { claims.keys }

  /// The pictures with an entry of their own, in the order of the scan.
  var matches: [(entry: Int, path: [String])] {
    claims.keys.sorted().compactMap { index in
      switch match(index) {
      case .entry(let entry), .respelled(let entry): (entry, pictures.paths[index])
      default: nil
      }
    }
  }

  /// An entry that has the name of a picture whose folder names another part of the data set than the list.
  func declinedEntry(of path: [String]) -> Int? { pictures.index(of: path).flatMap { declined[$0] } }

  /// An entry without a picture, and a picture in the folder of its neighbours that no list has.
  ///
  /// - Parameter listed: the pictures that any list of this place has.
  func difference(outside listed: Set<Int>) -> (missing: Int, unlisted: [String])? {
    var missing: [JSONKey: Int] = [:]
    for group in groups.values {
      guard let entry = group.missing else { continue }
      for folder in group.folders { missing[folder] = min(missing[folder] ?? entry, entry) }
    }
    guard !missing.isEmpty else { return nil }
    for index in pictures.paths.indices where !listed.contains(index) {
      if let entry = missing[folderKey(of: index)] { return (entry, pictures.paths[index]) }
    }
    return nil
  }

  private func folderKey(of index: Int) -> JSONKey {
    JSONKey(pictures.paths[index].dropLast().joined(separator: "/"))
  }

  private struct Found {
    var pictures: [Int] = []
    var fit = PictureFit(spelling: 0, way: .exact)
    /// Whether a picture must lie beside the file: a path of this tree that leads nowhere is a name only for
    /// those.
    var isOnlyBeside = false
    /// Those of another part of the data set.
    var declined: [Int] = []
  }

  /// The existing pictures that an entry fits best; nil if it is of a file that is none of the pictures.
  private func best(for text: String, _ listed: PicturePath, _ resolve: (String) -> String?) -> Found? {
    guard !listed.parts.isEmpty else { return Found() }
    switch exact(text, listed, resolve) {
    case .here(let found):
      var best = Found()
      for index in found { add(index, listed, best.fit, to: &best) }
      return best
    case .elsewhere: return nil
    case .unknown: break
    }
    var best = Found()
    for (spelling, (path, candidates)) in spellings(of: listed).enumerated() where best.pictures.isEmpty {
      for index in candidates {
        guard let fit = fit(path, pictures.paths[index], spelling) else { continue }
        add(index, listed, fit, to: &best)
      }
    }
    best.isOnlyBeside = best.fit.way == .name && !listed.isAbsolute
    guard usable(best, listed).isEmpty else { return best }
    // All that it may be, since another case or Unicode form is a reason for a unique picture only.
    var respelled = Found(declined: best.declined)
    for index in pictures.pictures(spelledLike: listed.name) {
      guard let fit = fit(listed, pictures.paths[index], PictureFit.respelled),
        fit.way != .name || listed.isAbsolute || isBeside(index)
      else { continue }
      add(index, listed, fit, to: &respelled)
    }
    return respelled.pictures.isEmpty ? best : respelled
  }

  private func usable(_ found: Found, _ listed: PicturePath) -> [Int] {
    found.pictures.filter { index in
      (found.isOnlyBeside ? isBeside(index) : true)
        && (found.pictures.count > 1 || mayBe(listed, pictures.paths[index], found.fit))
    }
  }

  /// The forms of a name, from best to least, each with the pictures of that name.
  private func spellings(of listed: PicturePath) -> [(PicturePath, [Int])] {
    let named =
      listed.isUpload ? pictures.pictures(named: listed.name) : pictures.pictures(listedAt: listed.parts)
    guard let upload = listed.withoutUploadPrefix else { return [(listed, named)] }
    return [
      (listed, named), (upload, pictures.pictures(named: upload.name)),
      (upload, pictures.pictures(convertedTo: upload.name)),
    ]
  }

  /// Adds a picture if none fits better; one of another part of the data set is no candidate.
  private func add(_ index: Int, _ listed: PicturePath, _ fit: PictureFit, to found: inout Found) {
    guard !isOfAnotherPart(listed, pictures.paths[index], fit.way) else {
      found.declined.append(index)
      return
    }
    let isRespelled = fit.spelling == PictureFit.respelled
    if found.pictures.isEmpty || !isRespelled && fit.isBetter(than: found.fit) {
      (found.pictures, found.fit) = ([index], fit)
    } else if isRespelled || fit.isAsGood(as: found.fit) {
      found.pictures.append(index)
    }
  }

  /// Whether the names of a picture's folder and of the list, or of the listed folder, say that they are of
  /// different parts of a data set, as `train.json` and the folder `val` do.
  private func isOfAnotherPart(_ listed: PicturePath, _ picture: [String], _ way: PictureFit.Way) -> Bool {
    let folder = listed.isUpload ? nil : listed.parts.dropLast().last
    var said = part
    switch way {
    // A path, or the names agree.
    case .subset, .part, .parent: return false
    case .exact, .images: if folder != nil { return false }
    case .anySubset: break
    case .name:
      let named = folder.map { DataSetPart(of: $0) }
      if let named, named.isNamed { said = named }
    }
    guard said.isNamed else { return false }
    let own = picture.dropLast()
    let below = begins(Array(own), with: place.folder) ? own.dropFirst(place.folder.count) : own
    let named = (below.isEmpty ? own.suffix(1) : below).map { DataSetPart(of: $0) }.last { $0.isNamed }
    return named.map { said.excludes($0) } ?? false
  }

  /// Whether a picture's folders allow what its name suggests, if it is the only one of that name: the right one may be
  /// missing. (Several are refused in any case.)
  private func mayBe(_ listed: PicturePath, _ picture: [String], _ fit: PictureFit) -> Bool {
    guard fit.way == .name, listed.isAbsolute, !listed.isUpload,
      [0, PictureFit.respelled].contains(fit.spelling)
    else { return true }
    // A path of another machine ends as it does here.
    let own = Array(picture.dropLast())
    let below = begins(own, with: place.folder) ? Array(own.dropFirst(place.folder.count)) : own
    let isOther = { (part: String) in !part.hasSameBytes(as: "images") }
    return ends(
      listed.parts.dropLast().filter(isOther), with: below.filter(isOther), comparison(fit.spelling))
  }

  private func isBeside(_ index: Int) -> Bool {
    pictures.paths[index].dropLast().elementsEqual(place.folder, by: hasSameBytes)
  }

  private enum Exact {
    case here([Int])
    /// It leads to a file that is none of the pictures.
    case elsewhere
    case unknown
  }

  /// The picture to which a path leads without any search.
  private func exact(_ text: String, _ listed: PicturePath, _ resolve: (String) -> String?) -> Exact {
    var paths: [String] = []
    if listed.isAbsolute {
      if text.hasPrefix("/") { paths.append(text) }
      if listed.isLocal { paths.append("/" + listed.parts.joined(separator: "/")) }
    } else {
      let own = place.folder + (place.isInner ? ["annotations"] : [])
      var bases = place.roots.map { $0 + own }
      if let outside = place.outside { bases.append(outside) }
      let spellings = [text.split(separator: "/").map(String.init).filter { $0 != "." }, listed.parts]
      for base in bases {
        for parts in spellings { paths.append("/" + PicturePath.joined(base, parts).joined(separator: "/")) }
      }
    }
    let here = Set(paths.compactMap(index(ofAbsolute:)))
    if !here.isEmpty { return .here(here.sorted()) }
    for path in paths {
      guard let real = resolve(path) else { continue }
      return index(ofAbsolute: real).map { .here([$0]) } ?? .elsewhere
    }
    return .unknown
  }

  private func index(ofAbsolute path: String) -> Int? {
    let parts = path.split(separator: "/").map(String.init)
    for root in place.roots where parts.count > root.count && begins(parts, with: root) {
      if let index = pictures.index(of: Array(parts.dropFirst(root.count))) { return index }
    }
    return nil
  }

  private func fit(_ listed: PicturePath, _ picture: [String], _ spelling: Int) -> PictureFit? {
    // The name was compared already, and may be another spelling.
    let folders = Array(listed.parts.dropLast())
    let own = Array(picture.dropLast())
    let isBelow = begins(own, with: place.folder)
    let isSame = comparison(spelling)
    if !listed.isAbsolute, listed.parts.first != ".." {
      let below = isBelow ? Array(own.dropFirst(place.folder.count)) : nil
      if let below, ends(below, with: folders, isSame) {
        let between = Array(below.dropLast(folders.count))
        if between.isEmpty { return PictureFit(spelling: spelling, way: place.isInner ? .images : .exact) }
        if between == ["images"] { return PictureFit(spelling: spelling, way: .images) }
        let isInImages = between.count == 2 && between[0] == "images"
        if between.count == 1 || isInImages, let last = between.last {
          if place.subsets.contains(where: { hasSameBytes(last, $0) }) {
            return PictureFit(spelling: spelling, way: .subset)
          }
          if part.isSame(as: DataSetPart(of: last)) { return PictureFit(spelling: spelling, way: .part) }
          if isInImages, place.subset == nil { return PictureFit(spelling: spelling, way: .anySubset) }
        }
      }
      if place.bases.contains(where: { base in
        let path = base.root + own
        guard ends(path, with: folders, isSame) else { return false }
        let start = path.count - folders.count
        return start < base.folder.count && begins(base.folder, with: Array(path.prefix(start)))
      }) {
        return PictureFit(spelling: spelling, way: .parent)
      }
    }
    // An upload has lost its folder, and so has a path after its last `..`.
    var shared = 0
    if !listed.isUpload, [0, PictureFit.respelled].contains(spelling) {
      for root in place.roots.prefix(1) {
        for (a, b) in zip(folders.reversed(), (root + own).reversed()) {
          guard isSame(a, b), a != ".." else { break }
          shared += 1
        }
      }
    }
    guard isBelow || shared > 0 else { return nil }
    return PictureFit(spelling: spelling, way: .name, folders: shared)
  }

  private func comparison(_ spelling: Int) -> (String, String) -> Bool {
    spelling == PictureFit.respelled
      ? { PicturePath.folded($0).hasSameBytes(as: PicturePath.folded($1)) } : { $0.hasSameBytes(as: $1) }
  }

  private func hasSameBytes(_ a: String, _ b: String) -> Bool { a.hasSameBytes(as: b) }

  private func begins(_ parts: [String], with start: [String]) -> Bool {
    parts.count >= start.count && zip(parts, start).allSatisfy(hasSameBytes)
  }

  private func ends(
    _ parts: [String], with end: [String], _ isSame: (String, String) -> Bool
  ) -> Bool {
    parts.count >= end.count && zip(parts.suffix(end.count), end).allSatisfy(isSame)
  }
}

extension PictureAssignment.Place {
  /// `train` of `instances_train.json`.
  fileprivate var subset: String? {
    let kinds = ["instances", "person_keypoints", "panoptic", "stuff"]
    guard let kind = kinds.first(where: { stem.hasPrefix($0 + "_") }) else { return nil }
    return String(stem.dropFirst(kind.count + 1))
  }

  /// The names that a folder of its pictures may have.
  fileprivate var subsets: [String] {
    if let subset { return [subset] }
    return stem.hasPrefix("coco_") ? [stem, String(stem.dropFirst(5))] : [stem]
  }

  /// `train` of `train.json`.
  fileprivate var stem: String { file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file }

  /// The absolute paths of the file's folder, each with that of the pictures.
  fileprivate var bases: [(root: [String], folder: [String])] {
    var bases = roots.map { (root: $0, folder: $0 + folder) }
    if let outside, let root = roots.first { bases.append((root, outside)) }
    return bases
  }
}
