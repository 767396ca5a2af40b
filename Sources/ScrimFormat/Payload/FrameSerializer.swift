package import ScrimCodec
import ScrimDelta
import ScrimImage
package import ScrimRedact

/// The parts of a frame's payload, in their order.
package enum PayloadPart: Sendable {
  /// Operations and indices, to be compressed.
  case operations
  /// Samples of photographs, to be compressed.
  case samples
  /// JPEG files, stored as they are.
  case pictures
}

/// Receives the output of a ``FrameSerializer``.
package protocol SerializedFrameSink: ~Copyable {
  /// Appends bytes to a part.
  ///
  /// - Parameters:
  ///   - plain: the caller loses these bytes, and continues with the memory that the call leaves in the
  ///     variable.
  ///   - ends: whether the part is complete with them.
  mutating func take(_ plain: inout [UInt8], of part: PayloadPart, ends: Bool) throws(CodecError)
}

/// Serialises masked frames to uncompressed bytes, which a ``PayloadCompressor`` compresses: the half of
/// coding that reads pixels.
package struct FrameSerializer: ~Copyable {
  private let quality: Int?
  private let width: Int
  private var finder: DeltaFinder
  private var operations: [DeltaOperation] = []
  private var sampleCoder = SampleCoder()
  private var palette = StablePalette()
  /// Scratch: the operations of a frame.
  private var heads: [UInt8] = []
  /// Scratch: operations and indices, then samples.
  private var plain: [UInt8] = []
  /// Scratch: the transforms of photographic rectangles, in their order.
  private var transforms: [SampleTransform] = []
  /// Scratch: JPEG pictures of the frame.
  private var pictures: [UInt8] = []
  /// Scratch: indices of a row, and the colours of a stripe that are not in the palette.
  private var line: [UInt8]
  private var escaped: [Pixel] = []
  /// Scratch: the columns of a stripe that photographs cover, and the other columns.
  private var holes: [Range<Int>] = []
  private var spans: [Range<Int>] = []

  /// Size of the scratch buffer at which it is passed on; bounds the memory that a keyframe takes.
  private static let chunk = 1 << 17

  /// - Parameter quality: of ``CodingOptions``.
  package init(width: Int, height: Int, quality: Int?) {
    precondition(
      width <= FormatLimits.side && height <= FormatLimits.side,
      "a recorded picture is at most \(FormatLimits.side) pixels a side")
    self.quality = quality
    self.width = width
    finder = DeltaFinder(width: width, height: height, allowsJPEG: quality != nil)
    line = [UInt8](repeating: 0, count: width)
  }

  /// Serialises the changes from the previous frame, or the whole frame if it is a keyframe. An unchanged
  /// frame gives no bytes.
  package mutating func serialize<Sink: SerializedFrameSink & ~Copyable>(
    _ frame: borrowing MaskedFrame, keyframe: Bool, to sink: inout Sink
  ) throws(CodecError) {
    finder.operations(for: frame, keyframe: keyframe, into: &operations)
    if operations.isEmpty { return }
    heads.removeAll(keepingCapacity: true)
    plain.removeAll(keepingCapacity: true)
    pictures.removeAll(keepingCapacity: true)
    transforms.removeAll(keepingCapacity: true)
    if keyframe { palette.removeAll() }
    appendColours(of: frame, keyframe: keyframe)
    for operation in operations { try append(operation, of: frame) }
    plain.appendVarint(UInt64(heads.count))
    plain += heads
    for operation in operations {
      if case .pixels(let rect, .few) = operation {
        try appendIndices(of: rect, in: frame, keyframe: keyframe, to: &sink)
      }
    }
    try hand(.operations, ends: true, to: &sink)
    var number = 0
    for operation in operations {
      if case .pixels(let rect, .many) = operation {
        try appendSamples(of: rect, in: frame, transforms[number], to: &sink)
        number += 1
      }
    }
    try hand(.samples, ends: true, to: &sink)
    if !pictures.isEmpty { try sink.take(&pictures, of: .pictures, ends: true) }
  }

  // MARK: Operations

  /// Adds colours to the palette while it has room: the common ones of a keyframe, all of a later frame.
  private mutating func appendColours(of frame: borrowing MaskedFrame, keyframe: Bool) {
    let before = palette.colours.count
    if keyframe {
      for colour in finder.commonColours { palette.add(colour) }
      // The part of an indexed rectangle under photographs is stored as index 0, so the palette needs one
      // colour.
      if palette.colours.isEmpty { palette.add(0) }
    } else {
      for operation in operations {
        if case .pixels(let rect, .few) = operation {
          palette.add(coloursOf: rect, of: frame.pixels, stride: width)
        }
      }
    }
    let added = palette.colours.count - before
    if added == 0 { return }
    heads.append(OperationCode.colours.rawValue)
    heads.append(UInt8(added))
    for colour in palette.colours[before...] { heads.append(colour: colour) }
  }

  private mutating func append(
    _ operation: DeltaOperation, of frame: borrowing MaskedFrame
  ) throws(CodecError) {
    switch operation {
    case .copy(let rect, let x, let y):
      open(.copy, rect)
      heads.append(short: x)
      heads.append(short: y)
    case .keep(let rect): open(.keep, rect)
    case .recall(let tile, let slot):
      open(.recall, tile)
      heads.append(short: slot)
    case .fill(let rect, let colour):
      open(.fill, rect)
      heads.append(colour: colour)
    case .pixels(let rect, colours: .few): open(.indexed, rect)
    case .pixels(let rect, colours: .many):
      let transform = SampleCoder.transform(for: rect, of: frame.pixels, stride: width)
      open(.predicted, rect)
      heads.append(transform.rawValue)
      transforms.append(transform)
    case .jpeg(let rect): try appendPicture(of: rect, in: frame)
    }
  }

  private mutating func open(_ code: OperationCode, _ rect: Rect) {
    heads.append(code.rawValue)
    heads.append(short: rect.x)
    heads.append(short: rect.y)
    heads.append(short: rect.width)
    heads.append(short: rect.height)
  }

  // MARK: Pixels

  /// Indices into the palette, one stripe at a time, and after each stripe the colours that are not in it.
  /// The part of the rectangle under photographs is stored as index 0.
  private mutating func appendIndices<Sink: SerializedFrameSink & ~Copyable>(
    of rect: Rect, in frame: borrowing MaskedFrame, keyframe: Bool, to sink: inout Sink
  ) throws(CodecError) {
    var top = rect.y
    while top < rect.maxY {
      let bottom = min(top + FrameLimits.stripe, rect.maxY)
      findSpans(of: Rect(minX: rect.x, minY: top, maxX: rect.maxX, maxY: bottom), keyframe: keyframe)
      escaped.removeAll(keepingCapacity: true)
      var rowEscapes = 0
      for y in top..<bottom {
        let row = frame.pixels.extracting(y * width + rect.x..<y * width + rect.maxX)
        if y > top,
          !PixelRow.differs(
            row, frame.pixels.extracting((y - 1) * width + rect.x..<(y - 1) * width + rect.maxX))
        {
          let again = rowEscapes..<escaped.count
          rowEscapes = escaped.count
          for index in again { escaped.append(escaped[index]) }
        } else {
          rowEscapes = escaped.count
          index(row, origin: rect.x)
        }
        plain.append(contentsOf: line[..<rect.width])
      }
      for colour in escaped { plain.append(colour: colour) }
      if plain.count >= FrameSerializer.chunk { try hand(.operations, ends: false, to: &sink) }
      top = bottom
    }
  }

  /// The columns of a stripe that no photograph covers, from left to right. Only a keyframe has photographs
  /// over other rectangles.
  private mutating func findSpans(of stripe: Rect, keyframe: Bool) {
    spans.removeAll(keepingCapacity: true)
    holes.removeAll(keepingCapacity: true)
    if keyframe {
      for operation in operations {
        switch operation {
        case .pixels(let rect, .many), .jpeg(let rect):
          if rect.intersects(stripe) { holes.append(rect.x..<rect.maxX) }
        default: break
        }
      }
      holes.sort { $0.lowerBound < $1.lowerBound }
    }
    var x = stripe.x
    for hole in holes {
      if hole.lowerBound > x { spans.append(x..<hole.lowerBound) }
      x = max(x, hole.upperBound)
    }
    if x < stripe.maxX { spans.append(x..<stripe.maxX) }
  }

  /// Writes the indices of a row's spans to `line`.
  private mutating func index(_ row: Span<Pixel>, origin: Int) {
    if !holes.isEmpty { for x in 0..<row.count { line[x] = 0 } }
    for span in spans {
      let part = span.lowerBound - origin..<span.upperBound - origin
      palette.index(row.extracting(part), into: &line, at: part.lowerBound, escaped: &escaped)
    }
  }

  private mutating func appendSamples<Sink: SerializedFrameSink & ~Copyable>(
    of rect: Rect, in frame: borrowing MaskedFrame, _ transform: SampleTransform, to sink: inout Sink
  ) throws(CodecError) {
    sampleCoder.begin(width: rect.width, transform: transform)
    var top = rect.y
    while top < rect.maxY {
      let rows = min(FrameLimits.stripe, rect.maxY - top)
      let start = plain.count
      let plane = rows * rect.width
      plain.append(contentsOf: repeatElement(0, count: 3 * plane))
      for row in 0..<rows {
        let place = (top + row) * width + rect.x
        let first = start + row * rect.width
        sampleCoder.encode(
          frame.pixels.extracting(place..<place + rect.width), to: &plain,
          starts: (first, first + plane, first + 2 * plane))
      }
      if plain.count >= FrameSerializer.chunk { try hand(.samples, ends: false, to: &sink) }
      top += rows
    }
  }

  private mutating func appendPicture(of rect: Rect, in frame: borrowing MaskedFrame) throws(CodecError) {
    var pixels: [Pixel] = []
    pixels.reserveCapacity(rect.area)
    for y in rect.y..<rect.maxY {
      let row = frame.pixels.extracting(y * width + rect.x..<y * width + rect.maxX)
      for x in 0..<row.count { pixels.append(row[x]) }
    }
    let jpeg = try JPEG.encode(
      pixels.span, width: rect.width, height: rect.height, quality: quality ?? 100, chroma: .full)
    open(.jpeg, rect)
    heads.append(short: jpeg.count)
    heads.append(short: jpeg.count >> 16)
    pictures.append(contentsOf: jpeg)
  }

  private mutating func hand<Sink: SerializedFrameSink & ~Copyable>(
    _ part: PayloadPart, ends: Bool, to sink: inout Sink
  ) throws(CodecError) {
    try sink.take(&plain, of: part, ends: ends)
    plain.removeAll(keepingCapacity: true)
  }
}

extension [UInt8] {
  fileprivate mutating func append(short value: Int) {
    append(UInt8(truncatingIfNeeded: value))
    append(UInt8(truncatingIfNeeded: value >> 8))
  }

  fileprivate mutating func append(colour: Pixel) {
    append(short: Int(colour & 0xFFFF))
    append(UInt8(truncatingIfNeeded: colour >> 16))
  }
}
