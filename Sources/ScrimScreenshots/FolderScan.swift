import Foundation
import Glibc
import ScrimRedact

/// An image found by a scan.
struct ScannedImage: Sendable {
  /// Its folder, and that folder's path below the input, parts joined by slashes; empty for the input
  /// itself.
  var folder: Folder
  var folderPath: String
  var name: String
  var format: ImageFormat
  /// Whether no other image of its folder has the same name except for the extension.
  var isStemUnique: Bool

  /// Path below the input.
  var path: String { folderPath.isEmpty ? name : folderPath + "/" + name }
}

/// Walks a tree of folders, one folder and one name at a time. Uses memory for the folders on the current
/// path only: about 60 bytes per name.
struct FolderScan {
  enum Item {
    case image(ScannedImage)
    /// A path that is not entered, or not read.
    case refused(path: String, Refusal)
  }

  /// Maximum nesting of folders, each of which takes a descriptor.
  static let depthLimit = 100

  /// Number of names so far that are neither images nor folders.
  private(set) var othersPassed = 0
  private var levels: [Level]
  private let output: ImageFormat?
  /// Never entered: the output, wherever it may be mounted.
  private let excluded: [Folder.Status]

  private struct Level {
    var folder: Folder
    var path: String
    var listing: Listing
    var next = 0
  }

  /// - Parameter output: the format of outputs; nil if they keep the input's format.
  init(_ root: Folder, output: ImageFormat?, excluding excluded: [Folder.Status]) throws(FolderError) {
    self.output = output
    self.excluded = excluded
    levels = []
    let listing = try Listing(root, output)
    othersPassed = listing.others
    levels.append(Level(folder: root, path: "", listing: listing))
  }

  /// The next image or issue; nil at the end.
  mutating func next() -> Item? {
    while let level = levels.last {
      guard level.next < level.listing.entries.count else {
        levels.removeLast()
        continue
      }
      levels[levels.count - 1].next += 1
      let entry = level.listing.entries[level.next]
      let bytes = level.listing.names[Int(entry.start)..<Int(entry.start) + Int(entry.count)]
      guard let name = String(validating: bytes, as: UTF8.self) else {
        let shown = Text.escaped(bytes)
        return .refused(
          path: join(level.path, shown), Refusal(.badName, "the name is not UTF-8; rename it"))
      }
      let path = join(level.path, name)
      if level.listing.clashes(entry) {
        return .refused(
          path: path,
          Refusal(
            .clash,
            "its output and another's have names that differ in case or spelling only, or not at all; rename one"
          ))
      }
      switch entry.kind {
      case .other:
        return .refused(path: path, Refusal(.notAFile, "a pipe, a socket or a device; it is not opened"))
      case .link:
        return .refused(
          path: path, Refusal(.notAFile, "a link, which is not followed; copy what it points to"))
      case .folder:
        if let refusal = enter(name, path, of: level.folder) { return .refused(path: path, refusal) }
      case .file:
        guard let format = ImageFormat(name: name) else { continue }
        return .image(
          ScannedImage(
            folder: level.folder, folderPath: level.path, name: name, format: format,
            isStemUnique: level.listing.isStemUnique(entry)))
      }
    }
    return nil
  }

  private func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "/" + name }

  private mutating func enter(_ name: String, _ path: String, of parent: Folder) -> Refusal? {
    guard levels.count < FolderScan.depthLimit else {
      return Refusal(.overLimit, "nested deeper than \(FolderScan.depthLimit) folders")
    }
    do {
      let folder = try parent.folder(named: name)
      let status = try folder.status()
      if excluded.contains(where: { $0.isSameFile(as: status) }) {
        return Refusal(.clash, "this is the output folder, or that of previews; it is not entered")
      }
      let listing = try Listing(folder, output)
      othersPassed += listing.others
      levels.append(Level(folder: folder, path: path, listing: listing))
      return nil
    } catch {
      return Refusal(error)
    }
  }
}

/// The names in a folder that matter: images, folders, and names that look like either but can't be read.
private struct Listing {
  enum Kind: UInt8 { case file, folder, link, other }

  struct Entry {
    var start: UInt32
    var count: UInt16
    var kind: Kind
    /// Hash of the output's name, and of the name without its extension. Equal names have equal hashes; a
    /// hash collision of other names only causes a refusal.
    var outputHash: UInt64
    var stemHash: UInt64
  }

