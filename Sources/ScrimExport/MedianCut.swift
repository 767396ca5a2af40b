import ScrimImage

/// Computes a palette for many colours by median cut (Heckbert 1982): boxes of colours are divided at the median of
/// their pixels, the widest first. Up to the limit, all colours are kept exactly.
struct MedianCut {
  private(set) var colours: [Pixel]
  private var places: [Pixel: UInt8] = [:]

  /// - Parameters:
  /// - pixels: words above 2^24 are ignored.
  /// - limit: the maximum number of colours.
  init(of pixels: [Pixel], limit: Int) {
    var counts: [Pixel: Int] = [:]
    var (last, run): (Pixel, Int) = (.max, 0)
    for pixel in pixels {
      if pixel == last {
        run += 1
        continue
      }
      if last <= 0xFF_FFFF { counts[last, default: 0] += run }
      (last, run) = (pixel, 1)
    }
    if last <= 0xFF_FFFF { counts[last, default: 0] += run }
    // Sorted, so that equal pictures have equal palettes.
    let sorted = counts.sorted { $0.key < $1.key }.map { Entry(colour: $0.key, count: $0.value) }
    guard sorted.count > limit else {
      colours = sorted.map(\.colour)
      for (place, colour) in colours.enumerated() { places[colour] = UInt8(place) }
      return
    }
    var boxes = [Box(sorted)]
    while boxes.count < limit, let widest = boxes.indices.max(by: { boxes[$0].weight < boxes[$1].weight }),
      boxes[widest].entries.count > 1
    {
      let (low, high) = boxes[widest].halves()
      boxes[widest] = low
      boxes.append(high)
    }
    colours = boxes.map(\.mean)
    for (place, box) in boxes.enumerated() {
      for entry in box.entries { places[entry.colour] = UInt8(place) }
    }
  }

  /// The index in `colours` that represents a pixel.
  func index(of pixel: Pixel) -> UInt8 { places[pixel] ?? 0 }

  private struct Entry {
    var colour: Pixel
    var count: Int

    func sample(_ shift: Pixel) -> Int { Int(colour >> shift & 255) }
  }

  private struct Box {
    var entries: [Entry]
    /// The channel with the largest range within the box.
    var shift: Pixel = 0
    var weight = 0

    init(_ entries: [Entry]) {
      self.entries = entries
      var width = -1
      for candidate in [16, 8, 0] as [Pixel] {
        let values = entries.map { $0.sample(candidate) }
        let spread = (values.max() ?? 0) - (values.min() ?? 0)
        if spread > width { (width, shift) = (spread, candidate) }
      }
      // Wide boxes with many pixels cause the largest visible error.
      let pixels = entries.reduce(0) { $0 + $1.count }
      weight = entries.count > 1 ? width * width * Int(Double(pixels).squareRoot()) : -1
    }

    var mean: Pixel {
      let pixels = max(1, entries.reduce(0) { $0 + $1.count })
      return [16, 8, 0].reduce(0) { mean, shift in
        mean | Pixel((entries.reduce(0) { $0 + $1.sample(shift) * $1.count } + pixels / 2) / pixels) << shift
      }
    }

    func halves() -> (Box, Box) {
      let sorted = entries.sorted { ($0.sample(shift), $0.colour) < ($1.sample(shift), $1.colour) }
      let half = sorted.reduce(0) { $0 + $1.count } / 2
      var (sum, cut) = (0, 0)
      while cut < sorted.count - 1, sum + sorted[cut].count <= half || cut == 0 {
        sum += sorted[cut].count
        cut += 1
      }
      return (Box(Array(sorted[..<cut])), Box(Array(sorted[cut...])))
    }
  }
}
