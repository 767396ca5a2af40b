public import ScrimCodec
import ScrimDelta
import ScrimImage
public import ScrimRedact

/// How frames are coded.
public struct CodingOptions: Hashable, Sendable {
  /// nil is lossless. 1...100: large photographic rectangles that no mask touches may be told as JPEG of that quality.
  public var quality: Int?
  /// Effort of the deflate coder, 1...9.
  public var level: Int

  public init(quality: Int? = nil, level: Int = 6) {
    precondition(quality.map { (1...100).contains($0) } ?? true, "a JPEG quality lies in 1...100")
    precondition((1...9).contains(level), "a deflate level lies in 1...9")
    self.quality = quality
    self.level = level
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
  private var deflater: Deflater
  /// Scratch: operations before deflating.
  private var plain: [UInt8] = []
  /// Scratch: JPEG pictures of the frame.
  private var pictures: [UInt8] = []

  /// Bytes of `plain` at which it is handed to the deflater, which bounds the memory a keyframe takes.
  private static let chunk = 1 << 18

  public init(width: Int, height: Int, options: CodingOptions) throws(CodecError) {
    precondition(
      width <= FormatLimits.side && height <= FormatLimits.side,
      "a recorded picture is at most \(FormatLimits.side) pixels a side")
    self.options = options
    self.width = width
    self.height = height
    finder = DeltaFinder(width: width, height: height, allowsJPEG: options.quality != nil)
    deflater = try Deflater(level: options.level)
  }

  /// The payload that makes `frame` out of the one before, or out of nothing where it is a keyframe. Empty where nothing
  /// changed.
  public mutating func encode(_ frame: borrowing MaskedFrame, keyframe: Bool) throws(CodecError) -> [UInt8] {
    if keyframe {
      palette.removeAll()
      deflater.reset()
    }
    finder.operations(for: frame, keyframe: keyframe, into: &operations)
    if operations.isEmpty { return [] }
    plain.removeAll(keepingCapacity: true)
    pictures.removeAll(keepingCapacity: true)
    var payload: [UInt8] = [0, 0, 0, 0]
    for operation in operations {
      switch operation {
      case .fill(let rect, let colour):
        open(.fill, rect)
        append(colour: colour)
      case .pixels(let rect, colours: .few): appendPixels(of: rect, in: frame, into: &payload)
      case .pixels(let rect, colours: .many): appendDirect(rect, in: frame, into: &payload)
      case .jpeg(let rect): try appendPicture(of: rect, in: frame)
      }
    }
    plain.append(OperationCode.end.rawValue)
    FrameCoder.deflate(plain, with: &deflater, flush: .sync, to: &payload)
    let deflated = UInt32(payload.count - 4)
    for byte in 0..<4 { payload[byte] = UInt8(truncatingIfNeeded: deflated >> (8 * byte)) }
    payload.append(contentsOf: pictures)
    return payload
  }

  private mutating func open(_ code: OperationCode, _ rect: Rect) {
    plain.append(code.rawValue)
    for value in [rect.x, rect.y, rect.width, rect.height] {
      plain.append(UInt8(truncatingIfNeeded: value))
      plain.append(UInt8(truncatingIfNeeded: value >> 8))
    }
  }

  private mutating func append(colour: Pixel) {
    plain.append(UInt8(truncatingIfNeeded: colour))
    plain.append(UInt8(truncatingIfNeeded: colour >> 8))
    plain.append(UInt8(truncatingIfNeeded: colour >> 16))
  }

  /// Few colours: indices into the palette, as long as it has room.
  private mutating func appendPixels(
    of rect: Rect, in frame: borrowing MaskedFrame, into payload: inout [UInt8]
  ) {
    guard let added = palette.add(coloursOf: rect, of: frame.pixels, stride: width) else {
      return appendDirect(rect, in: frame, into: &payload)
    }
    open(.indexed, rect)
    plain.append(UInt8(truncatingIfNeeded: added))
    plain.append(UInt8(truncatingIfNeeded: added >> 8))
    for colour in palette.colours.suffix(added) { append(colour: colour) }
    for y in rect.y..<rect.maxY {
      palette.index(frame.pixels.extracting(y * width + rect.x..<y * width + rect.maxX), into: &plain)
    }
    drain(into: &payload)
  }

  private mutating func appendDirect(
    _ rect: Rect, in frame: borrowing MaskedFrame, into payload: inout [UInt8]
  ) {
    open(.direct, rect)
    for y in rect.y..<rect.maxY {
      let row = frame.pixels.extracting(y * width + rect.x..<y * width + rect.maxX)
      for x in 0..<row.count { append(colour: row[x]) }
      drain(into: &payload)
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
    for byte in 0..<4 { plain.append(UInt8(truncatingIfNeeded: jpeg.count >> (8 * byte))) }
    pictures.append(contentsOf: jpeg)
  }

  private mutating func drain(into payload: inout [UInt8]) {
    guard plain.count >= FrameCoder.chunk else { return }
    FrameCoder.deflate(plain, with: &deflater, flush: .none, to: &payload)
    plain.removeAll(keepingCapacity: true)
  }

  private static func deflate(
    _ bytes: [UInt8], with deflater: inout Deflater, flush: Deflate.Flush, to payload: inout [UInt8]
  ) {
    deflater.append(bytes.span, flush: flush, to: &payload)
  }
}
