import CScrimKernels
package import ScrimImage

/// Differences between neighbouring guarded pixels, as bit planes with one bit per pixel, kept from frame to frame.
///
/// Rows are whole 64-bit words, so later steps process 64 pixels at a time. A bit is set only for a pair of guarded
/// pixels, and no other pixel is read. In a new frame only the rows that changed are compared.
package struct StepPlanes: Sendable {
  /// The smallest length of a straight line, in pixels.
  package static let lineLength = 64
  /// The smallest number of a line's steps between two lines that cross it.
  static let partLength = 12
  /// A tile with at least this number of pairs that differ, horizontally and vertically, is an out-of-focus
  /// photograph.
  static let grainCount: UInt64 = 16
  /// Rows that are compared together: those of a tile.
  static let side = GapGuard.tileSide

  package let width: Int
  package let height: Int
  /// Words per row.
  package let words: Int
  /// The guarded pixels.
  package private(set) var guarded: [UInt64]
  /// Differences of 2 or more in a channel from the left neighbour, and from the upper neighbour.
  ///
  /// Print of contrast 3 has at least one step of 2 at its edges; dithered surfaces have steps of 1.
  package private(set) var across: [UInt64]
  package private(set) var down: [UInt64]
  /// Differences over 4.
  package private(set) var roughAcross: [UInt64]
  package private(set) var roughDown: [UInt64]
  /// Differences over 6.
  package private(set) var strongAcross: [UInt64]
  package private(set) var strongDown: [UInt64]
  /// Steps of `across` that belong to a line of 64 or more in a column, and steps of `down` in a row, along which
  /// neither side changes. See ``findVerticals(rows:)``.
  package var verticals: [UInt64]
  package var horizontals: [UInt64]
  /// One byte per tile, 255 for grain; `words` per row of tiles.
  private(set) var grain: [UInt64]
  /// One byte per row: whether it has any step.
  private(set) var hasSteps: [UInt8]
  private var area = Region()
  // Scratch for a row, and the counts of a row of tiles, one byte per tile.
  var links: [UInt64]
  private var varies: [UInt64]
  private var grainAcross: [UInt64]
  private var grainDown: [UInt64]

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    words = (width + 63) / 64
    let plane = [UInt64](repeating: 0, count: words * height)
    guarded = plane
    across = plane
    down = plane
    roughAcross = plane
    roughDown = plane
    strongAcross = plane
    strongDown = plane
    verticals = plane
    horizontals = plane
    grain = [UInt64](repeating: 0, count: words * ((height + StepPlanes.side - 1) / StepPlanes.side))
    hasSteps = [UInt8](repeating: 0, count: height)
    // The last vector of a row may end one word behind it.
    links = [UInt64](repeating: 0, count: words + 1)
    varies = links
    grainAcross = links
    grainDown = links
  }

  /// Updates the planes for a new frame.
  ///
  /// - Parameters:
  ///   - second: another picture: a step in either is one.
  ///   - region: the guarded pixels.
  ///   - changed: the rows that may have changed since the last call.
  /// - Returns: rows in which any plane may have changed, in order.
  package mutating func update(
    _ pixels: Span<Pixel>, _ second: Span<Pixel>?, _ region: Region, changed: [Range<Int>]
  ) -> [Range<Int>] {
    var rows = changed
    if region != area {
      area = region
      rows += takeOver(region)
    }
    // Whole rows of tiles, since grain is counted per tile; and the next row too, since its steps compare it with
    // this one.
    let side = StepPlanes.side
    rows = StepPlanes.merged(
      rows.filter { !$0.isEmpty }.map {
        $0.lowerBound / side * side..<min(height, ($0.upperBound + 1 + side - 1) / side * side)
      })
    if rows.isEmpty { return [] }
    for range in rows {
      for top in stride(from: range.lowerBound, to: range.upperBound, by: side) {
        compare(pixels, second, rows: top..<min(top + side, height))
      }
      findHorizontals(rows: range)
    }
    // A line's part depends on 63 links on each side, and each link on the lines that cross it within 7 rows.
    let reach = StepPlanes.lineLength + 8
    let affected = StepPlanes.merged(
      rows.map { max(0, $0.lowerBound - reach)..<min(height, $0.upperBound + reach) })
    for range in affected { findVerticals(rows: range) }
    return affected
  }

  /// Whether a pixel is guarded.
  func isGuarded(_ x: Int, _ y: Int) -> Bool { guarded[y * words + x / 64] >> UInt64(x % 64) & 1 != 0 }

  /// Sorted ranges, with those that touch merged.
  static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }

  /// Writes the guarded pixels; returns the rows in which they changed.
  private mutating func takeOver(_ region: Region) -> [Range<Int>] {
    var changed: [Range<Int>] = []
    var row = [UInt64](repeating: 0, count: words)
    var next = 0
    var y = 0
    while y < height {
      for word in row.indices { row[word] = 0 }
      while next < region.bands.count, region.bands[next].maxY <= y { next += 1 }
      var end = height
      if next < region.bands.count {
        let band = region.bands[next]
        end = band.minY
        if band.minY <= y {
          end = band.maxY
          for xs in region.spans[band.firstSpan..<band.endSpan] { StepPlanes.set(&row, xs) }
        }
      }
      for y in y..<min(end, height) {
        let base = y * words
        var difference: UInt64 = 0
        for word in 0..<words {
          difference |= guarded[base + word] ^ row[word]
          guarded[base + word] = row[word]
        }
        if difference != 0 { changed.append(y..<y + 1) }
      }
      y = end
    }
    return changed
  }

  /// Sets the bits `xs` of a row that begins at word `base`.
  static func set(_ bits: inout [UInt64], _ xs: Range<Int>, base: Int = 0) {
    guard !xs.isEmpty else { return }
    let first = xs.lowerBound / 64
    let last = (xs.upperBound - 1) / 64
    let head = ~UInt64(0) << UInt64(xs.lowerBound % 64)
    let tail = ~UInt64(0) >> UInt64(63 - (xs.upperBound - 1) % 64)
    if first == last {
      bits[base + first] |= head & tail
      return
    }
    bits[base + first] |= head
    for word in first + 1..<last { bits[base + word] = ~0 }
    bits[base + last] |= tail
  }

  // MARK: Comparing

  /// Compares a row of tiles' pixels with their left and upper neighbours.
  private mutating func compare(_ pixels: Span<Pixel>, _ second: Span<Pixel>?, rows: Range<Int>) {
    for word in 0..<words {
      grainAcross[word] = 0
      grainDown[word] = 0
    }
    for y in rows {
      let base = y * words
      for word in base..<base + words {
        across[word] = 0
        roughAcross[word] = 0
        strongAcross[word] = 0
        down[word] = 0
        roughDown[word] = 0
        strongDown[word] = 0
      }
      compare(pixels, row: y)
      if let second { compare(second, row: y) }
      var any: UInt64 = 0
      for word in base..<base + words { any |= across[word] | down[word] }
      hasSteps[y] = any == 0 ? 0 : 1
    }
    let first = rows.lowerBound / StepPlanes.side * words
    for word in 0..<words {
      var result: UInt64 = 0
      if grainAcross[word] != 0, grainDown[word] != 0 {
        for shift: UInt64 in stride(from: 0, to: 64, by: 8) {
          let least = min(grainAcross[word] >> shift & 0xFF, grainDown[word] >> shift & 0xFF)
          if least >= StepPlanes.grainCount { result |= 0xFF << shift }
        }
      }
      grain[first + word] = result
    }
  }

  private mutating func compare(_ pixels: Span<Pixel>, row y: Int) {
    let spans = area.spans(atRow: y)
    if spans.isEmpty { return }
    let base = y * words
    let row = y * width
    for word in varies.indices { varies[word] = 0 }
    for xs in spans where xs.count > 1 {
      StepPlanes.findSteps(
        pixels, row + xs.lowerBound + 1, row + xs.lowerBound, xs.count - 1, bit: xs.lowerBound + 1,
        base: base, &varies, &across, &roughAcross, &strongAcross)
    }
    StepPlanes.count(varies, words, into: &grainAcross)
    guard y > 0 else { return }
    for word in varies.indices { varies[word] = 0 }
    StepPlanes.forEachCommon(spans, area.spans(atRow: y - 1)) { xs in
      StepPlanes.findSteps(
        pixels, row + xs.lowerBound, row - width + xs.lowerBound, xs.count, bit: xs.lowerBound,
        base: base, &varies, &down, &roughDown, &strongDown)
    }
    StepPlanes.count(varies, words, into: &grainDown)
  }

  private static func forEachCommon(
    _ a: ArraySlice<Range<Int>>, _ b: ArraySlice<Range<Int>>, _ body: (Range<Int>) -> Void
  ) {
    var i = a.startIndex
    var j = b.startIndex
    while i < a.endIndex, j < b.endIndex {
      let common = a[i].clamped(to: b[j])
      if !common.isEmpty { body(common) }
      if a[i].upperBound < b[j].upperBound { i += 1 } else { j += 1 }
    }
  }

  /// Adds the number of set bits of each byte.
  private static func count(_ bits: [UInt64], _ words: Int, into sums: inout [UInt64]) {
    for word in 0..<words where bits[word] != 0 {
      var x = bits[word]
      x -= x >> 1 & 0x5555_5555_5555_5555
      x = x & 0x3333_3333_3333_3333 + x >> 2 & 0x3333_3333_3333_3333
      // At most 8 per row, 64 per tile, 128 in two pictures: no byte overflows.
      sums[word] += (x + x >> 4) & 0x0F0F_0F0F_0F0F_0F0F
    }
  }

  /// Compares `count` pixels from `a` with those from `b`. The result of the first pair is bit `bit` of the row at
  /// word `base`; for `varies`, bits are counted from its own beginning.
  ///
  /// Written in C, since Swift has no operation that packs the lanes of a vector into bits: the loop in
  /// `StepPlanesTests` takes 15 times as long.
  private static func findSteps(
    _ pixels: Span<Pixel>, _ a: Int, _ b: Int, _ count: Int, bit: Int, base: Int, _ varies: inout [UInt64],
    _ steps: inout [UInt64], _ rough: inout [UInt64], _ strong: inout [UInt64]
  ) {
    precondition(min(a, b) >= 0 && max(a, b) + count <= pixels.count, "pairs lie inside the picture")
    let end = base + (bit + count + 63) / 64
    precondition(end <= steps.count && end <= rough.count && end <= strong.count, "planes have a bit a pair")
    precondition(end - base <= varies.count, "a row has a bit a pair")
    unsafe pixels.withUnsafeBufferPointer { pixels in
      unsafe varies.withUnsafeMutableBufferPointer { varies in
        unsafe steps.withUnsafeMutableBufferPointer { steps in
          unsafe rough.withUnsafeMutableBufferPointer { rough in
            unsafe strong.withUnsafeMutableBufferPointer { strong in
              // The pixels and the words of the bits are inside their buffers (checked above), and the call keeps
              // no pointer.
              guard let pixels = pixels.baseAddress, let varies = varies.baseAddress,
                let steps = steps.baseAddress, let rough = rough.baseAddress, let strong = strong.baseAddress
              else { return }
              unsafe scrim_find_steps(
                pixels + a, pixels + b, count, bit, varies, steps + base, rough + base, strong + base)
            }
          }
        }
      }
    }
  }
}
