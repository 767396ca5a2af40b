import ScrimImage
import ScrimSystem
import Synchronization

@testable import ScrimCapture
@testable import ScrimRedact

/// A screen controlled by a test.
final class FakeScreen: LiveScreen {
  var name: String { "a fake screen" }
  var tornReads: Int { 0 }
  /// Results of the next captures; it has ended after the last.
  var captures: [LiveCapture]
  /// Whether something was drawn since the last capture.
  var isDrawnOn = false
  /// Called at each wait, which then ends.
  var onWait: (FakeScreen) -> Void = { _ in }
  /// For each capture, whether the whole screen was to be compared.
  private(set) var thorough: [Bool] = []
  /// Nanoseconds that each capture takes.
  var slowness: Int64 = 0

  init(_ captures: [LiveCapture]) { self.captures = captures }

  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool {
    onWait(self)
    return isDrawnOn
  }

  func isUnchanged() throws(CaptureError) -> Bool { !isDrawnOn }

  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture {
    thorough.append(isThorough)
    isDrawnOn = false
    if slowness > 0 { MonotonicClock.wait(for: nil, until: MonotonicClock.now + slowness) }
    return captures.isEmpty ? .ended : captures.removeFirst()
  }

  static func picture(
    _ colour: Pixel = 0, width: Int = 8, height: Int = 4, damage: Rect? = nil, origin: (Int, Int) = (0, 0),
    pointer: (Int, Int)? = nil
  ) -> LiveCapture {
    let pixels = [Pixel](repeating: colour, count: width * height)
    return .picture(
      LivePicture(
        frame: Frame(width: width, height: height, pixels: pixels),
        damage: Region(damage ?? Rect(x: 0, y: 0, width: width, height: height)),
        origin: LivePoint(x: origin.0, y: origin.1),
        pointer: pointer.map { LivePoint(x: $0.0, y: $0.1) }))
  }
}

/// Tree snapshots provided by a test.
final class FakeTrees: TreeReader {
  let settleDelay = MaskPolicy().settleDelay
  private let reading = Mutex<TreeSnapshot?>(nil)

  private let changes = Mutex<[Int64]>([])
  /// Times at which damage was reported.
  var damage: [Int64] { changes.withLock { $0 } }

  func latest() -> TreeSnapshot? { reading.withLock { $0 } }

  func noteDamage(at time: Int64) { changes.withLock { $0.append(time) } }

  /// - Parameter names: one label for each, side by side.
  func report(_ names: String..., begin: Int64, end: Int64, isComplete: Bool = true) throws {
    try report(
      names.enumerated().map { index, name in
        Widget(id: name, role: "label", x: Double(index), y: 1, width: 1, height: 1)
      }, begin: begin, end: end, isComplete: isComplete)
  }

  /// - Parameter names: of one label, which has no id.
  func report(_ names: [String], begin: Int64, end: Int64) throws {
    try report(
      names.map { Widget(role: "label", name: $0, x: 0, y: 1, width: 1, height: 1) }, begin: begin, end: end,
      isComplete: true)
  }

  private func report(_ widgets: [Widget], begin: Int64, end: Int64, isComplete: Bool) throws {
    let tree = try WidgetTree(
      widgets: widgets, windows: [Window(x: 0, y: 0, width: 8, height: 4)])
    reading.withLock {
      $0 = TreeSnapshot(tree: .success(tree), span: begin...end, isComplete: isComplete)
    }
  }

  func fail(begin: Int64, end: Int64) {
    let fault = CaptureIssue(place: "the bus", message: "no answer")
    reading.withLock {
      $0 = TreeSnapshot(tree: .failure(fault), span: begin...end, isComplete: false)
    }
  }
}
