package import ScrimImage
package import ScrimRedact

/// Layout of a raw stream: frames back to back, as `ffmpeg -f rawvideo` writes them.
package struct RawShape: Hashable, Sendable {
  package var width: Int
  package var height: Int
  package var format: PixelFormat
  /// Bytes per row; every row of a frame takes this many, including the last one.
  package var stride: Int
  /// Frames per second, from which the frames' times are computed.
  package var framesPerSecond: Double

  package init(width: Int, height: Int, format: PixelFormat, stride: Int? = nil, framesPerSecond: Double) {
    self.width = width
    self.height = height
    self.format = format
    self.stride = stride ?? width * format.bytesPerPixel
    self.framesPerSecond = framesPerSecond
  }
}

/// A raw stream from a file or standard input, optionally with boxes from a file of lines.
///
/// A line `{"t_ms":…,"widgets":[…]}` is in force from its time until the next one's. Without lines no
/// widget claims any pixel: the policy's `uncovered` decides, which masks everything by default.
package struct RawStream: FrameSource {
  package let width: Int
  package let height: Int
  package var expectedFrames: Int? { nil }
  private let shape: RawShape
  private let file: InputFile
  private let frameBytes: Int
  private var pool: FramePool
  /// Offset of the next frame in a regular file, which is mapped; nil if the input is read.
  private var position: Int?
  private var boxes: BoxLines?
  private var number = 0
  private var ended = false

  /// Allowed frames per second; at lower rates, times would exceed 64-bit nanoseconds.
  private static let rates = 0.0001...10_000

  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - widgets: a file of box lines.
  package init(path: String, shape: RawShape, widgets: String?) throws(CaptureError) {
    do {
      _ = try Frame.byteCount(
        width: shape.width, height: shape.height, stride: shape.stride, format: shape.format)
    } catch {
      throw .badInput(CaptureIssue(place: path, message: "\(error)"))
    }
    let (frameBytes, overflow) = shape.stride.multipliedReportingOverflow(by: shape.height)
    guard PictureLimits.allow(width: shape.width, height: shape.height), !overflow,
      frameBytes <= Frame.byteLimit
    else {
      throw .badInput(
        CaptureIssue(
          place: path,
          message:
            "frames of \(shape.width)x\(shape.height) with \(shape.stride) bytes a row are too large; check --size and --stride"
        ))
    }
    guard RawStream.rates.contains(shape.framesPerSecond) else {
      throw .badInput(
        CaptureIssue(
          place: path,
          message:
            "the frame rate must lie between \(RawStream.rates.lowerBound) and \(RawStream.rates.upperBound)")
      )
    }
    self.shape = shape
    width = shape.width
    height = shape.height
    self.frameBytes = frameBytes
    file = try InputFile(path)
    pool = FramePool(byteCount: frameBytes)
    position = file.position
    if let widgets { boxes = try BoxLines(widgets) }
  }

  package mutating func next() throws(CaptureError) -> SourceItem? {
    if ended { return nil }
    let (memory, count) = try nextBytes()
    if count < frameBytes { ended = true }
    if count == 0 { return nil }
    defer { number += 1 }
    guard count == frameBytes else {
      return .lost(
        CaptureIssue(
          place: place,
          message:
            "the stream ends within the frame: \(frameBytes - count) of \(frameBytes) bytes are missing; check --size, --format and --stride"
        ))
    }
    let time = Int64((Double(number) * 1_000_000_000 / shape.framesPerSecond).rounded())
    var tree: Result<WidgetTree, CaptureIssue> = .success(.empty)
    var version = 0
    if var lines = boxes {
      boxes = nil
      try lines.advance(to: time)
      tree = lines.tree
      version = lines.version
      boxes = lines
    }
    return .frame(
      SourceFrame(
        number: number, time: time, pixels: frame(memory), tree: tree, treeVersion: version,
        snapshotSpan: nil,
        isTreeComplete: true))
  }

  private var place: String { "\(file.path): frame \(number)" }

  /// The bytes of the next frame, up to the end of the input.
  private mutating func nextBytes() throws(CaptureError) -> (FrameMemory, Int) {
    if let position {
      let left = try file.size() - position
      if left >= frameBytes, let memory = file.map(at: position, count: frameBytes) {
        self.position = position + frameBytes
        return (memory, frameBytes)
      }
      // The end, or a file that the system can't map.
      try file.seek(to: position)
      self.position = nil
    }
    // Bytes are written from the front, within the given memory.
    let taken = try unsafe pool.take { bytes throws(CaptureError) in try unsafe file.read(into: bytes) }
    return (taken.memory, taken.value)
  }

  private func frame(_ memory: FrameMemory) -> Result<Frame, CaptureIssue> {
    do {
      return .success(
        try Frame(width: width, height: height, stride: shape.stride, format: shape.format, memory: memory))
    } catch {
      return .failure(CaptureIssue(place: place, message: "\(error)"))
    }
  }
}
