extension JPEG {
  /// Reads the size, kind and orientation of a picture without decoding it: parses the segments before the
  /// first scan.
  ///
  /// - Throws: ``CodecError`` with the fault `otherFormat`, `truncated`, `damaged` or `unsupported`.
  public static func header(of bytes: Span<UInt8>) throws(CodecError) -> Header {
    var frame: (marker: UInt8, start: Int, size: Int)?
    var orientation: Int?
    for segment in try segments(of: bytes) {
      let start = segment.content.lowerBound
      switch segment.marker {
      case 0xC0...0xCF where segment.marker != 0xC4 && segment.marker != 0xC8 && segment.marker != 0xCC:
        guard frame == nil else {
          throw CodecError(.jpeg, .damaged, "there is a second frame header at byte \(start - 4)")
        }
        frame = (segment.marker, start, segment.content.count)
      case 0xE1 where bytes.extracting(segment.content).starts(with: [0x45, 0x78, 0x69, 0x66, 0]):
        let tiff = bytes.extracting(min(start + 6, segment.content.upperBound)..<segment.content.upperBound)
        let turn = try self.orientation(ofTIFF: tiff) ?? 1
        guard orientation ?? turn == turn else { throw ambiguous }
        orientation = turn
      default: break
      }
    }
    guard let frame, frame.size >= 6 else {
      throw CodecError(.jpeg, .damaged, "no frame header comes before the first scan")
    }
    let height = bytes.number(at: frame.start + 1, size: 2)
    let width = bytes.number(at: frame.start + 3, size: 2)
    guard width > 0, height > 0 else {
      throw CodecError(.jpeg, .unsupported, "the frame header gives a size of \(width)x\(height)")
    }
    return Header(
      width: width, height: height, components: Int(bytes[frame.start + 5]),
      isProgressive: frame.marker & 0x03 == 2, orientation: orientation ?? 1)
  }

  /// A segment before the picture's data: the second byte of its marker, and the range of its content.
  package struct Segment {
    package var marker: UInt8
    package var content: Range<Int>
  }

  /// The segments from the first one to the start of the first scan.
  package static func segments(of bytes: Span<UInt8>) throws(CodecError) -> [Segment] {
    guard bytes.starts(with: [0xFF, 0xD8]) else {
      throw CodecError(.jpeg, .otherFormat, "the first 2 bytes are not a JPEG's")
    }
    var segments: [Segment] = []
    var offset = 2
    while true {
      let (marker, start, size) = try segment(of: bytes, at: offset)
      segments.append(Segment(marker: marker, content: start..<start + size))
      offset = start + size
      if marker == 0xDA { return segments }
    }
  }

  /// The segment whose marker is at `offset`: its marker, and the range of its content.
  private static func segment(
    of bytes: Span<UInt8>, at offset: Int
  ) throws(CodecError) -> (marker: UInt8, start: Int, size: Int) {
    var offset = offset
    while offset + 1 < bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] == 0xFF { offset += 1 }
    guard bytes.count - offset >= 4 else {
      throw CodecError(.jpeg, .truncated, "there is no scan before the end at byte \(bytes.count)")
    }
    let marker = bytes[offset + 1]
    // Markers without a length occur only inside or after a scan.
    guard bytes[offset] == 0xFF, marker > 0x01, !(0xD0...0xD9).contains(marker) else {
      throw CodecError(.jpeg, .damaged, "no segment starts at byte \(offset)")
    }
    let size = bytes.number(at: offset + 2, size: 2)
    guard size >= 2 else {
      throw CodecError(.jpeg, .damaged, "the segment at byte \(offset) has a length of \(size)")
    }
    guard size <= bytes.count - offset - 2 else {
      throw CodecError(
        .jpeg, .truncated,
        "the segment at byte \(offset) needs \(size + 2) bytes, \(bytes.count - offset) are left")
    }
    return (marker, offset + 4, size - 2)
  }

  private static let ambiguous = CodecError(
    .jpeg, .unsupported,
    "its Exif orientation is ambiguous, so programs would rotate it differently; write the Exif data again")

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
      guard type == 3, count == 1, orientation == nil else { throw ambiguous }
      orientation = tiff.number(at: entry + 8, size: 2, bigEndian: isBig)
    }
    return orientation.flatMap { (1...8).contains($0) ? $0 : nil }
  }
}
