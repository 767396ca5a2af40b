public import ScrimImage

/// Writes one animated GIF. It is exact if the part, or each picture's change, has at most 255 colours; otherwise
/// 255 colours are chosen for the changed pixels.
public struct GIFExport: PictureForm {
  public static var isMoving: Bool { true }

  private var file: ExportFile
  private var sequence: DeltaSequence
  /// The palette of the whole part; nil if it has too many colours for one palette.
  private let palette: [Pixel: UInt8]?
  private let paletteBits: Int
  private var coder: LZWEncoder

  /// - Parameter survey: the colours of the same part of the session.
  public init(file path: String, width: Int, height: Int, survey: ColourSurvey) throws(ExportError) {
    guard width <= 0xFFFF, height <= 0xFFFF else {
      throw .system(path: path, reason: "a GIF holds at most 65535 pixels a side")
    }
    file = try ExportFile(path)
    // Viewers show pictures with less than two hundredths of a second for ten hundredths.
    sequence = DeltaSequence(width: width, height: height, tick: 10_000_000, least: 2)
    let colours = survey.palette
    palette = colours.map { Dictionary(uniqueKeysWithValues: $0.enumerated().map { ($1, UInt8($0)) }) }
    paletteBits = colours.map { GIFExport.bits($0.count + 1) } ?? 8
    coder = LZWEncoder(bits: max(2, paletteBits))
    var head: [UInt8] = Array("GIF89a".utf8) + littleEndian(width) + littleEndian(height)
    head += [colours == nil ? 0x70 : 0xF0 | UInt8(paletteBits - 1), 0, 0]
    if let colours { head += GIFExport.table(colours, bits: paletteBits) }
    // The animation repeats for ever.
    head += [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
    try file.write(head)
  }

  public mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    guard let delta = sequence.finished(by: picture, at: shown.time) else { return }
    try write(delta)
    sequence.advance(to: picture, at: shown.time)
  }

  public mutating func finish(at end: Int64) throws(ExportError) {
    defer { file.discard() }
    if let delta = sequence.last(until: end) { try write(delta) }
    try file.write([0x3B])
    _ = try file.close()
  }

  private mutating func write(_ delta: DeltaSequence.Delta) throws(ExportError) {
    let rect = delta.rect
    var local: [Pixel] = []
    let (indices, kept) = palette.map { exact(delta, $0) } ?? chosen(delta, &local)
    let transparent = UInt8(palette?.count ?? local.count)
    // Hundredths of a second in 16 bits; a picture with a longer duration is repeated.
    var ticks = delta.ticks
    var isFirst = true
    repeat {
      let part = min(ticks, 0xFFFF)
      ticks -= part
      var head: [UInt8] = [0x21, 0xF9, 4, 0x05] + littleEndian(part) + [transparent, 0, 0x2C]
      if isFirst {
        let table: UInt8 = palette == nil ? 0x87 : 0
        for side in [rect.x, rect.y, rect.width, rect.height] { head += littleEndian(side) }
        head.append(table)
        if palette == nil { head += GIFExport.table(local, bits: 8) }
        try file.write(head + coder.encode(indices, kept: kept, transparent: transparent))
      } else {
        for side in [0, 0, 1, 1] { head += littleEndian(side) }
        head += palette == nil ? [0x80] + [UInt8](repeating: 0, count: 6) : [0]
        if palette == nil { head[6] = 1 }
        var single = LZWEncoder(bits: palette == nil ? 2 : max(2, paletteBits))
        try file.write(head + single.encode([palette == nil ? 1 : transparent], kept: [], transparent: 0))
      }
      isFirst = false
    } while ticks > 0
  }

  /// Indices of the rectangle, and which of its pixels are unchanged.
  private func exact(_ delta: DeltaSequence.Delta, _ palette: [Pixel: UInt8]) -> ([UInt8], [Bool]) {
    var indices: [UInt8] = []
    var kept: [Bool] = []
    indices.reserveCapacity(delta.rect.area)
    kept.reserveCapacity(delta.isFirst ? 0 : delta.rect.area)
    var (last, index): (Pixel, UInt8) = (.max, 0)
    for y in delta.rect.y..<delta.rect.maxY {
      for place in y * sequence.width + delta.rect.x..<y * sequence.width + delta.rect.maxX {
        let pixel = sequence.held[place]
        if pixel != last { (last, index) = (pixel, palette[pixel] ?? 0) }
        indices.append(index)
        if !delta.isFirst { kept.append(pixel == sequence.shown[place]) }
      }
    }
    return (indices, kept)
  }

  /// The same with colours chosen for the changed pixels; unchanged pixels keep the colours chosen for them
  /// earlier.
  private func chosen(_ delta: DeltaSequence.Delta, _ colours: inout [Pixel]) -> ([UInt8], [Bool]) {
    var changed: [Pixel] = []
    var kept: [Bool] = []
    for y in delta.rect.y..<delta.rect.maxY {
      for place in y * sequence.width + delta.rect.x..<y * sequence.width + delta.rect.maxX {
        let isKept = !delta.isFirst && sequence.held[place] == sequence.shown[place]
        kept.append(isKept)
        changed.append(isKept ? .max : sequence.held[place])
      }
    }
    let cut = MedianCut(of: changed, limit: ColourSurvey.paletteLimit)
    colours = cut.colours
    let transparent = UInt8(colours.count)
    // Their own colour may be missing from this palette, so unchanged pixels need the transparent index.
    let indices = changed.map { $0 == .max ? transparent : cut.index(of: $0) }
    return (indices, [])
  }

  private static func bits(_ count: Int) -> Int {
    max(1, Int.bitWidth - (count - 1).leadingZeroBitCount)
  }

  private static func table(_ colours: [Pixel], bits: Int) -> [UInt8] {
    var table: [UInt8] = []
    for colour in colours { table += [16, 8, 0].map { UInt8(truncatingIfNeeded: colour >> $0) } }
    return table + [UInt8](repeating: 0, count: 3 << bits - table.count)
  }
}
