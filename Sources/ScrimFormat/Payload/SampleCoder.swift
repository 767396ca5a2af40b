import ScrimImage

/// Colour transform of a pixel's three samples before prediction.
enum SampleTransform: UInt8 {
  /// Blue, green, red.
  case plain = 0
  /// Blue − green, green, red − green, modulo 256: smaller values where the channels are correlated.
  case green = 1
}

/// Predictive coder for the samples of a photographic rectangle, row by row: stores each sample minus its
/// prediction.
///
/// The prediction is the median of left, above, and left + above − above-left, as in JPEG-LS.
struct SampleCoder {
  /// Three planes of the previous row and of the current one, one after the other.
  private var before: [UInt8] = []
  private var row: [UInt8] = []
  private var transform = SampleTransform.plain
  private var width = 0
  private var isFirst = true

  /// Begins another rectangle and reuses the memory.
  mutating func begin(width: Int, transform: SampleTransform) {
    self.width = width
    self.transform = transform
    isFirst = true
    if row.count < 3 * width {
      before = [UInt8](repeating: 0, count: 3 * width)
      row = [UInt8](repeating: 0, count: 3 * width)
    }
  }

  /// Chooses the transform whose samples change less from pixel to pixel; reads every eighth row.
  static func transform(for rect: Rect, of pixels: Span<Pixel>, stride: Int) -> SampleTransform {
    var plain = 0
    var green = 0
    var y = rect.y
    while y < rect.maxY {
      let row = pixels.extracting(y * stride + rect.x..<y * stride + rect.maxX)
      for x in 1..<max(row.count, 1) {
        let b = Int(row[x] & 0xFF) - Int(row[x - 1] & 0xFF)
        let g = Int(row[x] >> 8 & 0xFF) - Int(row[x - 1] >> 8 & 0xFF)
        let r = Int(row[x] >> 16) - Int(row[x - 1] >> 16)
        plain += abs(b) + abs(r)
        green += abs(b - g) + abs(r - g)
      }
      y += 8
    }
    return green < plain ? .green : .plain
  }

  /// Writes the residuals of the next row to three planes, each at its own start.
  ///
  /// - Parameter starts: where the row begins in `bytes`, for each plane.
  mutating func encode(
    _ pixels: Span<Pixel>, to bytes: inout [UInt8], starts: (Int, Int, Int)
  ) {
    precondition(pixels.count == width, "a coder serves rows of one length")
    swap(&before, &row)
    split(pixels)
    let (width, isFirst) = (width, isFirst)
    var target = bytes.mutableSpan
    for (plane, start) in [(0, starts.0), (1, starts.1), (2, starts.2)] {
      let now = row.span.extracting(plane * width..<(plane + 1) * width)
      let above = before.span.extracting(plane * width..<(plane + 1) * width)
      var out = target._mutatingExtracting(start..<start + width)
      SampleCoder.differences(now, isFirst ? nil : above, to: &out)
    }
    self.isFirst = false
  }

  /// Decodes a row from its three planes of residuals.
  mutating func decode(
    _ bytes: Span<UInt8>, starts: (Int, Int, Int), to pixels: inout MutableSpan<Pixel>
  ) {
    precondition(pixels.count == width, "a coder serves rows of one length")
    swap(&before, &row)
    let (width, isFirst) = (width, isFirst)
    let before = before
    var target = row.mutableSpan
    for (plane, start) in [(0, starts.0), (1, starts.1), (2, starts.2)] {
      let above = before.span.extracting(plane * width..<(plane + 1) * width)
      var out = target._mutatingExtracting(plane * width..<(plane + 1) * width)
      SampleCoder.sum(bytes.extracting(start..<start + width), isFirst ? nil : above, to: &out)
    }
    join(to: &pixels)
    self.isFirst = false
  }

  private mutating func split(_ pixels: Span<Pixel>) {
    let shift: UInt8 = transform == .green ? 0xFF : 0
    let width = width
    var target = row.mutableSpan
    for x in 0..<width {
      let pixel = pixels[x]
      let green = UInt8(truncatingIfNeeded: pixel >> 8)
      target[x] = UInt8(truncatingIfNeeded: pixel) &- green & shift
      target[width + x] = green
      target[2 * width + x] = UInt8(truncatingIfNeeded: pixel >> 16) &- green & shift
    }
  }

  private func join(to pixels: inout MutableSpan<Pixel>) {
    let shift: UInt8 = transform == .green ? 0xFF : 0
    for x in 0..<width {
      let green = row[width + x]
      let blue = row[x] &+ green & shift
      let red = row[2 * width + x] &+ green & shift
      pixels[x] = UInt32(blue) | UInt32(green) << 8 | UInt32(red) << 16
    }
  }

  private static func differences(
    _ now: Span<UInt8>, _ above: Span<UInt8>?, to out: inout MutableSpan<UInt8>
  ) {
    let count = now.count
    precondition(out.count == count)
    guard let above else {
      out[0] = now[0]
      for x in 1..<max(count, 1) { out[x] = now[x] &- now[x - 1] }
      return
    }
    precondition(above.count == count)
    out[0] = now[0] &- above[0]
    for x in 1..<max(count, 1) { out[x] = now[x] &- median(now[x - 1], above[x], above[x - 1]) }
  }

  private static func sum(
    _ differences: Span<UInt8>, _ above: Span<UInt8>?, to out: inout MutableSpan<UInt8>
  ) {
    let count = differences.count
    precondition(out.count == count)
    var left: UInt8 = 0
    guard let above else {
      for x in 0..<count {
        left = left &+ differences[x]
        out[x] = left
      }
      return
    }
    precondition(above.count == count)
    left = above[0] &+ differences[0]
    out[0] = left
    for x in 1..<max(count, 1) {
      left = median(left, above[x], above[x - 1]) &+ differences[x]
      out[x] = left
    }
  }

  @inline(__always)
  private static func median(_ left: UInt8, _ above: UInt8, _ corner: UInt8) -> UInt8 {
    let low = min(left, above)
    let high = max(left, above)
    let plane = Int16(left) + Int16(above) - Int16(corner)
    return UInt8(truncatingIfNeeded: max(Int16(low), min(Int16(high), plane)))
  }
}
