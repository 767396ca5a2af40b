import ScrimImage

/// Straight lines: 64 steps or more in a row or a column, along which neither side changes.
///
/// A side may change by 1 from pixel to pixel if the steps are 2 or more, and by 4 if they are over 6: the border
/// of a gradient, a line in a JPEG. Stems and dashes of text up to 48 pixels high are shorter than 64.
extension StepPlanes {
  mutating func findHorizontals(rows: Range<Int>) {
    for y in rows {
      let base = y * words
      for word in base..<base + words { horizontals[word] = 0 }
      guard y > 0, hasSteps[y] != 0 else { continue }
      link(row: y, down, across)
      traceHorizontals(row: y)
      link(row: y, strongDown, roughAcross)
      traceHorizontals(row: y)
    }
  }

  /// Marks the steps from the row above that continue from their left neighbour: neither row has a step between the
  /// two pixels.
  private mutating func link(row y: Int, _ steps: [UInt64], _ along: [UInt64]) {
    let base = y * words
    var carry: UInt64 = 0
    for word in 0..<words {
      let here = steps[base + word]
      links[word] = here & (here << 1 | carry) & ~(along[base + word] | along[base + word - words])
      carry = here >> 63
    }
  }

  /// Joins the parts of a line that another line crosses: both parts need 12 steps, and at most 3 may be missing
  /// between them.
  private mutating func traceHorizontals(row y: Int) {
    let base = y * words
    var start = 0
    var end = -1  // end of the present line, in links
    var x = 0
    while let first = Bits.firstSet(links, in: x..<width) {
      let next = Bits.firstClear(links, in: first..<width)
      x = next
      guard next - first >= StepPlanes.partLength - 1 else { continue }
      // A gap has one link more than missing steps at each end.
      let isCrossed = end >= 0 && first - end <= SurfaceMap.thickness + 1 && isCrossed(end..<first, row: y)
      if !isCrossed {
        if end >= 0 { endHorizontal(start..<end, base) }
        start = first
      }
      end = next
    }
    if end >= 0 { endHorizontal(start..<end, base) }
  }

  private mutating func endHorizontal(_ run: Range<Int>, _ base: Int) {
    guard run.count >= StepPlanes.lineLength - 1 else { return }
    StepPlanes.set(&horizontals, run.lowerBound - 1..<run.upperBound, base: base)
  }

  /// Whether columns have a step across, in the row or in the one above.
  private func isCrossed(_ columns: Range<Int>, row y: Int) -> Bool {
    Bits.firstSet(across, in: columns, base: y * words) != nil
      || Bits.firstSet(across, in: columns, base: (y - 1) * words) != nil
  }

  /// Marks the parts of vertical lines in `rows`.
  mutating func findVerticals(rows: Range<Int>) {
    for word in rows.lowerBound * words..<rows.upperBound * words { verticals[word] = 0 }
    // 63 links in a column fill a block of 32 rows.
    let blocks = max(0, rows.lowerBound - 96) / 32..<min(height, rows.upperBound + 96) / 32
    for isStrong in [false, true] {
      for word in 0..<words {
        var above: UInt64 = 0
        for block in blocks {
          let full = links(block: block, word, isStrong)
          // Columns that also fill the block above were traced from there.
          if full & ~above != 0 { trace(full & ~above, block: block, word, isStrong, rows) }
          above = full
        }
      }
    }
  }

  /// The columns of a word whose steps continue through all rows of a block.
  private func links(block: Int, _ word: Int, _ isStrong: Bool) -> UInt64 {
    var at = block * 32 * words + word
    var all = ~UInt64(0)
    for y in block * 32..<block * 32 + 32 {
      all &= link(at, y, word, isStrong)
      if all == 0 { return 0 }
      at += words
    }
    return all
  }

  /// The steps across of row `y`, at word `at`, that continue from the row above: neither side has a step between
  /// the two rows, or a horizontal line of up to 3 pixels crosses there. A gradient, in which every row is such a
  /// line, is no crossing.
  private func link(_ at: Int, _ y: Int, _ word: Int, _ isStrong: Bool) -> UInt64 {
    guard y > 0 else { return 0 }
    return crossing(at) & ~(crossing(at - 6 * words) | crossing(at + 6 * words))
      | uncrossedLink(at, word, isStrong)
  }

  /// The columns of the word at `at` that a horizontal line crosses in this row or next to it.
  private func crossing(_ at: Int) -> UInt64 {
    guard at >= words, at + words < horizontals.count else { return 0 }
    return horizontals[at] | horizontals[at - words] | horizontals[at + words]
  }

  private func uncrossedLink(_ at: Int, _ word: Int, _ isStrong: Bool) -> UInt64 {
    if isStrong {
      let right = roughDown[at]
      let left = right << 1 | (word > 0 ? roughDown[at - 1] >> 63 : 0)
      return strongAcross[at] & strongAcross[at - words] & ~(right | left)
    }
    let right = down[at]
    let left = right << 1 | (word > 0 ? down[at - 1] >> 63 : 0)
    return across[at] & across[at - words] & ~(right | left)
  }

  private mutating func trace(
    _ columns: UInt64, block: Int, _ word: Int, _ isStrong: Bool, _ rows: Range<Int>
  ) {
    func goesOn(_ y: Int) -> UInt64 { link(y * words + word, y, word, isStrong) }
    var left = columns
    while left != 0 {
      // Columns that begin and end together are traced together.
      var mask = left
      var top = block * 32
      while top > 0 {
        let on = goesOn(top - 1) & mask
        if on == 0 { break }
        if on != mask { mask = on & (0 &- on) }
        top -= 1
      }
      var bottom = block * 32 + 32
      while bottom < height {
        let on = goesOn(bottom) & mask
        if on == 0 { break }
        if on != mask { mask = on & (0 &- on) }
        bottom += 1
      }
      left &= ~mask
      if bottom - top >= StepPlanes.lineLength - 1 {
        // There may be no step where a line crosses.
        for y in (top - 1..<bottom).clamped(to: rows) {
          verticals[y * words + word] |= mask & across[y * words + word]
        }
      }
    }
  }
}

/// Searches rows of bits.
enum Bits {
  /// The first set bit of a range, in a row that begins at word `base`.
  static func firstSet(_ bits: [UInt64], in range: Range<Int>, base: Int = 0) -> Int? {
    guard !range.isEmpty else { return nil }
    var word = range.lowerBound / 64
    var value = bits[base + word] & ~0 << UInt64(range.lowerBound % 64)
    while value == 0 {
      word += 1
      if word * 64 >= range.upperBound { return nil }
      value = bits[base + word]
    }
    let found = word * 64 + value.trailingZeroBitCount
    return found < range.upperBound ? found : nil
  }

  /// The first clear bit of a range, or the range's end.
  static func firstClear(_ bits: [UInt64], in range: Range<Int>, base: Int = 0) -> Int {
    guard !range.isEmpty else { return range.upperBound }
    var word = range.lowerBound / 64
    var value = ~bits[base + word] & ~0 << UInt64(range.lowerBound % 64)
    while value == 0 {
      word += 1
      if word * 64 >= range.upperBound { return range.upperBound }
      value = ~bits[base + word]
    }
    return min(word * 64 + value.trailingZeroBitCount, range.upperBound)
  }
}
