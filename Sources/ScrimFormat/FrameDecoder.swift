public import ScrimCodec
public import ScrimImage

/// Operations of one kind in a payload, and the bytes that they took before deflating.
public struct OperationTally: Hashable, Sendable {
  public var operations = 0
  public var pixels = 0
  public var bytes = 0
}

/// Turns the payloads of frame records back into pictures: what a player shows.
///
/// Nothing it reads is trusted: sizes are checked before memory is taken. After an error the picture may hold half a frame:
/// it must not be shown, and only a keyframe is taken next.
public struct FrameDecoder: ~Copyable {
  /// The picture after the last payload.
  public private(set) var picture: Picture
  /// What was decoded so far, by kind of operation.
  public private(set) var tallies: [String: OperationTally] = [:]
  private var palette: [Pixel] = []
  private var inflater: Inflater
  private var plain: [UInt8] = []
  /// Whether `picture` is what the writer had: false before the first keyframe and after an error.
  private var isWhole = false

  public init(width: Int, height: Int) throws(CodecError) {
    picture = Picture(width: width, height: height)
    inflater = try Inflater()
  }

  /// Applies one payload.
  public mutating func apply(_ payload: ArraySlice<UInt8>, keyframe: Bool) throws(PayloadError) {
    if keyframe {
      for index in picture.pixels.indices { picture.pixels[index] = 0 }
      palette.removeAll(keepingCapacity: true)
      inflater.reset()
    }
    guard isWhole || keyframe else { throw .noKeyframe }
    isWhole = false
    if !payload.isEmpty { try applyOperations(of: payload) }
    isWhole = true
  }

  private mutating func applyOperations(of payload: ArraySlice<UInt8>) throws(PayloadError) {
    var outer = PayloadReader(payload)
    let deflated = Int(try outer.u32())
    let body = try outer.take(deflated)
    plain.removeAll(keepingCapacity: true)
    do {
      try inflater.append(
        body.span, to: &plain,
        limit: FrameLimits.operationBytes(width: picture.width, height: picture.height))
    } catch { throw .codec(error) }
    let operations = plain[...]
    try apply(operations, pictures: &outer)
    guard outer.left == 0 else { throw .trailing(bytes: outer.left) }
  }

  private mutating func apply(_ operations: ArraySlice<UInt8>, pictures: inout PayloadReader)
    throws(PayloadError)
  {
    var reader = PayloadReader(operations)
    while true {
      let start = reader.offset
      let byte = try reader.u8()
      guard let code = OperationCode(rawValue: byte) else {
        throw .unknownOperation(code: byte, offset: start)
      }
      if code == .end { break }
      let rect = try readRect(&reader)
      switch code {
      case .end: break
      case .fill:
        let colour = try reader.colour()
        fill(rect, colour)
      case .indexed: try readIndexed(rect, &reader)
      case .direct: try readDirect(rect, &reader)
      case .copy: try copy(to: rect, &reader)
      case .jpeg:
        let length = Int(try reader.u32())
        try readPicture(rect, pictures.take(length))
      }
      let name = "\(code)"
      tallies[name, default: OperationTally()].operations += 1
      tallies[name, default: OperationTally()].pixels += rect.area
      tallies[name, default: OperationTally()].bytes += reader.offset - start
    }
    guard reader.left == 0 else { throw .trailing(bytes: reader.left) }
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

  private mutating func fill(_ rect: Rect, _ colour: Pixel) {
    let width = picture.width
    var target = picture.pixels.mutableSpan
    for y in rect.y..<rect.maxY {
      PixelRow.fill(&target, y * width + rect.x..<y * width + rect.maxX, with: colour)
    }
  }

  private mutating func readIndexed(_ rect: Rect, _ reader: inout PayloadReader) throws(PayloadError) {
    let offset = reader.offset
    let added = Int(try reader.u16())
    guard palette.count + added <= StablePalette.capacity else { throw .paletteFull(offset: offset) }
    for _ in 0..<added { palette.append(try reader.colour()) }
    let indices = try reader.take(rect.area)
    var next = indices.startIndex
    for y in rect.y..<rect.maxY {
      let start = y * picture.width + rect.x
      for x in 0..<rect.width {
        let index = Int(indices[next])
        guard index < palette.count else {
          throw .noSuchColour(index: index, colours: palette.count, offset: next)
        }
        picture.pixels[start + x] = palette[index]
        next += 1
      }
    }
  }

  private mutating func readDirect(_ rect: Rect, _ reader: inout PayloadReader) throws(PayloadError) {
    let bytes = try reader.take(rect.area * 3)
    var next = bytes.startIndex
    for y in rect.y..<rect.maxY {
      let start = y * picture.width + rect.x
      for x in 0..<rect.width {
        picture.pixels[start + x] =
          UInt32(bytes[next]) | UInt32(bytes[next + 1]) << 8 | UInt32(bytes[next + 2]) << 16
        next += 3
      }
    }
  }

  /// Copies a rectangle of the picture as it is at this moment; source and target may overlap.
  private mutating func copy(to rect: Rect, _ reader: inout PayloadReader) throws(PayloadError) {
    let offset = reader.offset
    let source = Rect(
      x: Int(try reader.u16()), y: Int(try reader.u16()), width: rect.width, height: rect.height)
    guard source.maxX <= picture.width, source.maxY <= picture.height else {
      throw .outside(source, width: picture.width, height: picture.height, offset: offset)
    }
    let rows = source.y < rect.y ? Array((0..<rect.height).reversed()) : Array(0..<rect.height)
    for row in rows {
      let from = (source.y + row) * picture.width + source.x
      let to = (rect.y + row) * picture.width + rect.x
      let line = Array(picture.pixels[from..<from + rect.width])
      var target = picture.pixels.mutableSpan
      PixelRow.copy(line.span, to: &target, at: to)
    }
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
