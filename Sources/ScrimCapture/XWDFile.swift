import ScrimImage
import ScrimRedact

/// One frame from an X window dump (`xwd`, or the file that Xvfb keeps with `-fbdir`). It has no boxes.
///
/// The layout is that of X11's `XWDFile.h`, version 7.
public struct XWDFile: FrameSource {
  public var width: Int { frame.width }
  public var height: Int { frame.height }
  public var expectedFrames: Int? { 1 }
  private let frame: Frame
  private var done = false

  public init(path: String) throws(CaptureError) {
    let bytes = try InputFile.contents(of: path)
    do {
      frame = try XWDFile.frame(from: bytes)
    } catch {
      throw .badInput(CaptureFault(place: path, message: error.message))
    }
  }

  public mutating func next() throws(CaptureError) -> SourceItem? {
    if done { return nil }
    done = true
    return .frame(
      SourceFrame(
        number: 0, time: 0, pixels: .success(frame), tree: .success(.empty), treeVersion: 0, dump: nil,
        isTreeComplete: true))
  }

  struct Refusal: Error {
    var message: String
  }

  /// The picture of a dump.
  static func frame(from bytes: [UInt8]) throws(Refusal) -> Frame {
    guard bytes.count >= 100 else {
      throw Refusal(message: "an X window dump has a header of 100 bytes, the file has \(bytes.count)")
    }
    func field(_ index: Int) -> Int {
      bytes[index * 4..<index * 4 + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard field(1) == 7 else {
      throw Refusal(message: "this is no X window dump of version 7 (its version field says \(field(1)))")
    }
    guard field(2) == 2 else {
      throw Refusal(message: "only dumps in Z format can be read; take one with xwd's default")
    }
    guard field(0) >= 100 else {
      throw Refusal(message: "the header says that it is \(field(0)) bytes long; it has at least 100")
    }
    guard SourceLimits.allow(width: field(4), height: field(5)) else {
      throw Refusal(message: "a picture of \(field(4))x\(field(5)) is empty or too large")
    }
    let start = field(0) + field(19) * 12
    guard start <= bytes.count else {
      throw Refusal(message: "the file ends within its header or colour map")
    }
    let format = try format(
      bitsPerPixel: field(11), isBigEndian: field(7) == 1, visual: field(13),
      masks: (field(14), field(15), field(16)))
    do {
      return try Frame(
        width: field(4), height: field(5), stride: field(12), format: format,
        bytes: bytes.span.extracting(start..<bytes.count))
    } catch {
      throw Refusal(message: "\(error)")
    }
  }

  private static func format(
    bitsPerPixel: Int, isBigEndian: Bool, visual: Int, masks: (red: Int, green: Int, blue: Int)
  ) throws(Refusal) -> PixelFormat {
    switch (bitsPerPixel, isBigEndian, masks.red, masks.green, masks.blue) {
    case (32, false, 0xFF0000, 0xFF00, 0xFF): return .bgrx
    case (32, false, 0xFF, 0xFF00, 0xFF0000): return .rgbx
    case (32, true, 0xFF0000, 0xFF00, 0xFF): return .xrgb
    case (24, false, 0xFF0000, 0xFF00, 0xFF), (24, true, 0xFF, 0xFF00, 0xFF0000): return .bgr24
    case (24, true, 0xFF0000, 0xFF00, 0xFF), (24, false, 0xFF, 0xFF00, 0xFF0000): return .rgb24
    case (16, false, 0xF800, 0x7E0, 0x1F): return .rgb565
    case (8, _, _, _, _) where visual == 0: return .gray8
    default:
      throw Refusal(
        message:
          "pixels of \(bitsPerPixel) bits with the masks \(String(masks.red, radix: 16)), \(String(masks.green, radix: 16)), \(String(masks.blue, radix: 16)) can't be read; use a true-colour screen of depth 24"
      )
    }
  }
}
