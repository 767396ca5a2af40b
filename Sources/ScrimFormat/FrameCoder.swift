public import ScrimCodec
import ScrimDelta
import ScrimImage
public import ScrimRedact

/// How frames are coded.
public struct CodingOptions: Hashable, Sendable {
  /// nil is lossless. 1...100: large photographic rectangles that no mask touches may be told as JPEG of that quality.
  public var quality: Int?
  /// Effort of the entropy coder, 1...9.
  public var level: Int
  /// What payloads are squeezed with; the header of their segment names it.
  public var entropyCoding: EntropyCoding

  public init(quality: Int? = nil, level: Int = 6, entropyCoding: EntropyCoding = .preferred) {
    precondition(quality.map { (1...100).contains($0) } ?? true, "a JPEG quality lies in 1...100")
    precondition((1...9).contains(level), "a level lies in 1...9")
    self.quality = quality
    self.level = level
    self.entropyCoding = entropyCoding
  }
}

/// Codes masked frames to the payloads of frame records, one after the other: the writing half of ``FrameDecoder``.
public struct FrameCoder: ~Copyable {
  private let options: CodingOptions
  private let width: Int
  private let height: Int
  private var finder: DeltaFinder
  private var operations: [DeltaOperation] = []
  private var palette = StablePalette()
  private var sampleCoder = SampleCoder()
  private var operationStream = EntropyWriter()
  private var sampleStream = EntropyWriter()
  /// Scratch: the operations of a frame.
  private var heads: [UInt8] = []
  /// Scratch: operations and indices before squeezing, and the same squeezed.
  private var plain: [UInt8] = []
  private var squeezed: [UInt8] = []
  /// Scratch: samples before squeezing, and the same squeezed.
  private var samples: [UInt8] = []
  private var squeezedSamples: [UInt8] = []
  /// Scratch: JPEG pictures of the frame.
  private var pictures: [UInt8] = []
  /// Scratch: indices of a row, and the colours of a stripe that the palette lacks.
  private var line: [UInt8]
  private var escaped: [Pixel] = []
  /// Scratch: what photographs cover of a stripe, and what they leave.
  private var holes: [Range<Int>] = []
  private var spans: [Range<Int>] = []
  /// Whether samples of this frame went to their stream.
  private var hasSamples = false

  /// Bytes of scratch at which they are squeezed, which bounds the memory a keyframe takes.
  private static let chunk = 1 << 17

  /// - Throws: ``CodecError`` where memory is short, or this build lacks the entropy coding.
  public init(width: Int, height: Int, options: CodingOptions) throws(CodecError) {
    precondition(
      width <= FormatLimits.side && height <= FormatLimits.side,
      "a recorded picture is at most \(FormatLimits.side) pixels a side")
    self.options = options
    self.width = width
    self.height = height
    finder = DeltaFinder(width: width, height: height, allowsJPEG: options.quality != nil)
    line = [UInt8](repeating: 0, count: width)
    try operationStream.open(options.entropyCoding, .operations, effort: options.level)
    try sampleStream.open(options.entropyCoding, .samples, effort: options.level)
  }

  /// The payload that makes `frame` out of the one before, or out of nothing where it is a keyframe. Empty where nothing
  /// changed.
  public mutating func encode(_ frame: borrowing MaskedFrame, keyframe: Bool) throws(CodecError) -> [UInt8] {
    var payload: [UInt8] = []
    try encode(frame, keyframe: keyframe, into: &payload)
    return payload
  }

