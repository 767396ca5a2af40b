extension PNG {
  /// Reads the size and kind of a picture without decoding it. Reads the first 29 bytes only.
  ///
  /// - Throws: ``CodecError`` with the fault `otherFormat`, `truncated` or `damaged`.
  public static func header(of bytes: Span<UInt8>) throws(CodecError) -> Header {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    guard bytes.starts(with: signature) else {
      let isStart =
        bytes.count < signature.count && (0..<bytes.count).allSatisfy { bytes[$0] == signature[$0] }
      throw isStart && bytes.count > 0
        ? CodecError(.png, .truncated, "\(bytes.count) bytes are less than a signature")
        : CodecError(.png, .otherFormat, "the first 8 bytes are not a PNG's")
    }
    guard bytes.count >= 29 else {
      throw CodecError(.png, .truncated, "\(bytes.count) bytes do not hold the IHDR chunk")
    }
    guard bytes.number(at: 8, size: 4) == 13, name(of: bytes, at: 8) == "IHDR" else {
      throw CodecError(.png, .damaged, "the first chunk is not an IHDR of 13 bytes")
    }
    let width = bytes.number(at: 16, size: 4)
    let height = bytes.number(at: 20, size: 4)
    let bitDepth = Int(bytes[24])
    let largest = Int(Int32.max)
    guard (1...largest).contains(width), (1...largest).contains(height) else {
      throw CodecError(.png, .damaged, "IHDR gives a size of \(width)x\(height)")
    }
    guard let colorType = ColorType(rawValue: bytes[25]), colorType.bitDepths.contains(bitDepth) else {
      throw CodecError(.png, .damaged, "IHDR gives colour type \(bytes[25]) with \(bitDepth) bits")
    }
    guard bytes[26] == 0, bytes[27] == 0, bytes[28] <= 1 else {
      throw CodecError(
        .png, .damaged, "IHDR gives methods \(bytes[26]), \(bytes[27]), \(bytes[28]) that PNG doesn't define")
    }
    return Header(
      width: width, height: height, bitDepth: bitDepth, colorType: colorType, isInterlaced: bytes[28] == 1)
  }

  /// A chunk: its name, with `?` for bytes that are not letters, and the range of its content.
  package struct Chunk {
    package var name: String
    package var content: Range<Int>
  }

  /// The chunks from the first to IEND, which must be the end of the bytes. Checksums are not checked.
  package static func chunks(of bytes: Span<UInt8>) throws(CodecError) -> [Chunk] {
    var chunks: [Chunk] = []
    var offset = 8
    while true {
      guard bytes.count - offset >= 12 else {
        throw CodecError(.png, .truncated, "there is no IEND chunk before the end at byte \(bytes.count)")
      }
      let size = bytes.number(at: offset, size: 4)
      let name = name(of: bytes, at: offset)
      guard size <= bytes.count - offset - 12 else {
        throw CodecError(
          .png, .truncated,
          "chunk \(name) at byte \(offset) needs \(size + 12) bytes, \(bytes.count - offset) are left")
      }
      guard chunks.count < 1 << 17 else {
        throw CodecError(.png, .overLimit, "there are more than \(chunks.count) chunks")
      }
      chunks.append(Chunk(name: name, content: offset + 8..<offset + 8 + size))
      offset += size + 12
      if name == "IEND" { break }
    }
    guard offset == bytes.count else {
      throw CodecError(.png, .trailingBytes(bytes.count - offset), "bytes follow the IEND chunk at \(offset)")
    }
    return chunks
  }

  /// The name of the chunk whose length field is at `offset`, with `?` for bytes that are not letters.
  private static func name(of bytes: Span<UInt8>, at offset: Int) -> String {
    var name = ""
    for i in offset + 4..<offset + 8 {
      let scalar = UnicodeScalar(bytes[i])
      let isLetter = scalar.isASCII && scalar.properties.isAlphabetic
      name.unicodeScalars.append(isLetter ? scalar : "?")
    }
    return name
  }
}
