import ScrimCodec
public import ScrimImage

/// Writes one animated PNG, exact: a whole picture, then the rectangles that changed. Unchanged pixels within them
/// are transparent if that takes fewer bytes.
public struct APNGExport: PictureForm {
  public static var isMoving: Bool { true }

  private var file: ExportFile
  private var sequence: DeltaSequence
  private let palette: [Pixel: UInt8]?
  private var frames = 0
  private var number = 0
  private let countOffset: Int

  /// - Parameter survey: the colours of the same part of the session.
  public init(file path: String, width: Int, height: Int, survey: ColourSurvey) throws(ExportError) {
    file = try ExportFile(path)
    sequence = DeltaSequence(width: width, height: height, tick: 1_000_000, least: 1)
    palette = survey.palette.map { colours in
      Dictionary(uniqueKeysWithValues: colours.enumerated().map { ($1, UInt8($0)) })
    }
    var head: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    head += PNG.chunk(
      "IHDR", bigEndian(width) + bigEndian(height) + [8, survey.palette == nil ? 6 : 3, 0, 0, 0])
    countOffset = head.count
    head += PNG.chunk("acTL", [UInt8](repeating: 0, count: 8))
    if let colours = survey.palette {
      head += PNG.chunk("PLTE", colours.flatMap { bigEndian(Int($0), bytes: 3) } + [0, 0, 0])
      head += PNG.chunk("tRNS", [UInt8](repeating: 255, count: colours.count) + [0])
    }
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
    try file.write(PNG.chunk("IEND", []))
    try file.patch(PNG.chunk("acTL", bigEndian(frames) + bigEndian(0)), at: countOffset)
    _ = try file.close()
  }

  private mutating func write(_ delta: DeltaSequence.Delta) throws(ExportError) {
    let (data, isOver) = try compressed(delta)
    // Both numbers have 16 bits: milliseconds, or a coarser unit for pictures shown longer than a minute.
    var (ticks, unit) = (delta.ticks, 1000)
    while ticks > 0xFFFF, unit > 1 { (ticks, unit) = ((ticks + 5) / 10, unit / 10) }
    let rect = delta.rect
    var control = bigEndian(take())
    for side in [rect.width, rect.height, rect.x, rect.y] { control += bigEndian(side) }
    control += bigEndian(min(ticks, 0xFFFF), bytes: 2) + bigEndian(unit, bytes: 2)
    control += [0, isOver ? 1 : 0]
    try file.write(PNG.chunk("fcTL", control))
    try file.write(delta.isFirst ? PNG.chunk("IDAT", data) : PNG.chunk("fdAT", bigEndian(take()) + data))
    frames += 1
  }

  private mutating func take() -> Int {
    defer { number += 1 }
    return number
  }

  /// The rectangle's pixels in PNG's layout, and whether they are blended over the previous picture.
  private func compressed(_ delta: DeltaSequence.Delta) throws(ExportError) -> ([UInt8], Bool) {
    do throws(CodecError) {
      if let palette {
        return (try PNG.deflated(indices(delta, palette), level: level(delta.rect)), !delta.isFirst)
      }
      let plain = try encode(delta, isOver: false, .adaptive)
      let over = try encode(delta, isOver: !delta.isFirst, .none)
      return over.count < plain.count ? (over, !delta.isFirst) : (plain, false)
    } catch { throw .codec(error) }
  }

  /// Large rectangles cost bytes, and so do many small ones.
  private func level(_ rect: Rect) -> Int { rect.area > 1 << 18 ? 6 : 9 }

  private func encode(
    _ delta: DeltaSequence.Delta, isOver: Bool, _ filter: PNG.Filter
  ) throws(CodecError) -> [UInt8] {
    let rect = delta.rect
    var pixels: [Pixel] = []
    pixels.reserveCapacity(rect.area)
    for y in rect.y..<rect.maxY {
      for place in y * sequence.width + rect.x..<y * sequence.width + rect.maxX {
        let pixel = sequence.held[place]
        pixels.append(isOver && pixel == sequence.shown[place] ? 0 : 0xFF00_0000 | pixel)
      }
    }
    return try PNG.imageData(
      pixels.span, width: rect.width, height: rect.height, as: .rgba8, level: level(rect), filter: filter)
  }

  /// Rows of a filter byte, 0 for none, and one index per pixel.
  private func indices(_ delta: DeltaSequence.Delta, _ palette: [Pixel: UInt8]) -> [UInt8] {
    let rect = delta.rect
    let transparent = UInt8(palette.count)
    var rows: [UInt8] = []
    rows.reserveCapacity(rect.area + rect.height)
    var (last, index): (Pixel, UInt8) = (.max, 0)
    for y in rect.y..<rect.maxY {
      rows.append(0)
      for place in y * sequence.width + rect.x..<y * sequence.width + rect.maxX {
        let pixel = sequence.held[place]
        if !delta.isFirst, pixel == sequence.shown[place] {
          rows.append(transparent)
          continue
        }
        if pixel != last { (last, index) = (pixel, palette[pixel] ?? 0) }
        rows.append(index)
      }
    }
    return rows
  }
}
