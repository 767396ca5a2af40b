extension Region {
  /// Copies the set's pixels from a framebuffer to a canonical picture of the same size. Reads no other
  /// byte of the framebuffer.
  ///
  /// - Parameters:
  ///   - bytes: the framebuffer, `stride` bytes per row; it ends no earlier than the last copied pixel.
  ///   - picture: canonical pixels, row by row without slack; the set lies inside it.
  ///   - width: pixels per row.
  public func copyPixels(
    from bytes: Span<UInt8>, stride: Int, format: PixelFormat, to picture: inout MutableSpan<Pixel>,
    width: Int
  ) {
    let pixel = format.bytesPerPixel
    precondition(stride >= width * pixel, "a stride holds a row of pixels")
    precondition(
      isEmpty || bands[bands.count - 1].maxY * width <= picture.count, "the set lies in the picture")
    precondition(isEmpty || bands[0].minY >= 0, "the set lies in the picture")
    for band in bands {
      for xs in spans[band.firstSpan..<band.endSpan] {
        precondition(xs.lowerBound >= 0 && xs.upperBound <= width, "the set lies in the picture")
        precondition(
          (band.maxY - 1) * stride + xs.upperBound * pixel <= bytes.count,
          "the framebuffer ends within the set")
        unsafe bytes.withUnsafeBufferPointer { source in
          unsafe picture.withUnsafeMutableBufferPointer { target in
            guard let source = source.baseAddress, let target = target.baseAddress else { return }
            for y in band.minY..<band.maxY {
              // Both places lie inside, by the checks above.
              unsafe PixelFormat.convert(
                from: UnsafeRawPointer(source + (y * stride + xs.lowerBound * pixel)), format: format,
                to: target + (y * width + xs.lowerBound), count: xs.count)
            }
          }
        }
      }
    }
  }

  /// Copies the set's pixels from one canonical picture to another of the same width.
  public func copyPixels(from source: Span<Pixel>, to target: inout MutableSpan<Pixel>, width: Int) {
    for band in bands {
      for y in band.minY..<band.maxY {
        for xs in spans[band.firstSpan..<band.endSpan] {
          let start = y * width + xs.lowerBound
          PixelRow.copy(source.extracting(start..<start + xs.count), to: &target, at: start)
        }
      }
    }
  }
}
