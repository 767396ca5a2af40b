import ScrimImage
package import ScrimRedact

/// One frame from an X window dump (XWD: the file format of `xwd`, and of the file that Xvfb keeps with
/// `-fbdir`). It has no boxes.
///
/// The layout is that of X11's `XWDFile.h`, version 7.
package struct XWDFile: FrameSource {
  package var width: Int { frame.width }
  package var height: Int { frame.height }
  package var expectedFrames: Int? { 1 }
  private let frame: Frame
  private var done = false

  package init(path: String) throws(CaptureError) {
    let bytes = try InputFile.contents(of: path)
    do {
      frame = try XWDFile.frame(from: bytes)
    } catch {
      throw .badInput(CaptureIssue(place: path, message: error.message))
    }
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    if done { return nil }
    done = true
    return .frame(
      SourceFrame(
        number: 0, time: 0, pixels: .success(frame), tree: .success(.empty), treeVersion: 0,
        snapshotSpan: nil,
        isTreeComplete: true))
  }

  struct Refusal: Error {
    var message: String
  }

  /// Decodes the picture of an XWD file.
  static func frame(from bytes: [UInt8]) throws(Refusal) -> Frame {
    try layout(of: bytes.span).frame(from: bytes.span)
  }

  /// The layout of the picture in an XWD file.
  static func layout(of bytes: Span<UInt8>) throws(Refusal) -> XWDLayout {
    guard bytes.count >= 100 else {
      throw Refusal(message: "an XWD file has a header of 100 bytes, the file has \(bytes.count)")
    }
    func field(_ index: Int) -> Int {
      (0..<4).reduce(0) { $0 << 8 | Int(bytes[index * 4 + $1]) }
    }
    guard field(1) == 7 else {
      throw Refusal(message: "this is not an XWD file of version 7 (its version field is \(field(1)))")
    }
    guard field(2) == 2 else {
      throw Refusal(message: "only XWD files in Z format can be read; write one with xwd's default")
    }
    guard field(0) >= 100 else {
      throw Refusal(message: "the header gives its own length as \(field(0)) bytes; it must be at least 100")
    }
    guard PictureLimits.allow(width: field(4), height: field(5)) else {
      throw Refusal(message: "a picture of \(field(4))x\(field(5)) is empty or too large")
    }
    let start = field(0) + field(19) * 12
    guard start <= bytes.count else {
      throw Refusal(message: "the file ends within its header or colour map")
    }
    let format: PixelFormat
    do {
      format = try PixelFormat(
        bitsPerPixel: field(11), isBigEndian: field(7) == 1, isGray: field(13) == 0,
        masks: (field(14), field(15), field(16)))
    } catch { throw Refusal(message: error.description) }
    return XWDLayout(
      width: field(4), height: field(5), stride: field(12), format: format, start: start)
  }
}

/// The position and layout of the picture in an XWD file.
struct XWDLayout: Equatable {
  var width: Int
  var height: Int
  var stride: Int
  var format: PixelFormat
  /// Bytes before the picture.
  var start: Int

  /// - Parameter bytes: the whole file, at least ``start`` bytes.
  func frame(from bytes: Span<UInt8>) throws(XWDFile.Refusal) -> Frame {
    do {
      return try Frame(
        width: width, height: height, stride: stride, format: format,
        bytes: bytes.extracting(start..<bytes.count))
    } catch {
      throw XWDFile.Refusal(message: "\(error)")
    }
  }
}
