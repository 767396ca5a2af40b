import ScrimImage

extension Picture {
  /// The picture scaled to other sides. A smaller one has the mean of the area that each of its pixels covers; a
  /// larger one repeats pixels, so edges stay sharp.
  ///
  /// - Parameters: sides in pixels, at least 1.
  func resized(width newWidth: Int, height newHeight: Int) -> Picture {
    if newWidth == width, newHeight == height { return self }
    var result = Picture(width: newWidth, height: newHeight)
    let columns = Coverage.all(of: width, in: newWidth)
    let rows = Coverage.all(of: height, in: newHeight)
    let source = pixels.span
    var target = result.pixels.mutableSpan
    var sums = [Float](repeating: 0, count: newWidth * 3)
    for y in 0..<newHeight {
      let row = rows[y]
      for index in sums.indices { sums[index] = 0 }
      for sourceY in row.range {
        let start = sourceY * width
        let vertical = row.weight(sourceY)
        for x in 0..<newWidth {
          let column = columns[x]
          for sourceX in column.range {
            let pixel = source[start + sourceX]
            let weight = vertical * column.weight(sourceX)
            sums[x * 3] += weight * Float(pixel >> 16 & 0xFF)
            sums[x * 3 + 1] += weight * Float(pixel >> 8 & 0xFF)
            sums[x * 3 + 2] += weight * Float(pixel & 0xFF)
          }
        }
      }
      for x in 0..<newWidth {
        func channel(_ index: Int) -> Pixel { Pixel(min(255, (sums[x * 3 + index] + 0.5).rounded(.down))) }
        target[y * newWidth + x] = channel(0) << 16 | channel(1) << 8 | channel(2)
      }
    }
    return result
  }
}

/// The pixels along a side that one pixel of the result covers, with weights that add up to 1.
private struct Coverage {
  var range: Range<Int>
  private var first: Float
  private var middle: Float
  private var last: Float

  func weight(_ place: Int) -> Float {
    place == range.lowerBound ? first : place == range.upperBound - 1 ? last : middle
  }

  static func all(of count: Int, in newCount: Int) -> [Coverage] {
    let step = Double(count) / Double(newCount)
    return (0..<newCount).map { place in
      guard step > 1 else {
        let nearest = min(count - 1, Int((Double(place) + 0.5) * step))
        return Coverage(range: nearest..<nearest + 1, first: 1, middle: 0, last: 0)
      }
      let (begin, end) = (Double(place) * step, min(Double(count), Double(place + 1) * step))
      let (low, high) = (Int(begin), min(count, Int(end.rounded(.up))))
      let share = 1 / (end - begin)
      return Coverage(
        range: low..<high, first: Float((Double(min(high, low + 1)) - begin) * share), middle: Float(share),
        last: Float((end - Double(high - 1)) * share))
    }
  }
}
