public import ScrimCodec
public import ScrimImage

/// Why a frame's payload can't be decoded. `offset` counts bytes of the decompressed operations.
public enum PayloadError: Error, Equatable, Sendable, CustomStringConvertible {
  case cut(needed: Int, left: Int)
  case unknownOperation(code: UInt8, offset: Int)
  case outside(Rect, width: Int, height: Int, offset: Int)
  case noSuchColour(index: Int, colours: Int, offset: Int)
  case paletteFull(offset: Int)
  case badNumber(offset: Int)
  case unknownTransform(UInt8, offset: Int)
  case noSuchTile(slot: Int, held: Int, offset: Int)
  case tooMuchWork(pixels: Int, limit: Int)
  case trailing(bytes: Int)
  case wrongPictureSize(Rect, width: Int, height: Int)
  case noKeyframe
  case codec(CodecError)

  public var description: String {
    switch self {
    case .cut(let needed, let left): "the payload ends early: \(needed) bytes are needed, \(left) are left"
    case .unknownOperation(let code, let offset):
      "operation \(code) at offset \(offset) is not known to this version"
    case .outside(let rect, let width, let height, let offset):
      "the rectangle \(rect.width)x\(rect.height)+\(rect.x)+\(rect.y) at offset \(offset) lies outside the picture of \(width)x\(height)"
    case .noSuchColour(let index, let colours, let offset):
      "colour \(index) at offset \(offset) is not among the \(colours) of the palette"
    case .paletteFull(let offset): "the palette at offset \(offset) would hold more than 255 colours"
    case .badNumber(let offset): "the number at offset \(offset) is too large, or not in its shortest form"
    case .unknownTransform(let code, let offset):
      "transform \(code) of the samples at offset \(offset) is not known to this version"
    case .noSuchTile(let slot, let held, let offset):
      "tile \(slot) at offset \(offset) is not among the \(held) tiles in the history, or has another size or place"
    case .tooMuchWork(let pixels, let limit):
      "the operations touch more than \(pixels) pixels, and a frame of this size may touch \(limit)"
    case .trailing(let bytes): "\(bytes) bytes follow the last operation"
    case .wrongPictureSize(let rect, let width, let height):
      "the JPEG picture of \(width)x\(height) does not fit its rectangle of \(rect.width)x\(rect.height)"
    case .noKeyframe: "a frame that is not a keyframe has no picture to build on"
    case .codec(let error): "\(error)"
    }
  }
}
