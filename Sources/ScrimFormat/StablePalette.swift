import ScrimImage

/// Up to 256 colours with indices that never change from one keyframe to the next, so that equal pixels stay equal bytes
/// and the entropy coder finds them again in later frames. (A palette a rectangle doubled the bytes in trials.)
struct StablePalette {
  static let capacity = 256
  private static let slots = 1024

  /// The colours by index.
  private(set) var colours: [Pixel] = []
  /// Open addressing: colour plus one, 0 where free; `indices` holds the colour's index at the same slot.
  private var keys = [UInt32](repeating: 0, count: StablePalette.slots)
  private var indices = [UInt8](repeating: 0, count: StablePalette.slots)

  init() { colours.reserveCapacity(StablePalette.capacity) }

  mutating func removeAll() {
    colours.removeAll(keepingCapacity: true)
    for slot in keys.indices { keys[slot] = 0 }
  }

  /// Adds the colours of a rectangle that are not there yet. Adds none and returns nil where they do not all fit.
  ///
  /// - Returns: how many were added; they are the last ones of ``colours``.
  mutating func add(coloursOf rect: Rect, of pixels: Span<Pixel>, stride: Int) -> Int? {
    let before = colours.count
    var last: Pixel = ~0
    for y in rect.y..<rect.maxY {
      let row = pixels.extracting(y * stride + rect.x..<y * stride + rect.maxX)
      for x in 0..<row.count where row[x] != last {
        last = row[x]
        guard insert(last) else {
          removeLast(colours.count - before)
          return nil
        }
      }
    }
    return colours.count - before
  }

  /// Writes the indices of a row of pixels, all of which are in the palette.
  func index(_ row: Span<Pixel>, into bytes: inout [UInt8]) {
    var last: Pixel = ~0
    var index: UInt8 = 0
    for x in 0..<row.count {
      let colour = row[x]
      if colour != last {
        last = colour
        index = indices[slot(of: colour)]
      }
      bytes.append(index)
    }
  }

  private func slot(of colour: Pixel) -> Int {
    var slot = Int((colour &* 0x9E37_79B1) >> 22)
    while keys[slot] != 0, keys[slot] != colour + 1 { slot = (slot + 1) & (StablePalette.slots - 1) }
    return slot
  }

  private mutating func insert(_ colour: Pixel) -> Bool {
    let slot = slot(of: colour)
    if keys[slot] != 0 { return true }
    guard colours.count < StablePalette.capacity else { return false }
    keys[slot] = colour + 1
    indices[slot] = UInt8(colours.count)
    colours.append(colour)
    return true
  }

  /// Takes back the colours added last. The slots they took are freed in the reverse order, so that probing still finds the
  /// others.
  private mutating func removeLast(_ count: Int) {
    for _ in 0..<count {
      keys[slot(of: colours.removeLast())] = 0
    }
  }
}
