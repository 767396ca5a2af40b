import Foundation
import ScrimImage
import ScrimRedact
import ScrimTestSupport
import Testing

@testable import ScrimCapture

@Suite struct RawStreamTests {
  let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func items(
    _ bytes: [UInt8], _ shape: RawShape, widgets: String? = nil
  ) throws -> [SourceItem] {
    try temporary.write(bytes, to: "raw")
    if let widgets { try temporary.write(Array(widgets.utf8), to: "widgets.jsonl") }
    var stream = try RawStream(
      path: temporary.path + "/raw", shape: shape,
      widgets: widgets.map { _ in temporary.path + "/widgets.jsonl" })
    var items: [SourceItem] = []
    while let item = try stream.next() { items.append(item) }
    return items
  }

  private func frames(_ items: [SourceItem]) -> [SourceFrame] {
    items.compactMap { item in
      guard case .frame(let frame) = item else { return nil }
      return frame
    }
  }

  private func pixels(_ frame: SourceFrame) throws -> [Pixel] {
    let picture = try frame.pixels.get()
    return (0..<picture.height).flatMap { y in
      var row = [Pixel](repeating: 0, count: picture.width)
      var span = row.mutableSpan
      picture.readRow(y, 0..<picture.width, into: &span)
      return row
    }
  }

  /// Every format at odd sizes, with and without slack; the slack and the fourth byte are garbage.
  @Test(arguments: PixelFormat.allCases) func framesBackToBack(format: PixelFormat) throws {
    var random = SeededGenerator(seed: 41)
    for (width, height) in [(1, 1), (1, 5), (63, 2), (64, 2), (65, 3)] {
      for slack in [0, 1, 7] {
        let stride = width * format.bytesPerPixel + slack
        let shape = RawShape(width: width, height: height, format: format, stride: stride, framesPerSecond: 8)
        let bytes = (0..<stride * height * 3).map { _ in UInt8.random(in: 0...255, using: &random) }
        let frames = frames(try items(bytes, shape))
        #expect(frames.map(\.number) == [0, 1, 2])
        #expect(frames.map(\.time) == [0, 125_000_000, 250_000_000])
        for (index, frame) in frames.enumerated() {
          let expected = (0..<height).flatMap { y in
            (0..<width).map { x in
              let at = index * stride * height + y * stride + x * format.bytesPerPixel
              return Self.pixel(bytes, at, format)
            }
          }
          #expect(try pixels(frame) == expected, "\(format) \(width)x\(height), slack \(slack)")
        }
      }
    }
  }

