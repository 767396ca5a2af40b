public import ScrimCodec
import ScrimDelta
public import ScrimImage

/// Count of operations of one kind, with the uncompressed bytes of them and their pixels.
public struct OperationTally: Hashable, Sendable {
  public var operations = 0
  public var pixels = 0
  public var bytes = 0
}

/// Decodes the payloads of frame records to the pictures that a player shows.
///
/// No input is trusted: sizes are checked before memory is allocated. After an error the picture may hold
/// half a frame: it must not be shown, and only a keyframe can follow.
public struct FrameDecoder: ~Copyable {
  /// The picture after the last payload.
  public private(set) var picture: Picture
  /// Statistics of everything decoded so far, by kind of operation.
  package private(set) var tallies: [String: OperationTally] = [:]
  private var palette: [Pixel] = []
  private var history: TileHistory
  private var operationStream = EntropyReader()
  private var sampleStream = EntropyReader()
  private var plain: [UInt8] = []
  private var samples: [UInt8] = []
  /// Pixels that the frame's operations touched so far.
  private var work = 0
  /// Whether `picture` equals the writer's picture: false before the first keyframe and after an error.
  private var isWhole = false

  /// - Parameter coding: the one that the segment's header names.
  /// - Throws: `CodecError` if memory is short, or this build lacks the coding.
  public init(width: Int, height: Int, coding: EntropyCoding = .preferred) throws(CodecError) {
    picture = Picture(width: width, height: height)
    history = TileHistory(width: width, height: height, searched: false)
    try operationStream.open(coding)
    try sampleStream.open(coding)
  }

  /// Applies one payload.
  public mutating func apply(_ payload: ArraySlice<UInt8>, keyframe: Bool) throws(PayloadError) {
    if keyframe {
      PictureRows.fill(picture.bounds, with: 0, in: &picture.pixels, width: picture.width)
      palette.removeAll(keepingCapacity: true)
      history.removeAll()
      operationStream.reset()
      sampleStream.reset()
    }
    guard isWhole || keyframe else { throw .noKeyframe }
    isWhole = false
    if !payload.isEmpty { try applyOperations(of: payload) }
    isWhole = true
  }

  private mutating func applyOperations(of payload: ArraySlice<UInt8>) throws(PayloadError) {
    var outer = PayloadReader(payload)
    let pixels = picture.pixels.count
    plain.removeAll(keepingCapacity: true)
    samples.removeAll(keepingCapacity: true)
    let operationBytes = try outer.take(try outer.varint())
    let sampleBytes = try outer.take(try outer.varint())
    do {
      try operationStream.append(
        operationBytes, to: &plain, limit: FrameLimits.operationBytes(pixels))
      try sampleStream.append(sampleBytes, to: &samples, limit: FrameLimits.sampleBytes(pixels))
    } catch { throw .codec(error) }
    // Both are only read from here on; they change with the next frame.
    let (operations, stored) = (plain, samples)
    var indices = PayloadReader(operations[...])
    let list = try indices.take(try indices.varint())
    var samples = PayloadReader(stored[...])
    try apply(list, indices: &indices, samples: &samples, pictures: &outer)
    guard indices.left == 0 else { throw .trailing(bytes: indices.left) }
    guard samples.left == 0 else { throw .trailing(bytes: samples.left) }
    guard outer.left == 0 else { throw .trailing(bytes: outer.left) }
  }

  private mutating func apply(
    _ operations: ArraySlice<UInt8>, indices: inout PayloadReader, samples: inout PayloadReader,
    pictures: inout PayloadReader
  ) throws(PayloadError) {
    var reader = PayloadReader(operations)
    work = 0
    while reader.left > 0 {
      let start = reader.offset
      let byte = try reader.u8()
      guard let code = OperationCode(rawValue: byte) else {
        throw .unknownOperation(code: byte, offset: start)
      }
      if code == .colours {
        try readColours(&reader)
        note(code, pixels: 0, bytes: reader.offset - start)
        continue
      }
      let rect = try readRect(&reader)
      try charge(rect.area)
      var bytes = 0
      switch code {
      case .colours: break
      case .fill:
        let colour = try reader.colour()
        PictureRows.fill(rect, with: colour, in: &picture.pixels, width: picture.width)
      case .indexed: bytes = try readIndices(rect, &indices)
      case .predicted: bytes = try readSamples(rect, &reader, &samples)
      case .copy: try copy(to: rect, &reader)
      case .keep: try keep(rect)
      case .recall: try recall(rect, &reader)
      case .jpeg:
        let length = Int(try reader.u32())
        try readPicture(rect, pictures.take(length))
      }
      note(code, pixels: rect.area, bytes: reader.offset - start + bytes)
    }
  }

  private mutating func note(_ code: OperationCode, pixels: Int, bytes: Int) {
    let name = "\(code)"
    tallies[name, default: OperationTally()].operations += 1
    tallies[name, default: OperationTally()].pixels += pixels
    tallies[name, default: OperationTally()].bytes += bytes
  }

  /// Counts the pixels that an operation touches, so that a few bytes can't cause unbounded work.
  private mutating func charge(_ pixels: Int) throws(PayloadError) {
    work += pixels
    let limit = FrameLimits.work(picture.pixels.count)
    guard work <= limit else { throw .tooMuchWork(pixels: work, limit: limit) }
  }

  private func readRect(_ reader: inout PayloadReader) throws(PayloadError) -> Rect {
    let offset = reader.offset
    let rect = Rect(
      x: Int(try reader.u16()), y: Int(try reader.u16()), width: Int(try reader.u16()),
      height: Int(try reader.u16()))
    guard !rect.isEmpty, rect.maxX <= picture.width, rect.maxY <= picture.height else {
      throw .outside(rect, width: picture.width, height: picture.height, offset: offset)
    }
    return rect
  }