  var names: [UInt8] = []
  var entries: [Entry] = []
  var others = 0
  private var outputs: [UInt64: Bool] = [:]
  private var stems: [UInt64: Bool] = [:]

  init(_ folder: Folder, _ output: ImageFormat?) throws(FolderError) {
    var failure: Int32 = 0
    let copy = unsafe openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0, let stream = unsafe fdopendir(copy) else {
      failure = errno
      if copy >= 0 { close(copy) }
      throw .system(path: folder.path, doing: "listing", errno: failure)
    }
    // The stream owns `copy` now, and only this function uses it.
    defer { unsafe _ = closedir(stream) }
    while true {
      errno = 0
      // An entry is valid until the next call.
      guard let entry = unsafe readdir(stream) else {
        failure = errno
        break
      }
      let type = unsafe entry.pointee.d_type
      let name = unsafe Listing.name(of: entry)
      if name == [0x2E] || name == [0x2E, 0x2E] { continue }
      guard names.count + name.count < Int(UInt32.max) else {
        throw .tooLarge(path: folder.path, size: names.count, limit: Int(UInt32.max))
      }
      try add(name, type, folder, output)
    }
    guard failure == 0 else { throw .system(path: folder.path, doing: "listing", errno: failure) }
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    // d_name is terminated within the entry.
    unsafe withUnsafeBytes(of: &entry.pointee.d_name) { room in
      unsafe Array(room.prefix { $0 != 0 })
    }
  }

  private mutating func add(
    _ name: [UInt8], _ type: UInt8, _ folder: Folder, _ wanted: ImageFormat?
  ) throws(FolderError) {
    let text = String(validating: name, as: UTF8.self)
    let format = ImageFormat(name: String(decoding: name, as: UTF8.self))
    var kind: Kind
    switch Int32(type) {
    case Int32(DT_REG): kind = .file
    case Int32(DT_DIR): kind = .folder
    case Int32(DT_LNK): kind = .link
    case Int32(DT_UNKNOWN):
      switch try text.flatMap({ name throws(FolderError) in try folder.status(of: name)?.kind }) {
      case .file: kind = .file
      case .folder: kind = .folder
      case .link: kind = .link
      case .other, nil: kind = .other
      }
    default: kind = .other
    }
    if kind == .link, format == nil, let text {
      let target = try? folder.status(of: text, followed: true)
      if target?.kind != .folder { kind = .other }
    }
    guard kind == .folder || format != nil || kind == .link else {
      others += 1
      return
    }
    let folded = text.map { Text.folded($0) } ?? name[...]
    var output = folded
    if kind != .folder, let wanted, wanted != format, let dot = folded.lastIndex(of: UInt8(ascii: ".")) {
      output = folded[..<dot] + Array((".\(wanted.fileExtension)").utf8)
    }
    let outputHash = Text.hash(output)
    let stem = text.map { Array($0.utf8) } ?? name
    let stemHash = Text.hash(stem[..<(stem.lastIndex(of: UInt8(ascii: ".")) ?? stem.endIndex)])
    outputs[outputHash] = outputs[outputHash] != nil
    if kind != .folder { stems[stemHash] = stems[stemHash] != nil }
    entries.append(
      Entry(
        start: UInt32(names.count), count: UInt16(name.count), kind: kind, outputHash: outputHash,
        stemHash: stemHash))
    names += name
  }

  func clashes(_ entry: Entry) -> Bool { outputs[entry.outputHash] == true }
  func isStemUnique(_ entry: Entry) -> Bool { stems[entry.stemHash] != true }
}

/// Normalisation of names for comparison.
enum Text {
  /// A name in the form in which systems that ignore case and spelling compare it.
  static func folded(_ name: String) -> ArraySlice<UInt8> {
    if name.utf8.allSatisfy({ $0 < 0x80 }) {
      return name.utf8.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }[...]
    }
    return Array(name.uppercased().lowercased().decomposedStringWithCompatibilityMapping.utf8)[...]
  }

  /// FNV-1a with a final mixing step: the same on every machine and in every version.
  static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ hash >> 33
  }

  /// A name that isn't UTF-8, for reports: bytes that are not printable ASCII as `\xNN`.
  static func escaped(_ bytes: some Sequence<UInt8>) -> String {
    bytes.reduce(into: "") { text, byte in
      if (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16)
        text += "\\x" + (digits.count == 1 ? "0" : "") + digits
      }
    }
  }
}