  private static func pixel(_ bytes: [UInt8], _ at: Int, _ format: PixelFormat) -> Pixel {
    func byte(_ offset: Int) -> Pixel { Pixel(bytes[at + offset]) }
    func colour(_ red: Int, _ green: Int, _ blue: Int) -> Pixel {
      byte(red) << 16 | byte(green) << 8 | byte(blue)
    }
    switch format {
    case .bgrx, .bgra, .bgr24: return colour(2, 1, 0)
    case .rgbx, .rgba, .rgb24: return colour(0, 1, 2)
    case .xrgb, .argb: return colour(1, 2, 3)
    case .gray8: return colour(0, 0, 0)
    case .rgb555:
      let word = byte(0) | byte(1) << 8
      let (red, green, blue) = (word >> 10 & 31, word >> 5 & 31, word & 31)
      return (red << 3 | red >> 2) << 16 | (green << 3 | green >> 2) << 8 | (blue << 3 | blue >> 2)
    case .rgb565:
      let word = byte(0) | byte(1) << 8
      let (red, green, blue) = (word >> 11, word >> 5 & 63, word & 31)
      return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2)
    }
  }

  @Test func aShortLastFrameIsDroppedAndReported() throws {
    let shape = RawShape(width: 4, height: 3, format: .rgb24, framesPerSecond: 10)
    for missing in [1, 35] {
      let found = try items([UInt8](repeating: 1, count: 36 * 3 - missing), shape)
      #expect(frames(found).count == 2)
      guard case .lost(let fault)? = found.last else {
        Issue.record("the last frame is not whole")
        return
      }
      #expect(fault.message.contains("\(missing) of 36 bytes are missing"))
      #expect(fault.place.hasSuffix("frame 2"))
    }
    #expect(try items([], shape).isEmpty)
  }

  @Test func aLineOfWidgetsHoldsUntilTheNext() throws {
    let shape = RawShape(width: 2, height: 1, format: .gray8, framesPerSecond: 10)
    func line(_ time: Int, _ ids: String...) -> String {
      let widgets = ids.map { #"{"id":"\#($0)","role":"label","x":0,"y":0,"w":1,"h":1}"# }
      return #"{"t_ms":\#(time),"widgets":[\#(widgets.joined(separator: ","))]}"#
    }
    let widgets = [line(100, "a"), line(150, "x"), line(200, "b", "c"), "", line(450, "d")].joined(
      separator: "\n")
    let frames = frames(try items([UInt8](repeating: 1, count: 12), shape, widgets: widgets))
    #expect(
      try frames.dropFirst().map { try $0.tree.get().widgets.compactMap(\.id).joined() } == [
        "a", "bc", "bc", "bc", "d",
      ])
    // Before the first line there are no boxes, which differs from no widgets.
    #expect(throws: CaptureIssue.self) { try frames[0].tree.get() }
    #expect(Set(frames.map(\.treeVersion)).count == 4)
  }

  /// The start of an unreadable line's validity is unknown: nothing is shown until a valid one follows.
  @Test func aBadLineOfWidgetsShowsNothing() throws {
    let shape = RawShape(width: 2, height: 1, format: .gray8, framesPerSecond: 10)
    let good = #"{"t_ms":0,"widgets":[]}"#
    for bad in [
      "nonsense", #"{"t_ms":100}"#, #"{"t_ms":100,"widgets":[{"role":"label","x":0}]}"#, #"{"widgets":[]}"#,
      #"{"t_ms":100,"widgets":[],"tree_errors":2}"#,
      // Times that are invalid or go back: microseconds since 1970, a clock that was set.
      #"{"t_ms":1756000000000000,"widgets":[]}"#, #"{"t_ms":2400000000000,"widgets":[]}"#,
      #"{"t_ms":-1,"widgets":[]}"#, #"{"t_ms":1e400,"widgets":[]}"#, #"{"t_ms":"100","widgets":[]}"#,
    ] {
      let lines = [good, bad, #"{"t_ms":300,"widgets":[]}"#].joined(separator: "\n")
      let frames = frames(try items([UInt8](repeating: 1, count: 10), shape, widgets: lines))
      let isShown = frames.map { (try? $0.tree.get()) != nil }
      #expect(!isShown[1] && !isShown[2] && isShown[3] && isShown[4], "\(bad)")
    }
  }

  /// Boxes with times in milliseconds since 1970 are never in force in a stream that starts at 0; formerly
  /// the last line was, from the first frame on.
  @Test func boxesOfAnotherClockShowNothing() throws {
    let shape = RawShape(width: 2, height: 1, format: .gray8, framesPerSecond: 10)
    let lines = [1_756_000_000_000, 1_756_000_000_500].map { #"{"t_ms":\#($0),"widgets":[]}"# }
    let frames = frames(
      try items([UInt8](repeating: 1, count: 20), shape, widgets: lines.joined(separator: "\n")))
    #expect(frames.count == 10 && frames.allSatisfy { (try? $0.tree.get()) == nil })
  }

  /// Of several lines of one time none is in force until the clock's next time, since any of them may be right.
  @Test func linesOfOneTimeShowNothing() throws {
    let shape = RawShape(width: 2, height: 1, format: .gray8, framesPerSecond: 10)
    func shown(_ lines: [(Int, String)], frames count: Int) throws -> String {
      let text = lines.map { time, id in
        #"{"t_ms":\#(time),"widgets":[{"id":"\#(id)","role":"label","x":0,"y":0,"w":1,"h":1}]}"#
      }
      let frames = frames(
        try items([UInt8](repeating: 1, count: 2 * count), shape, widgets: text.joined(separator: "\n")))
      return frames.map { (try? $0.tree.get())?.widgets.first?.id ?? "-" }.joined()
    }
    #expect(try shown([(0, "a"), (200, "b"), (200, "c"), (500, "d")], frames: 7) == "aa-ccdd")
    #expect(try shown([(0, "a"), (0, "b")], frames: 12) == "----------bb")
    #expect(try shown([(0, "a"), (0, "b"), (0, "c"), (400, "d")], frames: 6) == "----dd")
    #expect(try shown([(0, "a"), (210, "b"), (210, "c")], frames: 5) == "aaacc")
    let seconds = try shown([(0, "a"), (1000, "b"), (1000, "c"), (2000, "d"), (2000, "e")], frames: 31)
    #expect(seconds == String(repeating: "a", count: 10) + String(repeating: "-", count: 20) + "e")
    // The same line twice says one thing.
    #expect(try shown([(0, "a"), (0, "a"), (300, "b")], frames: 4) == "aaab")
    #expect(try shown([(-5, "a"), (-5, "b")], frames: 2) == "bb")
  }

  /// A file is mapped, a pipe is read: the frames are the same, and reused memory does not affect frames
  /// that are kept.
  @Test func aPipeGivesTheSameFramesAsAFile() async throws {
    let shape = RawShape(width: 60, height: 50, format: .bgrx, stride: 244, framesPerSecond: 10)
    let size = 244 * 50
    let bytes = (0..<7 * size + 5).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
    let mapped = try items(bytes, shape)
    let fifo = temporary.path + "/fifo"
    // The string lives as a C string until the call returns.
    try #require(unsafe mkfifo(fifo, 0o600) == 0)
    async let written: Void = Task.detached {
      try FileHandle(forWritingTo: URL(fileURLWithPath: fifo)).write(contentsOf: Data(bytes))
    }.value
    var stream = try RawStream(path: fifo, shape: shape, widgets: nil)
    var read: [SourceItem] = []
    while let item = try stream.next() { read.append(item) }
    try await written
    #expect(read.count == 8 && mapped.count == 8)
    #expect(try frames(read).map(pixels) == frames(mapped).map(pixels))
  }

  @Test func shapesThatMakeNoFrameAreRefused() throws {
    try temporary.write([1, 2, 3], to: "raw")
    func shape(_ width: Int, _ height: Int, stride: Int? = nil, fps: Double = 10) -> RawShape {
      RawShape(width: width, height: height, format: .gray8, stride: stride, framesPerSecond: fps)
    }
    for shape in [
      shape(0, 1), shape(1, 0), shape(-1, 1), shape(4, 1, stride: 3), shape(4, 1, stride: -4),
      shape(1, 1, stride: .max), shape(2, 2, stride: .max), shape(1 << 20, 1 << 20),
      shape(1, 1, fps: 0), shape(1, 1, fps: -1), shape(1, 1, fps: .nan), shape(1, 1, fps: .infinity),
      shape(1, 1, fps: 1e-12), shape(1, 1, fps: 1e12),
    ] {
      #expect(throws: CaptureError.self, "\(shape)") {
        try RawStream(path: temporary.path + "/raw", shape: shape, widgets: nil)
      }
    }
  }
}
