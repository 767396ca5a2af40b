import ScrimCodec
import ScrimJSON

/// What the beginning of a picture's file says, for a comparison with what a list says of it.
struct PictureHead {
  /// Pixels.
  var stored: PixelSize
  var displayed: PixelSize
  /// Bytes of the file.
  var byteCount: Int
}

/// Reads the beginnings of pictures, best in the order of their folders.
struct PictureHeads {
  /// Bytes to read, one after the other until the size is found: of a PNG the first always have it, of a JPEG
  /// profiles and a thumbnail may come before.
  private static let counts = [1 << 12, 1 << 16, 1 << 28]

  let root: Folder
  private var last: (path: ArraySlice<String>, folder: Folder)?

  init(root: Folder) { self.root = root }

  /// Nil for a picture that can't be read, or whose beginning is damaged: such a picture is refused.
  mutating func head(of path: [String]) -> PictureHead? {
    guard let name = path.last, let format = ImageFormat(name: name),
      let folder = try? folder(path.dropLast())
    else { return nil }
    for count in PictureHeads.counts {
      guard let (bytes, size) = try? folder.head(of: name, count: count) else { return nil }
      if let head = PictureHead(bytes, format, byteCount: size) { return head }
      if format == .png || bytes.count == size { return nil }
    }
    return nil
  }

  private mutating func folder(_ path: ArraySlice<String>) throws(FolderError) -> Folder {
    if let last, last.path.elementsEqual(path, by: { $0.hasSameBytes(as: $1) }) { return last.folder }
    var folder = root
    for part in path { folder = try folder.folder(named: part) }
    last = (path, folder)
    return folder
  }
}

extension PictureHead {
  /// Nil if the size isn't among the bytes.
  fileprivate init?(_ bytes: [UInt8], _ format: ImageFormat, byteCount: Int) {
    self.byteCount = byteCount
    switch format {
    case .png:
      guard let header = try? PNG.header(of: bytes.span) else { return nil }
      stored = PixelSize(width: header.width, height: header.height)
      displayed = stored
    case .jpeg:
      guard let header = try? JPEG.header(of: bytes.span) else { return nil }
      stored = PixelSize(width: header.width, height: header.height)
      displayed = Orientation(number: header.orientation).displayed(stored)
    }
  }
}
