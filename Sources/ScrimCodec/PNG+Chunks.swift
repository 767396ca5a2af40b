/// Building blocks for code that assembles PNG files.
extension PNG {
  /// A chunk: its length, its name of four letters, its content, its checksum.
  package static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    chunk.reserveCapacity(content.count + 12)
    append(name, content, to: &chunk)
    return chunk
  }

  /// Rows with their filter bytes, compressed as image data.
  package static func deflated(_ rows: [UInt8], level: Int) throws(CodecError) -> [UInt8] {
    var deflater = try Deflater(level: level, wrapper: .zlib)
    var data: [UInt8] = []
    deflater.append(rows.span, to: &data)
    deflater.finish(to: &data)
    return data
  }

  /// The image data of the file that ``encode(_:width:height:as:level:filter:)`` writes.
  package static func imageData(
    _ pixels: Span<UInt32>, width: Int, height: Int, as encoding: Encoding, level: Int, filter: Filter
  ) throws(CodecError) -> [UInt8] {
    let file = try encode(pixels, width: width, height: height, as: encoding, level: level, filter: filter)
    var data: [UInt8] = []
    for chunk in try chunks(of: file.span) where chunk.name == "IDAT" { data += file[chunk.content] }
    return data
  }
}