  /// The same to memory that is used again.
  ///
  /// - Parameter payload: what it held is lost.
  public mutating func encode(
    _ frame: borrowing MaskedFrame, keyframe: Bool, into payload: inout [UInt8]
  ) throws(CodecError) {
    payload.removeAll(keepingCapacity: true)
    finder.operations(for: frame, keyframe: keyframe, into: &operations)
    if operations.isEmpty { return }
    heads.removeAll(keepingCapacity: true)
    plain.removeAll(keepingCapacity: true)
    squeezed.removeAll(keepingCapacity: true)
    samples.removeAll(keepingCapacity: true)
    squeezedSamples.removeAll(keepingCapacity: true)
    pictures.removeAll(keepingCapacity: true)
    hasSamples = false
    if keyframe {
      palette.removeAll()
      operationStream.reset()
      sampleStream.reset()
    }
    appendColours(of: frame, keyframe: keyframe)
    for operation in operations { try append(operation, of: frame) }
    plain.appendVarint(UInt64(heads.count))
    plain += heads
    for operation in operations {
      if case .pixels(let rect, .few) = operation {
        try appendIndices(of: rect, in: frame, keyframe: keyframe)
      }
    }
    try operationStream.append(plain, flush: true, to: &squeezed)
    if hasSamples || !samples.isEmpty {
      try sampleStream.append(samples, flush: true, to: &squeezedSamples)
    }
    payload.reserveCapacity(squeezed.count + squeezedSamples.count + pictures.count + 10)
    payload.appendVarint(UInt64(squeezed.count))
    payload += squeezed
    payload.appendVarint(UInt64(squeezedSamples.count))
    payload += squeezedSamples
    payload += pictures
  }

  // MARK: Operations

  /// Adds colours to the palette, as long as it has room: the common ones of a keyframe, all of a later frame.
  private mutating func appendColours(of frame: borrowing MaskedFrame, keyframe: Bool) {
    let before = palette.colours.count
    if keyframe {
      for colour in finder.commonColours { palette.add(colour) }
      // Where photographs lie over an indexed rectangle it is told as index 0, so there has to be one.
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
    case .pixels(let rect, colours: .many): try appendSamples(of: rect, in: frame)
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

  /// Indices into the palette, a stripe at a time, and behind each stripe the colours that have none. Where photographs lie
  /// over the rectangle it is told as index 0.
  private mutating func appendIndices(
    of rect: Rect, in frame: borrowing MaskedFrame, keyframe: Bool
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
      try drainOperations()
      top = bottom
    }
  }

  /// The parts of a stripe that no photograph lies over, from left to right. Only a keyframe has photographs over others.
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

  private mutating func appendSamples(
    of rect: Rect, in frame: borrowing MaskedFrame
  ) throws(CodecError) {
    let transform = SampleCoder.transform(for: rect, of: frame.pixels, stride: width)
    open(.predicted, rect)
    heads.append(transform.rawValue)
    sampleCoder.begin(width: rect.width, transform: transform)
    var top = rect.y
    while top < rect.maxY {
      let rows = min(FrameLimits.stripe, rect.maxY - top)
      let start = samples.count
      let plane = rows * rect.width
      samples.append(contentsOf: repeatElement(0, count: 3 * plane))
      for row in 0..<rows {
        let place = (top + row) * width + rect.x
        let first = start + row * rect.width
        sampleCoder.encode(
          frame.pixels.extracting(place..<place + rect.width), to: &samples,
          starts: (first, first + plane, first + 2 * plane))
      }
      try drainSamples()
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
      pixels.span, width: rect.width, height: rect.height, quality: options.quality ?? 100, chroma: .full)
    open(.jpeg, rect)
    heads.append(short: jpeg.count)
    heads.append(short: jpeg.count >> 16)
    pictures.append(contentsOf: jpeg)
  }

  private mutating func drainOperations() throws(CodecError) {
    guard plain.count >= FrameCoder.chunk else { return }
    try operationStream.append(plain, flush: false, to: &squeezed)
    plain.removeAll(keepingCapacity: true)
  }

  private mutating func drainSamples() throws(CodecError) {
    guard samples.count >= FrameCoder.chunk else { return }
    hasSamples = true
    try sampleStream.append(samples, flush: false, to: &squeezedSamples)
    samples.removeAll(keepingCapacity: true)
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
