import Foundation
import Glibc
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore
import ScrimSystem
import ScrimTestSupport
import Testing

@testable import ScrimCapture
@testable import ScrimRecorder

/// An application's framebuffer: in some format, with garbage in slack and padding.
struct Framebuffer {
  static let formats: [PixelFormat] = [.bgrx, .rgba, .xrgb, .rgb24, .bgr24]

  var surface: Surface
  var bytes: [UInt8]

  init(_ pixels: [Pixel], width: Int, height: Int, generation: UInt64, using random: inout SeededGenerator) {
    let format = Framebuffer.formats.randomElement(using: &random) ?? .bgrx
    let size = format.bytesPerPixel
    let stride = width * size + Int.random(in: 0...9, using: &random)
    var bytes = (0..<stride * height).map { _ in UInt8.random(in: 0...255, using: &random) }
    for (index, pixel) in pixels.enumerated() {
      let at = index / width * stride + index % width * size
      let (red, green, blue) = (UInt8(pixel >> 16), UInt8(pixel >> 8 & 0xFF), UInt8(pixel & 0xFF))
      let order =
        switch format {
        case .bgrx, .bgr24: [blue, green, red]
        case .xrgb: [bytes[at], red, green, blue]
        default: [red, green, blue]
        }
      bytes.replaceSubrange(at..<at + order.count, with: order)
    }
    surface = Surface(width: width, height: height, stride: stride, format: format, generation: generation)
    self.bytes = bytes
  }
}

/// A ``Recorder`` that gets damaged parts from a thread of its caller must record, byte for byte, the same
/// as a ``SessionRecorder`` that gets whole frames.
@Suite struct RecorderPropertyTests {
  static let width = RecorderTests.width
  static let height = RecorderTests.height

  /// Rectangles that hold every different pixel, and more.
  static func damage(_ old: [Pixel], _ new: [Pixel], _ random: inout SeededGenerator) -> [Rect]? {
    if Int.random(in: 0..<10, using: &random) == 0 { return nil }
    let side = Int.random(in: 1...20, using: &random)
    var rects: [Rect] = []
    for y in stride(from: 0, to: height, by: side) {
      for x in stride(from: 0, to: width, by: side) {
        let rect = Rect(x: x, y: y, width: side, height: side)
        let differs = (y..<min(y + side, height)).contains { y in
          (x..<min(x + side, width)).contains { old[y * width + $0] != new[y * width + $0] }
        }
        if differs { rects.append(rect) }
      }
    }
    if Bool.random(using: &random) {
      rects.append(
        Rect(
          x: .random(in: -9...width, using: &random), y: .random(in: -9...height, using: &random),
          width: .random(in: -3...30, using: &random), height: .random(in: -3...30, using: &random)))
    }
    return rects
  }

  static func noise(_ pixels: [Pixel], in region: Region, _ random: inout SeededGenerator) -> [Pixel] {
    var pixels = pixels
    for rect in region.rects {
      for y in rect.y..<rect.maxY {
        for x in rect.x..<rect.maxX { pixels[y * width + x] = .random(in: 0...0xFF_FFFF, using: &random) }
      }
    }
    return pixels
  }

  static func record(
    _ frames: [SourceFrame], _ options: RecorderOptions, to folder: SessionFolder
  ) throws -> RecordingSummary {
    var recorder = try SessionRecorder(
      to: folder, width: width, height: height, session: RecorderTests.session,
      start: 1_700_000_000_000_000_000, producer: "test", options: options)
    for frame in frames { try recorder.record(frame) }
    return try recorder.finish()
  }

  static func capture(
    _ buffer: Framebuffer, _ boxes: Boxes, _ damage: [Rect]?, with recorder: Recorder
  ) throws -> CaptureOutcome {
    let unchanged = recorder.counts.unchanged
    do throws(RecorderError) {
      return try recorder.capture(buffer.bytes.span, of: buffer.surface, boxes: boxes, damage: damage)
    } catch {
      guard case .badBoxes = error else { throw error }
      return recorder.counts.unchanged > unchanged ? .unchanged : .taken
    }
  }

