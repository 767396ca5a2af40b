import ScrimImage
public import ScrimRedact
import ScrimSystem

/// A picture in memory that nobody tells of when it changes.
protocol PicturedMemory: AnyObject {
  var name: String { get }
  /// Hands over the picture as it is at this moment; it may be drawn on meanwhile.
  ///
  /// - Throws: ``CaptureError`` where it is there no more.
  func look<Result>(
    _ body: (PictureLayout, Span<UInt8>) throws(CaptureError) -> Result
  ) throws(CaptureError) -> Result
}

/// The shape of a picture in memory.
struct PictureLayout: Hashable {
  var width: Int
  var height: Int
  var stride: Int
  var format: PixelFormat
}

/// A screen that has to be looked at again and again: each look compares all of it with the last frame.
///
/// The longer nothing changes, the rarer the looks.
final class PolledScreen: LiveScreen {
  private let memory: any PicturedMemory
  private var last: (layout: PictureLayout, frame: Frame)?
  private(set) var tornReads = 0
  private var stillLooks = 0
  private let interval: Int64

  /// Reads of a picture that is being drawn on; then the last one is taken as it is.
  static let attempts = 4
  /// Looks without a change after which they become rarer, and by how much.
  private static let patientAfter = 20
  private static let cancelCheckInterval: Int64 = 4

  /// - Parameter interval: nanoseconds from look to look, while the picture changes.
  init(_ memory: any PicturedMemory, interval: Int64) {
    self.memory = memory
    self.interval = interval
  }

  var name: String { memory.name }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    let pause =
      stillLooks < PolledScreen.patientAfter ? interval : interval * PolledScreen.cancelCheckInterval
    MonotonicClock.wait(for: nil, until: min(moment, MonotonicClock.now + pause))
    if try isStill() {
      stillLooks += 1
      return false
    }
    stillLooks = 0
    return true
  }

  func isStill() throws(CaptureError) -> Bool {
    guard let last else { return false }
    return try memory.look { layout, bytes in layout == last.layout && last.frame.isMade(of: bytes) }
  }

  /// Looks at all of it in any case.
  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture {
    var frame = try copy()
    // A copy that the memory equals no more may hold parts of two pictures.
    for attempt in 1...PolledScreen.attempts where try !isStill() {
      tornReads += 1
      if attempt < PolledScreen.attempts { frame = try copy() }
    }
    return .picture(LivePicture(frame: frame, damage: nil))
  }

  private func copy() throws(CaptureError) -> Frame {
    try memory.look { (layout, bytes) throws(CaptureError) in
      let frame: Frame
      do {
        frame = try Frame(
          width: layout.width, height: layout.height, stride: layout.stride, format: layout.format,
          bytes: bytes)
      } catch { throw .badInput(CaptureFault(place: memory.name, message: "\(error)")) }
      last = (layout, frame)
      return frame
    }
  }
}

/// The file that Xvfb keeps its screen in, with `-fbdir`.
final class XWDScreen: PicturedMemory {
  private let file: MappedFile

  init(path: String) throws(CaptureError) {
    file = try MappedFile(try .input(path))
  }

  var name: String { file.path }

  func look<Result>(
    _ body: (PictureLayout, Span<UInt8>) throws(CaptureError) -> Result
  ) throws(CaptureError) -> Result {
    guard file.isWhole else {
      throw .unavailable(
        CaptureFault(place: file.path, message: "the X server that kept the file has ended, or cut it short"))
    }
    return try file.look { (bytes) throws(CaptureError) in
      let layout: XWDLayout
      do throws(XWDFile.Refusal) { layout = try XWDFile.layout(of: bytes) } catch {
        throw .badInput(CaptureFault(place: file.path, message: error.message))
      }
      return try body(
        PictureLayout(
          width: layout.width, height: layout.height, stride: layout.stride, format: layout.format),
        bytes.extracting(layout.start..<bytes.count))
    }
  }
}

extension LiveSource {
  /// Records the file that Xvfb keeps with `-fbdir`, as it changes. The pointer is part of its pixels.
  public init(
    xwd path: String, trees: (any TreeReader)? = nil, options: LiveOptions = LiveOptions()
  ) throws(CaptureError) {
    try self.init(polling: XWDScreen(path: path), trees: trees, options: options)
  }

  init(
    polling memory: any PicturedMemory, trees: (any TreeReader)?, options: LiveOptions
  ) throws(CaptureError) {
    let interval = Int64(1e9 / options.framesPerSecond)
    try self.init(PolledScreen(memory, interval: interval), trees: trees, options: options)
  }
}
