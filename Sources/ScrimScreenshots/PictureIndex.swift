import ScrimJSON
import Synchronization

/// The paths of all pictures below an input folder, by name. Read once, when a file of annotations needs
/// it; about 150 bytes per picture.
final class PictureIndex: Sendable {
  /// Parts of the paths below the input.
  struct Contents: Sendable {
    fileprivate(set) var paths: [[String]] = []
    private var byPath: [JSONKey: Int] = [:]
    private var byName: [JSONKey: [Int]] = [:]
    /// By the last folder and the name.
    private var byFolder: [JSONKey: [Int]] = [:]
    /// By the name as Label Studio converts it, if that is another.
    private var byConverted: [JSONKey: [Int]] = [:]
    /// By the name without case and in one Unicode form, if that is another.
    private var byFolded: [JSONKey: [Int]] = [:]

    init(_ paths: [[String]]) {
      for path in paths { add(path) }
    }

    fileprivate init(scanning folder: Folder, excluding: [Folder.Status]) throws(FolderError) {
      var scan = try FolderScan(folder, output: nil, excluding: excluding)
      while let item = scan.next() {
        switch item {
        case .image(let image): add(image.path.split(separator: "/").map(String.init))
        // A picture that is not read, such as a link, exists all the same.
        case .refused(let path, _):
          if ImageFormat(name: path) != nil { add(path.split(separator: "/").map(String.init)) }
        }
      }
    }

    private mutating func add(_ path: [String]) {
      guard let name = path.last, byPath.updateValue(paths.count, forKey: Contents.key(path)) == nil else {
        return
      }
      byName[JSONKey(name), default: []].append(paths.count)
      if path.count > 1 { byFolder[Contents.key(path.suffix(2)), default: []].append(paths.count) }
      let converted = JSONKey(PicturePath.uploaded(name))
      if converted != JSONKey(name) { byConverted[converted, default: []].append(paths.count) }
      let folded = JSONKey(PicturePath.folded(name))
      if folded != JSONKey(name) { byFolded[folded, default: []].append(paths.count) }
      paths.append(path)
    }

    private static func key(_ path: some Sequence<String>) -> JSONKey { JSONKey(path.joined(separator: "/")) }

    func index(of path: [String]) -> Int? { byPath[Contents.key(path)] }
    /// Those in a folder of the same name as the listed one, if there are any: no other fits as well.
    func pictures(listedAt path: [String]) -> [Int] {
      let named = path.last.map { pictures(named: $0) } ?? []
      guard path.count > 1, named.count > 1 else { return named }
      return byFolder[Contents.key(path.suffix(2))] ?? named
    }

    func pictures(named name: String) -> [Int] { byName[JSONKey(name)] ?? [] }
    func pictures(convertedTo name: String) -> [Int] { byConverted[JSONKey(name)] ?? [] }
    /// Those whose names differ in case or Unicode form at most.
    func pictures(spelledLike name: String) -> [Int] {
      let folded = PicturePath.folded(name)
      return (byFolded[JSONKey(folded)] ?? []) + pictures(named: folded)
    }
  }

  /// Absolute path of the input without links, as parts.
  let root: [String]
  private let folder: Folder
  private let excluded: [Folder.Status]
  private let held = Mutex<Contents?>(nil)

  /// - Parameters:
  ///   - path: absolute path of the folder without links.
  ///   - excluded: folders that are not entered, such as that of outputs.
  init(_ folder: Folder, path: String, excluding excluded: [Folder.Status]) {
    self.folder = folder
    self.excluded = excluded
    root = path.split(separator: "/").map(String.init)
  }

  /// Reads the beginnings of the pictures' files.
  func heads() -> PictureHeads { PictureHeads(root: folder) }

  func contents() throws(SidecarIssue) -> Contents {
    let result: Result<Contents, SidecarIssue> = held.withLock { held in
      if let held { return .success(held) }
      do throws(FolderError) {
        let read = try Contents(scanning: folder, excluding: excluded)
        held = read
        return .success(read)
      } catch {
        return .failure(SidecarIssue("listing the pictures: \(error.sentence)"))
      }
    }
    return try result.get()
  }
}