  @Test(arguments: 0..<24 as Range<UInt64>) func damagedFramesRecordTheSameAsWholeFrames(seed: UInt64) throws
  {
    var random = SeededGenerator(seed: seed)
    var options = RecorderOptions(policy: NonInterferenceTests.policy(&random), coding: .init(level: 1))
    options.segmenting.segmentDuration = 600_000_000
    options.segmenting.keyframeInterval = 400_000_000
    let temporary = try TemporaryFolder()
    let clock = ConditionLock<Int64>(5_000_000_000)
    var configuration = RecorderConfiguration(
      folder: SessionFolder(path: temporary.path + "/live"), options: options)
    configuration.clock = { clock.withValue { $0 } }
    configuration.framesPerSecond = 0.0001
    configuration.session = RecorderTests.session
    configuration.start = 1_700_000_000_000_000_000
    configuration.producer = "test"
    let recorder = Recorder(configuration)
    try recorder.start()
    var frames: [SourceFrame] = []

    var screen = Screen(width: Self.width, height: Self.height, seed: random.next())
    var captured = screen.pixels
    var boxes = Boxes([])
    let planner = MaskPlanner(policy: options.policy)
    var taken: SourceFrame?
    var (number, version, isPaused) = (0, 0, false)
    for step in 0..<40 {
      clock.withValue { $0 += 100_000_000 }
      screen.change()
      if step == 0 || Int.random(in: 0..<3, using: &random) == 0 {
        boxes = Boxes(
          NonInterferenceTests.widgets(&random), generation: UInt64(step),
          isComplete: Int.random(in: 0..<6, using: &random) > 0)
        if step > 0, Int.random(in: 0..<6, using: &random) == 0, !boxes.widgets.isEmpty {
          boxes.widgets[0].x = .infinity
        }
        version += 1
      }
      let tree = Result { try WidgetTree(widgets: boxes.widgets) }
      let fits = Int.random(in: 0..<6, using: &random) > 0
      var unread = Region(Rect(x: 0, y: 0, width: Self.width, height: Self.height))
      if fits, !isPaused, case .success(let tree) = tree {
        let plan = planner.plan(
          for: tree, width: Self.width, height: Self.height, describesWholeWindows: true)
        unread = boxes.isComplete ? plan.masked : plan.regions.withGapsMasked.masked
      }
      let buffer = Framebuffer(
        Self.noise(screen.pixels, in: unread, &random), width: Self.width, height: Self.height,
        generation: fits ? boxes.generation : boxes.generation + 1, using: &random)
      let damage = Self.damage(captured, screen.pixels, &random)
      captured = screen.pixels
      let outcome = try Self.capture(buffer, boxes, damage, with: recorder)
      #expect((outcome == .paused) == isPaused && (outcome == .mismatched) == (!fits && !isPaused))
      if outcome == .taken || outcome == .merged {
        var frame = SourceFrame(
          number: number, time: clock.withValue { $0 } - 5_000_000_000, pixels: .success(screen.frame),
          tree: tree.mapError { CaptureIssue(place: "", message: "\($0)") }, treeVersion: version,
          snapshotSpan: nil,
          isTreeComplete: boxes.isComplete)
        frame.mayBeLeftOut = true
        taken = frame
        number += 1
      }
      if number <= 1 || Int.random(in: 0..<3, using: &random) == 0 {
        try recorder.flush()
        if let frame = taken { frames.append(frame) }
        taken = nil
      }
      if Int.random(in: 0..<8, using: &random) == 0 {
        if isPaused { try recorder.resume() } else { try recorder.pause() }
        isPaused.toggle()
      }
    }
    let summary = try recorder.stop()
    if let frame = taken { frames.append(frame) }
    let expected = try Self.record(frames, options, to: SessionFolder(path: temporary.path + "/whole"))
    #expect(summary.frames == expected.frames)
    #expect(summary.failedClosedFrames == expected.failedClosedFrames)
    #expect(try temporary.files(under: "live") == temporary.files(under: "whole"))
  }

  /// Touching a single masked byte would terminate the process.
  @Test func masksAreNotRead() async {
    await #expect(processExitsWith: .success) {
      exit(try RecorderPropertyTests.recordForbiddenRows() ? 0 : 4)
    }
  }

  /// Records a picture with two rows of one page each that can't be read and lie under a password field.
  static func recordForbiddenRows() throws -> Bool {
    let page = Int(getpagesize())
    let (width, height) = (page / 4, 6)
    guard
      let memory = unsafe mmap(
        nil, page * height, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    else { return false }
    unsafe mprotect(memory + 2 * page, 2 * page, PROT_NONE)
    let rows = unsafe UnsafeBufferPointer(
      start: memory.assumingMemoryBound(to: UInt8.self), count: page * height)
    let temporary = try TemporaryFolder()
    var policy = MaskPolicy(preset: .none)
    policy.padding = 0
    let recorder = Recorder(
      RecorderConfiguration(
        folder: SessionFolder(path: temporary.path + "/s"), options: RecorderOptions(policy: policy)))
    try recorder.start()
    let field = Widget(role: "password text", x: 0, y: 2, width: Double(width), height: 2)
    try recorder.capture(
      unsafe rows.span, of: Surface(width: width, height: height, format: .bgrx), boxes: Boxes([field]))
    try recorder.flush()
    return try recorder.stop().frames == 1
  }
}
