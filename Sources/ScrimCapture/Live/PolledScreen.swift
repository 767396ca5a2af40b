import ScrimImage
package import ScrimRedact
import ScrimSystem

/// A picture in memory without change notification.
protocol PicturedMemory: AnyObject {
  var name: String { get }
  /// Passes the current picture to `body`; it may be drawn on meanwhile.
  ///
  /// - Throws: ``CaptureError`` if it is gone.
  func withBytes<Result>(
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

/// A screen without change notification: each poll compares all of it with the last frame.
///
/// The longer nothing changes, the less often it polls.
final class PolledScreen: LiveScreen {
  private let memory: any PicturedMemory
  private var last: (layout: PictureLayout, frame: Frame)?
  private(set) var tornReads = 0
  private var unchangedPolls = 0
  private let interval: Int64

  /// Maximum reads of a picture that is being drawn on; then the last one is used as it is.
  static let attempts = 4
  /// Number of polls without a change after which the interval grows by the factor below.
  private static let slowAfter = 20
  private static let slowFactor: Int64 = 4

  /// - Parameter interval: nanoseconds from poll to poll while the picture changes.
  init(_ memory: any PicturedMemory, interval: Int64) {
    self.memory = memory
    self.interval = interval
  }

  var name: String { memory.name }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    let pause =
      unchangedPolls < PolledScreen.slowAfter ? interval : interval * PolledScreen.slowFactor
    MonotonicClock.wait(for: nil, until: min(moment, MonotonicClock.now + pause))
    if try isUnchanged() {
      unchangedPolls += 1
      return false
    }
    unchangedPolls = 0
    return true
  }

  func isUnchanged() throws(CaptureError) -> Bool {
    guard let last else { return false }
    return try memory.withBytes { layout, bytes in layout == last.layout && last.frame.isMade(of: bytes) }
  }

  /// Always compares all of it.
  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture {
    var frame = try copy()
    // A copy that no longer equals the memory may hold parts of two pictures.
    for attempt in 1...PolledScreen.attempts where try !isUnchanged() {
      tornReads += 1
      if attempt < PolledScreen.attempts { frame = try copy() }
    }
    return .picture(LivePicture(frame: frame, damage: nil))
  }

  private func copy() throws(CaptureError) -> Frame {
    try memory.withBytes { (layout, bytes) throws(CaptureError) in
      let frame: Frame
      do {
        frame = try Frame(
          width: layout.width, height: layout.height, stride: layout.stride, format: layout.format,
          bytes: bytes)
      } catch { throw .badInput(CaptureIssue(place: memory.name, message: "\(error)")) }
      last = (layout, frame)
      return frame
    }
  }
}

/// The file in which Xvfb keeps its screen, with `-fbdir`.
final class XWDScreen: PicturedMemory {
  private let file: MappedFile

  init(path: String) throws(CaptureError) {
    file = try MappedFile(try .input(path))
  }

  var name: String { file.path }

  func withBytes<Result>(
    _ body: (PictureLayout, Span<UInt8>) throws(CaptureError) -> Result
  ) throws(CaptureError) -> Result {
    guard file.isWhole else {
      throw .unavailable(
        CaptureIssue(place: file.path, message: "the X server that kept the file has ended, or cut it short"))
    }
    return try file.withBytes { (bytes) throws(CaptureError) in
      let layout: XWDLayout
      do throws(XWDFile.Refusal) { layout = try XWDFile.layout(of: bytes) } catch {
        throw .badInput(CaptureIssue(place: file.path, message: error.message))
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
  package init(
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
