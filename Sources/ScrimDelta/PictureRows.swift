public import ScrimImage

/// Copies, moves and fills of whole rectangles of a picture, row by row; encoder and decoder share them.
public enum PictureRows {
  /// Copies a rectangle to another place of the same picture, as if the whole source were read before any
  /// pixel is written.
  ///
  /// - Parameter source: top left corner of the source; both rectangles lie in the picture.
  public static func move(
    to target: Rect, fromX sourceX: Int, y sourceY: Int, in pixels: inout [Pixel], width: Int
  ) {
    precondition(target.x >= 0 && target.y >= 0 && target.maxX <= width && sourceX >= 0 && sourceY >= 0)
    precondition(target.maxY * width <= pixels.count && sourceX + target.width <= width)
    precondition((sourceY + target.height) * width <= pixels.count)
    let height = target.height
    unsafe pixels.withUnsafeMutableBufferPointer { buffer in
      // Both rectangles lie in the buffer (checked above). The order of rows ensures that none is
      // overwritten before it is read, and `update` moves within a row as memmove does.
      guard let base = buffer.baseAddress else { return }
      for step in 0..<height {
        let row = sourceY < target.y ? height - 1 - step : step
        unsafe (base + (target.y + row) * width + target.x)
          .update(from: base + (sourceY + row) * width + sourceX, count: target.width)
      }
    }
  }

  /// Sets a rectangle of a picture to one colour.
  public static func fill(_ rect: Rect, with colour: Pixel, in pixels: inout [Pixel], width: Int) {
    var target = pixels.mutableSpan
    for y in rect.y..<rect.maxY {
      PixelRow.fill(&target, y * width + rect.x..<y * width + rect.maxX, with: colour)
    }
  }

  /// Copies a rectangle of one picture to the same place of another of the same size.
  public static func copy(_ rect: Rect, of source: Span<Pixel>, to pixels: inout [Pixel], width: Int) {
    var target = pixels.mutableSpan
    for y in rect.y..<rect.maxY {
      let start = y * width + rect.x
      PixelRow.copy(source.extracting(start..<start + rect.width), to: &target, at: start)
    }
  }

  /// The smallest part of `rect` that holds every pixel in which two pictures of one size differ; nil if
  /// they are equal there.
  public static func difference(
    _ new: Span<Pixel>, _ old: Span<Pixel>, in rect: Rect, width: Int
  ) -> Rect? {
    var top = -1
    var bottom = 0
    var left = rect.width
    var right = 0
    for y in rect.y..<rect.maxY {
      let start = y * width + rect.x
      let a = new.extracting(start..<start + rect.width)
      let b = old.extracting(start..<start + rect.width)
      guard PixelRow.differs(a, b) else { continue }
      if top < 0 { top = y }
      bottom = y + 1
      var x = 0
      while x < left, a[x] == b[x] { x += 1 }
      left = min(left, x)
      x = rect.width
      while x > right, a[x - 1] == b[x - 1] { x -= 1 }
      right = max(right, x)
    }
    return top < 0 ? nil : Rect(minX: rect.x + left, minY: top, maxX: rect.x + right, maxY: bottom)
  }
}
