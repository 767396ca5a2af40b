public import ScrimImage

/// The colours of a part of a session, collected for a palette in a pass before the one that writes.
public struct ColourSurvey: PictureForm {
  public static var isMoving: Bool { true }

  /// The number of colours in a palette, apart from the index for unchanged pixels.
  static let paletteLimit = 255

  private var seen: Set<Pixel> = []
  private var colours: [Pixel] = []
  private var isMany = false
  private var before: Picture?

  public init() {}

  /// All colours in the order of their first use; nil if there are more than a palette holds.
  var palette: [Pixel]? { isMany ? nil : colours }

  /// Black is included, since a canvas larger than a picture is black around it.
  public mutating func add(_ picture: borrowing Picture, _ shown: ShownFrame) throws(ExportError) {
    if isMany { return }
    note(0)
    let source = picture.pixels.span
    let width = picture.width
    for y in 0..<picture.height where !isMany {
      let row = source.extracting(y * width..<(y + 1) * width)
      if let before, before.width == width, y < before.height,
        !PixelRow.differs(row, before.pixels.span.extracting(y * width..<(y + 1) * width))
      {
        continue
      }
      var last: Pixel = .max
      for x in 0..<row.count where row[x] != last {
        last = row[x]
        note(last)
      }
    }
    before = copy picture
  }

  public mutating func finish(at end: Int64) throws(ExportError) {
    before = nil
  }

  private mutating func note(_ colour: Pixel) {
    guard !isMany, seen.insert(colour).inserted else { return }
    if colours.count < ColourSurvey.paletteLimit { colours.append(colour) } else { isMany = true }
  }
}