  private mutating func readColours(_ reader: inout PayloadReader) throws(PayloadError) {
    let offset = reader.offset
    let added = Int(try reader.u8())
    guard palette.count + added <= FrameLimits.colours else { throw .paletteFull(offset: offset) }
    for _ in 0..<added { palette.append(try reader.colour()) }
  }

  /// - Returns: the bytes of its indices and of its escaped colours.
  private mutating func readIndices(
    _ rect: Rect, _ reader: inout PayloadReader
  ) throws(PayloadError) -> Int {
    let start = reader.offset
    var top = rect.y
    while top < rect.maxY {
      let rows = min(FrameLimits.stripe, rect.maxY - top)
      let offset = reader.offset
      let indices = try reader.take(rows * rect.width)
      let escapes = try checkIndices(indices.span, offset: offset)
      let colours = try reader.take(3 * escapes)
      place(indices.span, colours.span, Rect(x: rect.x, y: top, width: rect.width, height: rows))
      top += rows
    }
    return reader.offset - start
  }

  /// Checks that the palette has all indices of a stripe.
  ///
  /// - Returns: how many are escapes.
  private func checkIndices(_ indices: Span<UInt8>, offset: Int) throws(PayloadError) -> Int {
    var escapes = 0
    var largest: UInt8 = 0
    for i in 0..<indices.count {
      escapes += indices[i] == FrameLimits.escape ? 1 : 0
      largest = max(largest, indices[i] == FrameLimits.escape ? 0 : indices[i])
    }
    guard escapes == indices.count || Int(largest) < palette.count else {
      throw .noSuchColour(index: Int(largest), colours: palette.count, offset: offset)
    }
    return escapes
  }

  private mutating func place(_ indices: Span<UInt8>, _ colours: Span<UInt8>, _ rect: Rect) {
    let width = picture.width
    let palette = palette
    var target = picture.pixels.mutableSpan
    var next = 0
    for row in 0..<rect.height {
      let start = (rect.y + row) * width + rect.x
      let line = indices.extracting(row * rect.width..<(row + 1) * rect.width)
      var out = target._mutatingExtracting(start..<start + rect.width)
      for x in 0..<line.count {
        if line[x] != FrameLimits.escape {
          out[x] = palette[Int(line[x])]
        } else {
          out[x] = UInt32(colours[next]) | UInt32(colours[next + 1]) << 8 | UInt32(colours[next + 2]) << 16
          next += 3
        }
      }
    }
  }

  /// - Returns: the bytes of its samples.
  private mutating func readSamples(
    _ rect: Rect, _ reader: inout PayloadReader, _ samples: inout PayloadReader
  ) throws(PayloadError) -> Int {
    let offset = reader.offset
    let byte = try reader.u8()
    guard let transform = SampleTransform(rawValue: byte) else {
      throw .unknownTransform(byte, offset: offset)
    }
    var coder = SampleCoder()
    coder.begin(width: rect.width, transform: transform)
    let width = picture.width
    var target = picture.pixels.mutableSpan
    var top = rect.y
    while top < rect.maxY {
      let rows = min(FrameLimits.stripe, rect.maxY - top)
      let plane = rows * rect.width
      let bytes = try samples.take(3 * plane)
      for row in 0..<rows {
        let place = (top + row) * width + rect.x
        var out = target._mutatingExtracting(place..<place + rect.width)
        let first = row * rect.width
        coder.decode(bytes.span, starts: (first, first + plane, first + 2 * plane), to: &out)
      }
      top += rows
    }
    return 3 * rect.area
  }

  private mutating func copy(to rect: Rect, _ reader: inout PayloadReader) throws(PayloadError) {
    let offset = reader.offset
    let source = Rect(
      x: Int(try reader.u16()), y: Int(try reader.u16()), width: rect.width, height: rect.height)
    guard source.maxX <= picture.width, source.maxY <= picture.height else {
      throw .outside(source, width: picture.width, height: picture.height, offset: offset)
    }
    PictureRows.move(
      to: rect, fromX: source.x, y: source.y, in: &picture.pixels, width: picture.width)
  }

  private mutating func keep(_ rect: Rect) throws(PayloadError) {
    var y = rect.y
    while y < rect.maxY {
      let row = history.tile(atX: rect.x, y: y)
      var x = rect.x
      while x < rect.maxX {
        let tile = history.tile(atX: x, y: y)
        try charge(tile.area)
        history.add(tile, of: picture.pixels)
        x = tile.maxX
      }
      y = row.maxY
    }
  }

  private mutating func recall(_ rect: Rect, _ reader: inout PayloadReader) throws(PayloadError) {
    let offset = reader.offset
    let slot = Int(try reader.u16())
    guard rect == history.tile(atX: rect.x, y: rect.y),
      history.restore(slot, to: rect, in: &picture.pixels)
    else { throw .noSuchTile(slot: slot, held: history.count, offset: offset) }
  }

  private mutating func readPicture(_ rect: Rect, _ bytes: ArraySlice<UInt8>) throws(PayloadError) {
    let image: JPEG.Image
    do {
      image = try JPEG.decode(bytes.span, pixelLimit: rect.area)
    } catch { throw .codec(error) }
    guard image.info.header.width == rect.width, image.info.header.height == rect.height else {
      throw .wrongPictureSize(
        rect, width: image.info.header.width, height: image.info.header.height)
    }
    let width = picture.width
    var target = picture.pixels.mutableSpan
    for row in 0..<rect.height {
      PixelRow.copy(
        image.pixels.span.extracting(row * rect.width..<(row + 1) * rect.width), to: &target,
        at: (rect.y + row) * width + rect.x)
    }
  }
}
