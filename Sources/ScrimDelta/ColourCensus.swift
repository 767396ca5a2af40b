import ScrimImage

/// Counts the colours of a rectangle up to 256.
struct ColourCensus {
  enum Count: Equatable {
    case one(Pixel)
    case few
    case many
  }

  private static let slots = 1024
  /// Open addressing; a slot holds a colour plus one, 0 where it is free.
  private var table = [UInt32](repeating: 0, count: ColourCensus.slots)
  private var used: [Int] = []

  mutating func count(_ rect: Rect, of pixels: Span<Pixel>, stride: Int) -> Count {
    precondition(!rect.isEmpty, "an empty rectangle has no colours")
    defer {
      for slot in used { table[slot] = 0 }
      used.removeAll(keepingCapacity: true)
    }
    var last = pixels[rect.y * stride + rect.x]
    let first = last
    insert(last)
    for y in rect.y..<rect.maxY {
      let row = pixels.extracting(y * stride + rect.x..<y * stride + rect.maxX)
      if !PixelRow.differs(row, from: last) { continue }
      for x in 0..<row.count where row[x] != last {
        last = row[x]
        insert(last)
        if used.count > 256 { return .many }
      }
    }
    return used.count == 1 ? .one(first) : .few
  }

  private mutating func insert(_ colour: Pixel) {
    var slot = Int((colour &* 0x9E37_79B1) >> 22)
    while table[slot] != 0 {
      if table[slot] == colour + 1 { return }
      slot = (slot + 1) & (ColourCensus.slots - 1)
    }
    table[slot] = colour + 1
    used.append(slot)
  }
}
