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
}
