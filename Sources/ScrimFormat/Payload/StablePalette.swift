import ScrimImage

/// Up to 255 colours whose indices stay the same from one keyframe to the next, so that equal pixels stay
/// equal bytes and the entropy coder finds them again in later frames. (One palette per rectangle doubled
/// the bytes in trials.)
struct StablePalette {
  private static let slotBits = 11
  /// The colours by index.
  private(set) var colours: [Pixel] = []
  /// Hash table with open addressing: colour plus one, 0 in a free slot. `indices` holds the colour's index
  /// in the same slot, and the escape in a free slot.
  private var keys = [UInt32](repeating: 0, count: 1 << StablePalette.slotBits)
  private var indices = [UInt8](repeating: FrameLimits.escape, count: 1 << StablePalette.slotBits)

  init() { colours.reserveCapacity(FrameLimits.colours) }

  var isFull: Bool { colours.count == FrameLimits.colours }

  mutating func removeAll() {
    for colour in colours.reversed() {
      let slot = slot(of: colour)
      keys[slot] = 0
      indices[slot] = FrameLimits.escape
    }
    colours.removeAll(keepingCapacity: true)
  }

  mutating func add(_ colour: Pixel) {
    let slot = slot(of: colour)
    if isFull || keys[slot] != 0 { return }
    keys[slot] = colour + 1
    indices[slot] = UInt8(colours.count)
    colours.append(colour)
  }

  /// Adds the colours of a rectangle while there is room.
  mutating func add(coloursOf rect: Rect, of pixels: Span<Pixel>, stride: Int) {
    var last = ~pixels[rect.y * stride + rect.x]
    for y in rect.y..<rect.maxY {
      if isFull { return }
      let row = pixels.extracting(y * stride + rect.x..<y * stride + rect.maxX)
      for x in 0..<row.count where row[x] != last {
        last = row[x]
        add(last)
      }
    }
  }

  /// Writes the indices of a row of pixels to `bytes` from `start` on, and the colours that are not in the
  /// palette to `escaped`.
  func index(_ row: Span<Pixel>, into bytes: inout [UInt8], at start: Int, escaped: inout [Pixel]) {
    let count = row.count
    if count == 0 { return }
    var target = bytes.mutableSpan
    var line = target._mutatingExtracting(start..<start + count)
    var last = row[0]
    var index = indices[slot(of: last)]
    for x in 0..<count {
      let colour = row[x]
      if colour != last {
        last = colour
        index = indices[slot(of: colour)]
      }
      line[x] = index
      if index == FrameLimits.escape { escaped.append(colour) }
    }
  }

  @inline(__always)
  private func slot(of colour: Pixel) -> Int {
    var slot = Int((colour &* 0x9E37_79B1) >> UInt32(32 - StablePalette.slotBits))
    while keys[slot] != 0, keys[slot] != colour + 1 {
      slot = (slot + 1) & ((1 << StablePalette.slotBits) - 1)
    }
    return slot
  }
}
