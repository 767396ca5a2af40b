import CScrimKernels

/// The basic loops over one row of pixels. None has a branch inside, so all are vectorized.
public enum PixelRow {
  /// Whether two rows of equal length differ in any of the bits `mask`.
  ///
  /// The loop in Swift, `difference |= a[i] ^ b[i]`, takes 1.16 times as long as memcmp over cold frames,
  /// since it uses 16-byte vectors only; this one takes 1.06 times (`scrim-bench --filter unchanged`).
  public static func differs(_ a: Span<Pixel>, _ b: Span<Pixel>, in mask: Pixel = ~0) -> Bool {
    let count = a.count
    precondition(b.count == count, "rows of different lengths cannot be compared")
    return unsafe a.withUnsafeBufferPointer { a in
      unsafe b.withUnsafeBufferPointer { b in
        // Both hold `count` words, and the call keeps no pointer.
        guard let a = a.baseAddress, let b = b.baseAddress else { return false }
        return unsafe scrim_rows_differ(a, b, count, mask)
      }
    }
  }

  /// Whether any pixel of a row is not `colour`.
  public static func differs(_ a: Span<Pixel>, from colour: Pixel) -> Bool {
    var difference: UInt32 = 0
    for i in 0..<a.count { difference |= a[i] ^ colour }
    return difference != 0
  }

  /// Copies `source` over the pixels of `target` that begin at `start`.
  public static func copy(_ source: Span<Pixel>, to target: inout MutableSpan<Pixel>, at start: Int) {
    let count = source.count
    precondition(start >= 0 && start + count <= target.count, "the pixels copied do not fit the target")
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { source in
        // `target` has room for them (checked above), and exclusive access ensures that the two spans don't
        // overlap.
        guard let target = target.baseAddress, let source = source.baseAddress else { return }
        unsafe (target + start).update(from: source, count: count)
      }
    }
  }

  /// Sets the pixels `xs` of `target` to one colour.
  public static func fill(_ target: inout MutableSpan<Pixel>, _ xs: Range<Int>, with colour: Pixel) {
    var part = target._mutatingExtracting(xs)
    for i in 0..<part.count { part[i] = colour }
  }

  /// Copies the bits `mask` of a row, tile by tile, where they differ from the pixels of `target` that
  /// begin at `start`; the other bits of written pixels are zero.
  ///
  /// - Parameters:
  ///   - origin: the picture's column of the row's first pixel.
  ///   - side: side length of a tile, in pixels.
  ///   - marks: one byte per tile column of the picture, set to 1 where something was written.
  /// - Returns: whether anything was written.
  public static func update(
    _ target: inout MutableSpan<Pixel>, at start: Int, with source: Span<Pixel>, in mask: Pixel = ~0,
    origin: Int, side: Int, marks: inout [UInt8]
  ) -> Bool {
    let count = source.count
    precondition(start >= 0 && start + count <= target.count, "the pixels taken over do not fit the target")
    precondition(origin >= 0 && side > 0 && origin + count <= marks.count * side, "a tile column has no mark")
    return unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { source in
        unsafe marks.withUnsafeMutableBufferPointer { marks in
          // `target` has room for them and `marks` a byte for each of their columns (checked above);
          // exclusive access ensures that the spans don't overlap, and the call keeps no pointer.
          guard let target = target.baseAddress, let source = source.baseAddress else { return false }
          return unsafe scrim_row_update(
            target + start, source, count, mask, origin, side, marks.baseAddress)
        }
      }
    }
  }
}
