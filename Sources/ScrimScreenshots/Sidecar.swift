public import ScrimRedact

/// In which picture boxes are counted.
public enum BoxSpace: String, Sendable {
  /// The picture as it is looked at, turned as its Exif orientation says.
  case displayed
  /// The picture as its file stores it.
  case stored
}

/// The boxes of one image, whatever format they came in.
public struct Sidecar: Sendable {
  public var tree: WidgetTree
  /// Pixels of the picture that the boxes are of, counted in `space`; nil where the format doesn't say.
  public var size: PixelSize?
  public var space: BoxSpace
  /// Whether what no widget claims is unknown rather than of no interest.
  public var describesWholeWindows: Bool
  /// The name of the format, for the report.
  public var format: String

  public init(
    tree: WidgetTree, size: PixelSize?, space: BoxSpace = .displayed, describesWholeWindows: Bool,
    format: String
  ) {
    self.tree = tree
    self.size = size
    self.space = space
    self.describesWholeWindows = describesWholeWindows
    self.format = format
  }
}

public struct PixelSize: Hashable, Sendable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  public var description: String { "\(width)x\(height)" }
  var turned: PixelSize { PixelSize(width: height, height: width) }
}

/// Why the boxes of an image can't be had although a file for them is there. Tells of the file's structure, never of
/// a widget's name or text.
public struct SidecarFault: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// What a reader of boxes may know of the image.
public struct SidecarRequest: Sendable {
  /// Path below the input folder, its parts joined by slashes.
  public var image: String
  /// Pixels as stored, and as displayed.
  public var stored: PixelSize
  public var displayed: PixelSize
  /// Pixels of the picture per unit of the boxes where the user said so; nil leaves it to the file.
  public var boxScale: Double?

  public init(image: String, stored: PixelSize, displayed: PixelSize, boxScale: Double? = nil) {
    self.image = image
    self.stored = stored
    self.displayed = displayed
    self.boxScale = boxScale
  }

  /// The image's name in its folder.
  var name: String { image.split(separator: "/").last.map(String.init) ?? image }
}

/// A kind of file that holds boxes. To add one, make a value of it and list it in ``all``.
public struct SidecarFormat: Sendable {
  public var name: String
  /// How its files end: `.json` stands for `shot.png.json` and `shot.json`.
  public var ending: String
  /// Reads a file; nil where the bytes are of another format with this ending.
  public var read: @Sendable (_ bytes: [UInt8], _ request: SidecarRequest) -> Result<Sidecar, SidecarFault>?

  public init(
    name: String, ending: String,
    read: @escaping @Sendable ([UInt8], SidecarRequest) -> Result<Sidecar, SidecarFault>?
  ) {
    self.name = name
    self.ending = ending
    self.read = read
  }

  /// Every format, asked in this order; the first that takes the bytes decides.
  public static let all: [SidecarFormat] = [.boxesJSON, .xml, .uix, .hocr, .tsv, .scrim]

  /// The endings of ``all``, each once.
  public static let endings: [String] = all.reduce(into: []) { endings, format in
    if !endings.contains(format.ending) { endings.append(format.ending) }
  }

  /// Bytes of a sidecar at most.
  public static let sizeLimit = 1 << 26
}

/// A file that holds the boxes of an image, not yet understood.
struct SidecarFile {
  var bytes: [UInt8]
  var name: String
  var ending: String
  /// The folder's annotations that list the image; `bytes` are then what they say of it.
  var annotations: COCOAnnotations?

  /// Finds the boxes of an image: `shot.png.json`, or `shot.json` where no second image shares the stem, or so with another
  /// ending; and else the annotations of its folder.
  ///
  /// - Parameters:
  ///   - image: its name, the folder's or that of the folder's counterpart.
  ///   - isStemUnique: whether no other image of its folder has the same name but for the extension.
  /// - Returns: nil where there is no such file.
  static func find(
    for image: String, in folder: Folder, isStemUnique: Bool, annotations: FolderAnnotations
  ) throws(SidecarFault) -> SidecarFile? {
    var names = SidecarFormat.endings.map { (file: image + $0, ending: $0) }
    if isStemUnique, let dot = image.lastIndex(of: ".") {
      names += SidecarFormat.endings.map { (file: image[..<dot] + $0, ending: $0) }
    }
    var found: SidecarFile?
    for (name, ending) in names {
      let bytes: [UInt8]?
      do {
        bytes = try folder.contents(of: name, limit: SidecarFormat.sizeLimit)
      } catch {
        throw SidecarFault("sidecar \(name): \(error.sentence)")
      }
      guard let bytes else { continue }
      if let found {
        throw SidecarFault("two sidecars, \(found.name) and \(name); keep the one that holds the boxes")
      }
      found = SidecarFile(bytes: bytes, name: name, ending: ending)
    }
    let listing: COCOAnnotations?
    if found == nil {
      listing = try annotations.annotations(of: folder)
    } else {
      // What isn't asked for may be wrong.
      listing = (try? annotations.annotations(of: folder)) ?? nil
    }
    guard let listing, listing.lists(image) else { return found }
    if let found {
      throw SidecarFault("\(found.name) and the folder's annotations both have its boxes; keep one of them")
    }
    return SidecarFile(
      bytes: listing.identity(of: image), name: "annotations", ending: ".json", annotations: listing)
  }

  func sidecar(_ request: SidecarRequest) throws(SidecarFault) -> Sidecar {
    do {
      if let listed = try annotations?.boxes(for: request) { return listed }
      return try Sidecar.read(bytes, ending: ending, request: request).get()
    } catch {
      throw SidecarFault("sidecar \(name): \(error)")
    }
  }
}

extension Sidecar {
  /// Reads a file of any format with that ending, and checks that it is of this image.
  static func read(
    _ bytes: [UInt8], ending: String, request: SidecarRequest
  ) -> Result<Sidecar, SidecarFault> {
    for format in SidecarFormat.all where format.ending == ending {
      guard let result = format.read(bytes, request) else { continue }
      return result.flatMap { sidecar in
        let size = sidecar.space == .displayed ? request.displayed : request.stored
        guard let given = sidecar.size, given != size else { return .success(sidecar) }
        return .failure(
          SidecarFault(
            "it is of a picture of \(given), this one has \(size) (\(sidecar.space.rawValue)); match them again"
          ))
      }
    }
    return .failure(SidecarFault("no known format of boxes; see which are accepted"))
  }
}
