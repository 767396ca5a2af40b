extension JPEG {
  /// Reads the size, kind and orientation of a picture without decoding it: walks the segments before the first scan.
  ///
  /// - Throws: ``CodecError`` with the fault `otherFormat`, `truncated`, `damaged` or `unsupported`.
  public static func header(of bytes: Span<UInt8>) throws(CodecError) -> Header {
    guard bytes.starts(with: [0xFF, 0xD8]) else {
      throw CodecError(.jpeg, .otherFormat, "the first 2 bytes are not a JPEG's")
    }
    var frame: (marker: UInt8, start: Int, size: Int)?
    var orientation: Int?
    var offset = 2
    while true {
      let (marker, start, size) = try segment(of: bytes, at: offset)
      switch marker {
      case 0xC0...0xCF where marker != 0xC4 && marker != 0xC8 && marker != 0xCC:
        guard frame == nil else {
          throw CodecError(.jpeg, .damaged, "a second frame header stands at byte \(offset)")
        }
        frame = (marker, start, size)
      case 0xE1 where orientation == nil:
        orientation = exifOrientation(bytes.extracting(start..<start + size))
      default: break
      }
      offset = start + size
      if marker == 0xDA { break }
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

  /// The segment whose marker stands at `offset`: its marker, and where its content lies.
  private static func segment(
    of bytes: Span<UInt8>, at offset: Int
  ) throws(CodecError) -> (marker: UInt8, start: Int, size: Int) {
    var offset = offset
    while offset + 1 < bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] == 0xFF { offset += 1 }
    guard bytes.count - offset >= 4 else {
      throw CodecError(.jpeg, .truncated, "there is no scan before the end at byte \(bytes.count)")
    }
    let marker = bytes[offset + 1]
    // Markers without a length belong inside or behind a scan.
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

  /// Tag 0x0112 of the first directory of an APP1 segment that holds Exif.
  private static func exifOrientation(_ segment: Span<UInt8>) -> Int? {
    guard segment.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]), segment.count >= 14 else { return nil }
    let tiff = segment.extracting(6..<segment.count)
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
      guard entry + 12 <= tiff.count else { return nil }
      guard tiff.number(at: entry, size: 2, bigEndian: isBig) == 0x0112 else { continue }
      let type = tiff.number(at: entry + 2, size: 2, bigEndian: isBig)
      let value = tiff.number(at: entry + 8, size: 2, bigEndian: isBig)
      return type == 3 && (1...8).contains(value) ? value : nil
    }
    return nil
  }
}
