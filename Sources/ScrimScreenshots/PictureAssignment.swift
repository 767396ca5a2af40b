/// Which existing picture each entry of a file of annotations is of. No entry is used for two pictures, and
/// no picture gets an entry that fits another one better: names repeat from folder to folder, and
/// screenshots all have one size.
///
/// A name that exists as listed has priority over one without the prefix of an upload. Then the exact path
/// has priority over the folders in which exporters put pictures, and those over the name alone, of which
/// more equal folders are better. What fits two equally well is used for neither.
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
    case none
    /// Several listed entries may be the picture.
    case entries(Int, Int)
    /// An entry may be this picture or another.
    case pictures(entry: Int, other: [String])
  }

  private struct Claim {
    var entry: Int
    /// Another picture that the entry fits as well.
    var rival: Int?
    var fit: Fit
  }

  private struct Fit: Comparable {
    /// 0 for the listed name, 1 without an upload's prefix, 2 also as an upload converts it.
    var spelling: Int
    var way: Way
    /// The number of equal folders before the name, if the name alone decides.
    var folders = 0

    static func < (a: Fit, b: Fit) -> Bool {
      (a.spelling, a.way.rawValue, -a.folders) < (b.spelling, b.way.rawValue, -b.folders)
    }

    /// The better spelling and the better way of both.
    func least(_ other: Fit) -> Fit {
      var best = (way.rawValue, -folders) <= (other.way.rawValue, -other.folders) ? self : other
      best.spelling = min(spelling, other.spelling)
      return best
    }
  }

  private enum Way: Int {
    case exact, subset, images, anySubset, parent, name
  }

  /// The claims on a picture, of which one is used only if it is better than all others in every respect.
  private struct Claims {
    private let first: Claim
    private var second: Claim?
    private var winner: Claim?
    private var equal: Claim?
    private var least: Fit

    init(_ claim: Claim) {
      first = claim
      winner = claim
      least = claim.fit
    }

    mutating func add(_ claim: Claim) {
      if second == nil { second = claim }
      least = least.least(claim.fit)
      if let winner, winner.fit != least { (self.winner, equal) = (nil, nil) }
      guard claim.fit == least else { return }
      if winner == nil { winner = claim } else { equal = claim }
    }

    var match: (Claim, other: Claim?) {
      if let winner { return (winner, equal) }
      return (first, second)
    }
  }

  private let place: Place
  private let pictures: PictureIndex.Contents
  private var claims: [Int: Claims] = [:]

  /// - Parameters:
  ///   - listed: the paths of the entries, as the file writes them.
  ///   - resolve: the path without links of an existing file, by its absolute path.
  init(
    of listed: [String], at place: Place, among pictures: PictureIndex.Contents,
    resolve: (String) -> String?
  ) {
    self.place = place
    self.pictures = pictures
    for (entry, path) in listed.enumerated() {
      guard let found = best(for: path, resolve) else { continue }
      let listed = PicturePath(path)
      for index in found.pictures
      where (found.isOnlyBeside ? isBeside(index) : true)
        && (found.pictures.count > 1 || mayBe(listed, pictures.paths[index], found.fit))
      {
        let rival = found.pictures.first { $0 != index }
        let claim = Claim(entry: entry, rival: rival, fit: found.fit)
        if claims[index]?.add(claim) == nil { claims[index] = Claims(claim) }
      }
    }
  }

  /// The entry of the picture at a path below the input.
  func match(_ path: [String]) -> Match {
    guard let index = pictures.index(of: path), let (claim, other) = claims[index]?.match else {
      return .none
    }
    if let other { return .entries(claim.entry, other.entry) }
    if let rival = claim.rival { return .pictures(entry: claim.entry, other: pictures.paths[rival]) }
    return .entry(claim.entry)
  }

  private struct Found {
    var pictures: [Int]
    var fit: Fit
    /// Whether a picture must lie beside the file: a path of this tree that leads nowhere is a name only for
    /// those.
    var isOnlyBeside = false
  }

  /// The existing pictures that an entry fits best.
  private func best(for text: String, _ resolve: (String) -> String?) -> Found? {
    let listed = PicturePath(text)
    guard !listed.parts.isEmpty else { return nil }
    switch exact(text, listed, resolve) {
    case .here(let found): return Found(pictures: found, fit: Fit(spelling: 0, way: .exact))
    case .elsewhere: return nil
    case .unknown: break
    }
    let named =
      listed.isUpload ? pictures.pictures(named: listed.name) : pictures.pictures(listedAt: listed.parts)
    var spellings = [(listed, named)]
    if let upload = listed.withoutUploadPrefix {
      spellings += [
        (upload, pictures.pictures(named: upload.name)),
        (upload, pictures.pictures(convertedTo: upload.name)),
      ]
    }
    for (spelling, (path, candidates)) in spellings.enumerated() {
      var found: Found?
      for index in candidates {
        guard let fit = fit(path, pictures.paths[index], spelling) else { continue }
        if let best = found?.fit, !(fit < best) {
          if fit == best { found?.pictures.append(index) }
        } else {
          found = Found(pictures: [index], fit: fit, isOnlyBeside: fit.way == .name && !path.isAbsolute)
        }
      }
      if let found { return found }
    }
    return nil
  }

  /// Whether a picture's folders allow what its name suggests, if it is the only one of that name: the right one may be
  /// missing. (Several are refused in any case.)
  private func mayBe(_ listed: PicturePath, _ picture: [String], _ fit: Fit) -> Bool {
    let own = Array(picture.dropLast())
    switch fit.way {
    case .exact, .subset, .images, .parent: return true
    case .anySubset: return !namesAnotherSubset(place.stem, own.last ?? "")
    case .name:
      if listed.isUpload || fit.spelling > 0 { return true }
      // A path of another machine ends as it does here.
      let folders = Array(listed.parts.dropLast())
      let below = begins(own, with: place.folder) ? Array(own.dropFirst(place.folder.count)) : own
      let isImages = { (part: String) in hasSameBytes(part, "images") }
      if listed.isAbsolute, !ends(folders.filter { !isImages($0) }, with: below.filter { !isImages($0) }) {
        return false
      }
      return !namesAnotherSubset(folders.last ?? place.stem, own.last ?? "")
    }
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

  private func fit(_ listed: PicturePath, _ picture: [String], _ spelling: Int) -> Fit? {
    // The name was compared already, and may be another spelling.
    let folders = Array(listed.parts.dropLast())
    let own = Array(picture.dropLast())
    let isBelow = begins(own, with: place.folder)
    if !listed.isAbsolute, listed.parts.first != ".." {
      let below = isBelow ? Array(own.dropFirst(place.folder.count)) : nil
      if let below, ends(below, with: folders) {
        let between = Array(below.dropLast(folders.count))
        if between.isEmpty { return Fit(spelling: spelling, way: place.isInner ? .images : .exact) }
        if between == ["images"] { return Fit(spelling: spelling, way: .images) }
        let isInImages = between.count == 2 && between[0] == "images"
        if between.count == 1 || isInImages, let last = between.last {
          if hasSameBytes(last, place.subset ?? place.stem) { return Fit(spelling: spelling, way: .subset) }
          if isInImages, place.subset == nil { return Fit(spelling: spelling, way: .anySubset) }
        }
      }
      if place.bases.contains(where: { base in
        let path = base.root + own
        guard ends(path, with: folders) else { return false }
        let start = path.count - folders.count
        return start < base.folder.count && begins(base.folder, with: Array(path.prefix(start)))
      }) {
        return Fit(spelling: spelling, way: .parent)
      }
    }
    // An upload has lost its folder, and so has a path after its last `..`.
    var shared = 0
    if !listed.isUpload, spelling == 0 {
      for root in place.roots.prefix(1) {
        for (a, b) in zip(folders.reversed(), (root + own).reversed()) {
          guard hasSameBytes(a, b), a != ".." else { break }
          shared += 1
        }
      }
    }
    guard isBelow || shared > 0 else { return nil }
    return Fit(spelling: spelling, way: .name, folders: shared)
  }

  /// Whether two names say that they are of different parts of a data set, as `train.json` and the folder `val` do.
  private func namesAnotherSubset(_ a: String, _ b: String) -> Bool {
    let (first, second) = (PictureAssignment.subsets(in: a), PictureAssignment.subsets(in: b))
    return !first.isEmpty && !second.isEmpty && first.isDisjoint(with: second)
  }

  /// The parts of a data set that a name contains as a word, without the digits of a year.
  private static func subsets(in name: String) -> Set<String> {
    let known = [
      "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val",
      "test": "test", "testing": "test",
    ]
    return Set(name.lowercased().split { !$0.isLetter }.compactMap { known[String($0)] })
  }

  private func hasSameBytes(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

  private func begins(_ parts: [String], with start: [String]) -> Bool {
    parts.count >= start.count && zip(parts, start).allSatisfy(hasSameBytes)
  }

  private func ends(_ parts: [String], with end: [String]) -> Bool {
    parts.count >= end.count && zip(parts.suffix(end.count), end).allSatisfy(hasSameBytes)
  }
}

extension PictureAssignment.Place {
  /// `train` of `instances_train.json`.
  fileprivate var subset: String? {
    let kinds = ["instances", "person_keypoints", "panoptic", "stuff"]
    guard let kind = kinds.first(where: { stem.hasPrefix($0 + "_") }) else { return nil }
    return String(stem.dropFirst(kind.count + 1))
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
