import ScrimImage

/// Colour histogram of a rectangle.
struct ColourCensus {
  /// A rectangle with more colours counts as photographic.
  static let most = 512
  private static let slotBits = 11
  /// Hash table with open addressing; a slot holds a colour plus one, 0 if it is free.
  private var keys = [UInt32](repeating: 0, count: 1 << ColourCensus.slotBits)
  private var counts = [UInt32](repeating: 0, count: 1 << ColourCensus.slotBits)
  private var used: [Int] = []

  init() { used.reserveCapacity(ColourCensus.most + 1) }

  /// Number of colours of the last rectangle; counting stops above the limit.
  var count: Int { used.count }

  /// A colour of the last rectangle, in order of first occurrence, and its runs of pixels.
  subscript(index: Int) -> (colour: Pixel, count: UInt32) { (keys[used[index]] - 1, counts[used[index]]) }

  /// Counts a rectangle's colours until there are more than `limit`.
  ///
  /// - Parameter limit: at most ``most``.
  mutating func count(_ rect: Rect, of pixels: Span<Pixel>, stride: Int, limit: Int) {
    precondition(!rect.isEmpty, "an empty rectangle has no colours")
    precondition(limit <= ColourCensus.most)
    for slot in used { keys[slot] = 0 }
    used.removeAll(keepingCapacity: true)
    var last = ~pixels[rect.y * stride + rect.x]
    for y in rect.y..<rect.maxY {
      let row = pixels.extracting(y * stride + rect.x..<y * stride + rect.maxX)
      if !PixelRow.differs(row, from: last) { continue }
      for x in 0..<row.count where row[x] != last {
        last = row[x]
        insert(last)
        if used.count > limit { return }
      }
    }
  }

  private mutating func insert(_ colour: Pixel) {
    var slot = Int((colour &* 0x9E37_79B1) >> UInt32(32 - ColourCensus.slotBits))
    while keys[slot] != 0 {
      if keys[slot] == colour + 1 {
        counts[slot] &+= 1
        return
      }
      slot = (slot + 1) & ((1 << ColourCensus.slotBits) - 1)
    }
    keys[slot] = colour + 1
    counts[slot] = 1
    used.append(slot)
  }
}

/// Sums the colours of many rectangles and gives the most frequent ones.
struct ColourVotes {
  private static let slotBits = 14
  private static let most = 1 << 13
  private var keys = [UInt32](repeating: 0, count: 1 << ColourVotes.slotBits)
  private var counts = [UInt32](repeating: 0, count: 1 << ColourVotes.slotBits)
  /// The slots in use, in order of their colours' first occurrence.
  private var used: [Int] = []

  mutating func removeAll() {
    for slot in used { keys[slot] = 0 }
    used.removeAll(keepingCapacity: true)
  }

  /// Adds the last rectangle of a census. Colours beyond the 8192nd are left out.
  mutating func add(_ census: ColourCensus) {
    for index in 0..<census.count {
      let (colour, count) = census[index]
      var slot = Int((colour &* 0x9E37_79B1) >> UInt32(32 - ColourVotes.slotBits))
      while keys[slot] != 0, keys[slot] != colour + 1 {
        slot = (slot + 1) & ((1 << ColourVotes.slotBits) - 1)
      }
      if keys[slot] != 0 {
        counts[slot] &+= count
      } else if used.count < ColourVotes.most {
        keys[slot] = colour + 1
        counts[slot] = count
        used.append(slot)
      }
    }
  }

  /// The most frequent colours, at most `limit`, in descending order; those counted once are left out.
  func top(_ limit: Int) -> [Pixel] {
    let order = used.indices.filter { counts[used[$0]] > 1 }.sorted {
      (counts[used[$0]], $1) > (counts[used[$1]], $0)
    }
    return order.prefix(limit).map { keys[used[$0]] - 1 }
  }
}
