import Glibc

/// The raw pixels of one moment, as a source delivered them: unmasked, and so never compared, hashed or
/// stored.
///
/// A value with shared, immutable storage: a copy is a reference.
public struct Frame: Sendable {
  /// Pixels.
  public let width: Int
  public let height: Int
  /// Bytes from the start of one row to the start of the next; bytes after a row's pixels are ignored.
  public let stride: Int
  public let format: PixelFormat
  private let rows: Rows

  /// Storage of the rows: 32-bit words, or memory that a source fills.
  private enum Rows {
    case words([UInt32])
    case memory(FrameMemory)
  }

  /// A frame from canonical pixels, row by row without slack.
  ///
  /// - Parameter pixels: `width × height` pixels; the high byte of each is ignored.
  public init(width: Int, height: Int, pixels: [Pixel]) {
    precondition(width > 0 && height > 0, "a frame needs at least one pixel")
    precondition(pixels.count == width * height, "a frame needs width × height pixels")
    self.width = width
    self.height = height
    stride = width * 4
    format = .bgrx
    rows = .words(pixels)
  }

  /// A frame from the bytes of a framebuffer.
  ///
  /// - Parameters:
  ///   - stride: bytes per row, at least `width × bytesPerPixel`.
  ///   - bytes: at least `stride × (height − 1) + width × bytesPerPixel` bytes; they are copied.
  /// - Throws: ``FrameError`` if the sizes contradict each other.
  public init(
    width: Int, height: Int, stride: Int, format: PixelFormat, bytes: Span<UInt8>
  ) throws(FrameError) {
    let needed = try Frame.byteCount(width: width, height: height, stride: stride, format: format)
    guard bytes.count >= needed else { throw .tooFewBytes(needed: needed, given: bytes.count) }
    self.width = width
    self.height = height
    self.stride = stride
    self.format = format
    let words = (needed + 3) / 4
    rows = .words(
      unsafe [UInt32](unsafeUninitializedCapacity: words) { target, count in
        // By the guard above, `bytes` holds `needed` bytes. `target` holds that many rounded up to words,
        // and the last word is set first.
        unsafe target[words - 1] = 0
        unsafe bytes.withUnsafeBytes { source in
          unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: source[0..<needed]))
        }
        count = words
      })
  }

  /// A frame that refers to memory without copying it.
  ///
  /// - Parameters:
  ///   - stride: bytes per row, at least `width × bytesPerPixel`.
  ///   - memory: at least `stride × (height − 1) + width × bytesPerPixel` bytes.
  /// - Throws: ``FrameError`` if the sizes contradict each other.
  public init(
    width: Int, height: Int, stride: Int, format: PixelFormat, memory: FrameMemory
  ) throws(FrameError) {
    let needed = try Frame.byteCount(width: width, height: height, stride: stride, format: format)
    guard memory.count >= needed else { throw .tooFewBytes(needed: needed, given: memory.count) }
    self.width = width
    self.height = height
    self.stride = stride
    self.format = format
    rows = .memory(memory)
  }

  /// Whether a framebuffer of the frame's shape still has the bytes that the frame was made from; for a
  /// framebuffer that other programs write to.
  public func isMade(of bytes: Span<UInt8>) -> Bool {
    let needed = stride * (height - 1) + width * format.bytesPerPixel
    guard bytes.count >= needed else { return false }
    return unsafe withBytes { mine in
      // Both hold `needed` bytes: the rows since the frame was made, and `bytes` by the guard above.
      unsafe bytes.withUnsafeBytes { theirs in
        guard let mine = mine.baseAddress, let theirs = theirs.baseAddress else { return false }
        return unsafe memcmp(mine, theirs, needed) == 0
      }
    }
  }

  /// The bytes of all rows.
  private func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
    switch rows {
    case .words(let words): unsafe words.withUnsafeBytes { unsafe body($0) }
    // `memory` is retained until the call returns.
    case .memory(let memory):
      withExtendedLifetime(memory) { unsafe body(UnsafeRawBufferPointer(memory.bytes)) }
    }
  }

  /// Bytes of a framebuffer of this shape, without slack after its last row.
  public static func byteCount(
    width: Int, height: Int, stride: Int, format: PixelFormat
  ) throws(FrameError) -> Int {
    guard width > 0, height > 0 else { throw .emptySize(width: width, height: height) }
    let (row, rowOverflow) = width.multipliedReportingOverflow(by: format.bytesPerPixel)
    guard !rowOverflow, stride >= row else { throw .strideTooSmall(stride: stride, row: row) }
    let (above, overflow) = stride.multipliedReportingOverflow(by: height - 1)
    let (total, sumOverflow) = above.addingReportingOverflow(row)
    guard !overflow, !sumOverflow, total <= Frame.byteLimit else {
      throw .tooLarge(width: width, height: height, stride: stride)
    }
    return total
  }

  /// Size limit of a framebuffer: 32768 × 32768 pixels of 4 bytes.
  public static let byteLimit = 1 << 32

  /// Whether both are views of the same memory, so that pixels need no comparison. Different memory may
  /// hold equal pixels.
  public func isSameStorage(as other: Frame) -> Bool {
    guard width == other.width, height == other.height, stride == other.stride, format == other.format
    else { return false }
    // Only the addresses are compared, while both arrays are retained.
    return unsafe withBytes { mine in
      unsafe other.withBytes { theirs in unsafe mine.baseAddress == theirs.baseAddress }
    }
  }

  /// Whether the pixels `xs` of some rows may differ from those of a canonical picture of this frame's
  /// size. False is certain; true may be returned for equal pixels.
  ///
  /// Most rows of most frames are equal. For 32-bit BGRX framebuffers this is found without a conversion:
  /// the cost is that of reading both.
  ///
  /// - Parameter canonical: `width × height` pixels.
  public func mayDiffer(_ ys: Range<Int>, _ xs: Range<Int>, from canonical: Span<Pixel>) -> Bool {
    precondition(
      ys.lowerBound >= 0 && ys.upperBound <= height && xs.lowerBound >= 0 && xs.upperBound <= width)
    precondition(canonical.count == width * height, "a picture of another size")
    guard format == .bgrx || format == .bgra, stride % 4 == 0 else { return true }
    if ys.isEmpty || xs.isEmpty { return false }
    // Whole rows without slack are one long row.
    let isWhole = stride == width * 4 && xs.count == width
    let (count, rows) = isWhole ? (width * ys.count, 1) : (xs.count, ys.count)
    return unsafe withBytes { bytes in
      // The pixels lie in the rows (checked above and when the frame was made).
      let start = unsafe bytes.baseAddress! + ys.lowerBound * stride + xs.lowerBound * 4
      guard Int(bitPattern: start) % 4 == 0 else { return true }
      for row in 0..<rows {
        let words = unsafe UnsafeBufferPointer(
          start: (start + row * stride).assumingMemoryBound(to: UInt32.self), count: count)
        let place = (ys.lowerBound + row) * width + xs.lowerBound
        // Pixels are read as words on little-endian machines only, where padding is the high byte.
        if unsafe PixelRow.differs(words.span, canonical.extracting(place..<place + count), in: 0x00FF_FFFF) {
          return true
        }
      }
      return false
    }
  }

  /// Copies the pixels `xs` of row `y` into a canonical picture of this frame's size, where they differ.
  ///
  /// - Parameters:
  ///   - row: scratch, at least `xs.count` pixels long.
  ///   - side: side length of a tile, in pixels.
  ///   - marks: one byte per tile column of the picture, set to 1 where something was copied.
  /// - Returns: whether anything was copied.
  public func update(
    _ picture: inout MutableSpan<Pixel>, _ y: Int, _ xs: Range<Int>, row: inout [Pixel], side: Int,
    marks: inout [UInt8]
  ) -> Bool {
    precondition(y >= 0 && y < height && xs.lowerBound >= 0 && xs.upperBound <= width)
    precondition(picture.count == width * height, "a picture of another size")
    let start = y * width + xs.lowerBound
    if format == .bgrx || format == .bgra {
      let changed: Bool? = unsafe withBytes { bytes in
        // The pixels lie in the row (checked above and when the frame was made).
        let first = unsafe bytes.baseAddress! + y * stride + xs.lowerBound * 4
        guard Int(bitPattern: first) % 4 == 0 else { return nil }
        let words = unsafe UnsafeBufferPointer(
          start: first.assumingMemoryBound(to: UInt32.self), count: xs.count)
        // Padding is the high byte, as in `mayDiffer`.
        return unsafe PixelRow.update(
          &picture, at: start, with: words.span, in: 0x00FF_FFFF, origin: xs.lowerBound, side: side,
          marks: &marks)
      }
      if let changed { return changed }
    }
    var pixels = row.mutableSpan
    readRow(y, xs, into: &pixels)
    return PixelRow.update(
      &picture, at: start, with: row.span.extracting(0..<xs.count), origin: xs.lowerBound, side: side,
      marks: &marks)
  }

  /// Whether the pixels `xs` of row `y` may differ from those of another frame of this one's size. False is
  /// certain; true may be returned for equal pixels.
  public func mayDiffer(_ y: Int, _ xs: Range<Int>, from other: Frame) -> Bool {
    precondition(y >= 0 && y < height && xs.lowerBound >= 0 && xs.upperBound <= width)
    precondition(
      width == other.width && height == other.height, "frames of different sizes cannot be compared")
    guard format == .bgrx || format == .bgra, other.format == .bgrx || other.format == .bgra else {
      return true
    }
    return unsafe withBytes { mine in
      unsafe other.withBytes { theirs in
        // The pixels lie in the rows of both (checked above and when the frames were made).
        let a = unsafe mine.baseAddress! + y * stride + xs.lowerBound * 4
        let b = unsafe theirs.baseAddress! + y * other.stride + xs.lowerBound * 4
        guard Int(bitPattern: a) % 4 == 0, Int(bitPattern: b) % 4 == 0 else { return true }
        let words = unsafe UnsafeBufferPointer(
          start: a.assumingMemoryBound(to: UInt32.self), count: xs.count)
        let others = unsafe UnsafeBufferPointer(
          start: b.assumingMemoryBound(to: UInt32.self), count: xs.count)
        // As above, padding is the high byte.
        return unsafe PixelRow.differs(words.span, others.span, in: 0x00FF_FFFF)
      }
    }
  }

  /// Reports the pixels of a row in which this frame differs from another one of its size, in tiles of at
  /// most 16 pixels.
  ///
  /// - Parameters:
  ///   - scratch: two rows, of at least 16 pixels each.
  ///   - body: gets each tile column that holds a difference, and one bit for each pixel of it, the
  ///     leftmost in the lowest bit.
  /// - Returns: whether there is any difference.
  public func differences(
    _ y: Int, _ xs: Range<Int>, from other: Frame, side: Int, scratch: inout (a: [Pixel], b: [Pixel]),
    _ body: (_ column: Int, _ bits: UInt16) -> Void
  ) -> Bool {
    precondition(side <= 16 && y >= 0 && y < height && xs.lowerBound >= 0 && xs.upperBound <= width)
    precondition(
      width == other.width && height == other.height, "frames of different sizes cannot be compared")
    guard mayDiffer(y, xs, from: other) else { return false }
    let isPlain = [format, other.format].allSatisfy { $0 == .bgrx || $0 == .bgra }
    let isAligned = stride % 4 == 0 && other.stride % 4 == 0
    if isPlain, isAligned {
      let found: Bool? = unsafe withBytes { mine in
        unsafe other.withBytes { theirs in
          // The pixels lie in the rows of both (checked above and when the frames were made).
          let a = unsafe mine.baseAddress! + y * stride
          let b = unsafe theirs.baseAddress! + y * other.stride
          guard Int(bitPattern: a) % 4 == 0, Int(bitPattern: b) % 4 == 0 else { return nil }
          return Frame.differences(
            unsafe UnsafeBufferPointer(start: a.assumingMemoryBound(to: UInt32.self), count: width).span,
            unsafe UnsafeBufferPointer(start: b.assumingMemoryBound(to: UInt32.self), count: width).span,
            xs, side: side, body)
        }
      }
      if let found { return found }
    }
    var hasAny = false
    var left = xs.lowerBound
    while left < xs.upperBound {
      let part = left..<min((left / side + 1) * side, xs.upperBound)
      var mine = scratch.a.mutableSpan
      readRow(y, part, into: &mine)
      var theirs = scratch.b.mutableSpan
      other.readRow(y, part, into: &theirs)
      var bits: UInt16 = 0
      for index in 0..<part.count where scratch.a[index] != scratch.b[index] {
        bits |= 1 << UInt16(left % side + index)
      }
      if bits != 0 {
        hasAny = true
        body(left / side, bits)
      }
      left = part.upperBound
    }
    return hasAny
  }

  /// The same for rows of words, whose high byte is padding.
  private static func differences(
    _ a: Span<UInt32>, _ b: Span<UInt32>, _ xs: Range<Int>, side: Int, _ body: (Int, UInt16) -> Void
  ) -> Bool {
    var hasAny = false
    var left = xs.lowerBound
    while left < xs.upperBound {
      let right = min((left / side + 1) * side, xs.upperBound)
      var all: UInt32 = 0
      for x in left..<right { all |= a[x] ^ b[x] }
      if all & 0x00FF_FFFF != 0 {
        hasAny = true
        var bits: UInt16 = 0
        for x in left..<right where (a[x] ^ b[x]) & 0x00FF_FFFF != 0 { bits |= 1 << UInt16(x % side) }
        body(left / side, bits)
      }
      left = right
    }
    return hasAny
  }

  /// Writes the canonical pixels `xs` of row `y` to the start of `row`. Reads no other pixel, and no
  /// padding byte affects the result.
  ///
  /// - Parameter row: at least `xs.count` pixels long.
  public func readRow(_ y: Int, _ xs: Range<Int>, into row: inout MutableSpan<Pixel>) {
    precondition(y >= 0 && y < height && xs.lowerBound >= 0 && xs.upperBound <= width)
    precondition(row.count >= xs.count, "the row buffer is shorter than the pixels asked for")
    let start = y * stride + xs.lowerBound * format.bytesPerPixel
    let count = xs.count
    unsafe withBytes { all in
      // The rows lie inside `all` (checked when the frame was made), and `xs` inside the row (checked above).
      unsafe row.withUnsafeMutableBufferPointer { target in
        guard count > 0, let source = unsafe all.baseAddress?.advanced(by: start),
          let out = target.baseAddress
        else { return }
        unsafe PixelFormat.convert(from: source, format: format, to: out, count: count)
      }
    }
  }
}

/// Why bytes can't make a frame.
public enum FrameError: Error, Equatable, Sendable, CustomStringConvertible {
  case emptySize(width: Int, height: Int)
  case strideTooSmall(stride: Int, row: Int)
  case tooFewBytes(needed: Int, given: Int)
  case tooLarge(width: Int, height: Int, stride: Int)

  public var description: String {
    switch self {
    case .emptySize(let width, let height):
      "a frame of \(width)x\(height) has no pixels; give a size of at least 1x1"
    case .strideTooSmall(let stride, let row):
      "a stride of \(stride) bytes is shorter than a row of \(row) bytes; give at least \(row)"
    case .tooFewBytes(let needed, let given):
      "the frame needs \(needed) bytes, \(given) were given: \(needed - given) are missing"
    case .tooLarge(let width, let height, let stride):
      "a frame of \(width)x\(height) with a stride of \(stride) bytes is over the limit of \(Frame.byteLimit) bytes"
    }
  }
}
