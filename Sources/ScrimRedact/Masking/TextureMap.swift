import ScrimImage

/// The texture of a picture: steps that belong to no long line, by tiles of 8 pixels, kept from frame to frame.
///
/// Texture is letters, slices of letters, dots and icons, but also round corners and dotted lines. A tile is a byte
/// of a bit plane, so a word is eight tiles. In a JPEG, steps of at most 6 count only if no line of steps over 6 lies
/// in the tile or next to it, since a JPEG has them beside every line. In another picture they are the soft edge of
/// faint print.
struct TextureMap: Sendable {
  /// Pixels that a suspect step covers on each side of its two: the soft rim of a stroke.
  static let rim = 3
  /// The distance in pixels from a line of steps over 6 within which smaller steps don't count.
  static let halo = 9

  private let isLossy: Bool
  private let words: Int
  private let tileRows: Int
  /// One byte per tile: the columns with suspect pixels, and the rows.
  private(set) var columns: [UInt64]
  private(set) var rows: [UInt64]
  /// The pixels of tiles within ``rim`` of a suspect pixel, one bit per column.
  private(set) var cover: [UInt64]
  // By row of tiles: suspect pixels in its first and in its last rows, and lines of steps over 6.
  private var top: [UInt64]
  private var bottom: [UInt64]
  private var lines: [UInt64]
  // Scratch rows with one extra word on each side.
  private var far: [UInt64]
  private var row: [UInt64]

  init(width: Int, height: Int, isLossy: Bool = false) {
    self.isLossy = isLossy
    words = (width + 63) / 64
    tileRows = (height + GapGuard.tileSide - 1) / GapGuard.tileSide
    let plane = [UInt64](repeating: 0, count: words * tileRows)
    columns = plane
    rows = plane
    cover = plane
    top = plane
    bottom = plane
    lines = plane
    far = [UInt64](repeating: 0, count: words + 2)
    row = far
  }

  /// Recomputes all texture that depends on the rows `affected` of the planes.
  mutating func update(_ planes: borrowing StepPlanes, affected: [Range<Int>]) {
    let side = GapGuard.tileSide
    func tiles(_ rows: Range<Int>, _ more: Int) -> Range<Int> {
      (rows.lowerBound / side - more..<(rows.upperBound + side - 1) / side + more).clamped(to: 0..<tileRows)
    }
    for rows in affected { for tile in tiles(rows, 0) { findLines(planes, tile) } }
    for rows in StepPlanes.merged(affected.map { tiles($0, 1) }) { for tile in rows { mark(planes, tile) } }
    for rows in StepPlanes.merged(affected.map { tiles($0, 2) }) { for tile in rows { spread(tile) } }
  }

  private mutating func findLines(_ planes: borrowing StepPlanes, _ tile: Int) {
    let base = tile * words
    for word in 0..<words { lines[base + word] = 0 }
    for y in tile * GapGuard.tileSide..<min((tile + 1) * GapGuard.tileSide, planes.height)
    where planes.hasSteps[y] != 0 {
      let at = y * words
      for word in 0..<words {
        lines[base + word] |=
          planes.horizontals[at + word] & planes.strongDown[at + word]
          | planes.verticals[at + word] & planes.strongAcross[at + word]
      }
    }
  }

  /// Finds the suspect pixels of a row of tiles.
  private mutating func mark(_ planes: borrowing StepPlanes, _ tile: Int) {
    let base = tile * words
    for word in 0..<words {
      // A tile of grain is suspect as a whole.
      columns[base + word] = planes.grain[base + word]
      rows[base + word] = planes.grain[base + word]
      top[base + word] = 0
      bottom[base + word] = 0
    }
    let ys = tile * GapGuard.tileSide..<min((tile + 1) * GapGuard.tileSide, planes.height)
    // A step makes the upper pixel of its pair suspect too, so the next row is needed.
    guard
      (ys.lowerBound..<min(ys.upperBound + 1, planes.height)).contains(where: { planes.hasSteps[$0] != 0 })
    else { return }
    measureHalo(tile)
    for y in ys {
      let below = y + 1 < planes.height && planes.hasSteps[y + 1] != 0
      guard below || planes.hasSteps[y] != 0 else { continue }
      let at = y * words
      let next = at + words
      var carry: UInt64 = 0  // of the pixel to the right
      for word in (0..<words).reversed() {
        let reach = far[word + 1]
        var suspect =
          (planes.strongDown[at + word] | planes.down[at + word] & reach) & ~planes.horizontals[at + word]
        if below {
          suspect |=
            (planes.strongDown[next + word] | planes.down[next + word] & reach)
            & ~planes.horizontals[next + word]
        }
        let across =
          (planes.strongAcross[at + word] | planes.across[at + word] & reach) & ~planes.verticals[at + word]
        suspect |= across | across >> 1 | carry
        carry = across << 63
        if suspect == 0 { continue }
        columns[base + word] |= suspect
        rows[base + word] |= TextureMap.occupied(suspect) << UInt64(y - ys.lowerBound)
        if y - ys.lowerBound < TextureMap.rim { top[base + word] |= suspect }
        if y - ys.lowerBound >= GapGuard.tileSide - TextureMap.rim { bottom[base + word] |= suspect }
      }
    }
  }

  /// Writes the pixels that are not near a line of steps over 6.
  private mutating func measureHalo(_ tile: Int) {
    var any: UInt64 = 0
    for word in 0..<words {
      var near = lines[tile * words + word]
      if tile > 0 { near |= lines[(tile - 1) * words + word] }
      if tile + 1 < tileRows { near |= lines[(tile + 1) * words + word] }
      row[word + 1] = near
      any |= near
    }
    if any == 0 || !isLossy {
      for word in far.indices { far[word] = ~0 }
      return
    }
    row[0] = 0
    row[words + 1] = 0
    for word in 1...words { far[word] = ~TextureMap.widened(row, word, by: TextureMap.halo) }
  }

  /// Writes the covered pixels of a row of tiles.
  private mutating func spread(_ tile: Int) {
    let base = tile * words
    row[0] = 0
    row[words + 1] = 0
    for word in 0..<words {
      var suspect = columns[base + word]
      if tile > 0 { suspect |= bottom[base + word - words] }
      if tile + 1 < tileRows { suspect |= top[base + word + words] }
      row[word + 1] = suspect
    }
    for word in 0..<words {
      let wide = row[word] | row[word + 1] | row[word + 2]
      let marks = wide == 0 ? 0 : TextureMap.widened(row, word + 1, by: TextureMap.rim)
      cover[base + word] = TextureMap.occupied(marks) * 255
    }
  }

  /// One word of a row with each set bit extended to both sides.
  private static func widened(_ row: [UInt64], _ word: Int, by count: Int) -> UInt64 {
    let (left, here, right) = (row[word - 1], row[word], row[word + 1])
    if left | here | right == 0 { return 0 }
    var result = here
    for k in 1...UInt64(count) {
      result |= here << k | left >> (64 - k) | here >> k | right << (64 - k)
    }
    return result
  }

  /// 1 in every byte that is not zero.
  static func occupied(_ x: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ((x & low) + low | x) >> 7 & 0x0101_0101_0101_0101
  }
}
