extension JPEG {
  /// Two orientations, or one of an unusual type.
  static let ambiguous = CodecError(
    .jpeg, .unsupported,
    "its Exif orientation is ambiguous, so programs would rotate it differently; remove it (exiftool -Orientation= FILE), or rotate the pixels"
  )

  /// Tag 0x0112 of the first directory of Exif data; nil if it is absent or its number has no meaning.
  ///
  /// - Throws: ``CodecError`` with the fault `unsupported` for a tag of another type or a repeated tag:
  ///   some programs obey it.
  package static func orientation(ofTIFF tiff: Span<UInt8>) throws(CodecError) -> Int? {
    var orientation: Int?
    guard tiff.count >= 8 else { return nil }
    let isBig: Bool
    switch tiff.number(at: 0, size: 2) {
    case 0x4D4D: isBig = true
    case 0x4949: isBig = false
    default: return nil
    }
    let directory = tiff.number(at: 4, size: 4, bigEndian: isBig)
    guard tiff.number(at: 2, size: 2, bigEndian: isBig) == 42, directory <= tiff.count - 2 else { return nil }
    for index in 0..<tiff.number(at: directory, size: 2, bigEndian: isBig) {
      let entry = directory + 2 + index * 12
      guard entry + 12 <= tiff.count else { break }
      guard tiff.number(at: entry, size: 2, bigEndian: isBig) == 0x0112 else { continue }
      let type = tiff.number(at: entry + 2, size: 2, bigEndian: isBig)
      let count = tiff.number(at: entry + 4, size: 4, bigEndian: isBig)
      guard count == 1, orientation == nil else { throw ambiguous }
      // Some programs write 0 or 1 with four bytes: however a program reads that, it doesn't rotate.
      guard type == 3 || type == 4 && tiff.number(at: entry + 8, size: 4, bigEndian: isBig) < 2 else {
        throw ambiguous
      }
      orientation = type == 3 ? tiff.number(at: entry + 8, size: 2, bigEndian: isBig) : 1
    }
    return orientation.flatMap { (1...8).contains($0) ? $0 : nil }
  }
}
