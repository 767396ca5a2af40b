import ScrimFormat
import ScrimImage
import ScrimRedact

/// The caller's side of a recorder: determines which pixels of a frame must be read, and reads them.
///
/// A pixel is *stale* if it was damaged since it was last read, or never read. Stale pixels outside masks
/// are read; stale pixels under masks stay stale until a frame shows them. So a pixel under a mask is never
/// read, and a pixel that a mask uncovers is read if it may have changed, whatever that frame's damage
/// says.
struct DamageReader {
  private let planner: MaskPlanner
  /// Not used: the masking stage after the queue counts the same plans.
  private var usage: PolicyUsage
  private let decide: (@Sendable (Widget) -> MaskDecision)?
  private var bounds = Rect(x: 0, y: 0, width: 0, height: 0)
  /// The last boxes given.
  private var boxes: Boxes?
  /// The tree made from them.
  private(set) var tree: Result<WidgetTree, WidgetError>?
  private var version = 0
  private var masked = Region()
  private var stale = Region()
  private var number = 0
  private var time: Int64 = 0
  /// Version of the tree of the last frame passed to the queue.
  private var lastVersion: Int?

  init(policy: MaskPolicy, decide: (@Sendable (Widget) -> MaskDecision)?) {
    planner = MaskPlanner(policy: policy)
    usage = PolicyUsage(policy: policy)
    self.decide = decide
  }

  /// Assumes that every pixel may have changed.
  mutating func forget() { stale = Region(bounds) }

  /// The next step for a frame.
  enum Task {
    case read(Region)
    case unchanged
    case mismatched
  }

  /// Determines which pixels of a frame must be read.
  ///
  /// - Parameters:
  ///   - count: bytes of the framebuffer.
  ///   - time: nanoseconds since the session's start.
  mutating func plan(
    _ surface: Surface, count: Int, boxes: Boxes?, damage: [Rect]?, time: Int64
  ) throws(RecorderError) -> Task {
    do throws(RecorderError) {
      try check(surface, count: count)
    } catch {
      forget()
      throw error
    }
    resize(surface)
    stale = damage.map { stale.union(Region(union: $0.map(cut))) } ?? Region(bounds)
    try adopt(boxes)
    guard self.boxes?.generation == surface.generation else { return .mismatched }
    self.time = max(self.time, time)
    let due = stale.subtracting(masked)
    return due.isEmpty && lastVersion == version ? .unchanged : .read(due)
  }

  /// Reads the planned pixels into the patch that is recorded next.
  mutating func read(_ region: Region, of bytes: Span<UInt8>, _ surface: Surface, into patch: inout Patch) {
    patch.buffer.read(region, of: bytes, surface)
    stale = stale.intersection(masked)
    patch.read = patch.read.union(region)
    patch.number = number
    patch.time = time
    patch.treeVersion = version
    patch.isTreeComplete = boxes?.isComplete ?? true
    switch tree {
    case .success(let tree): patch.tree = .success(tree)
    case .failure(let error):
      patch.tree = .failure(CaptureIssue(place: "frame \(number)", message: "\(error)"))
    case nil: preconditionFailure("a frame is read with boxes")
    }
    lastVersion = version
    number += 1
  }

  /// The result for the caller of a frame that was accepted: an error if its boxes are invalid.
  func outcome(_ outcome: CaptureOutcome) throws(RecorderError) -> CaptureOutcome {
    if case .failure(let error) = tree { throw .badBoxes(error) }
    return outcome
  }

  private func check(_ surface: Surface, count: Int) throws(RecorderError) {
    let (width, height) = (surface.width, surface.height)
    let needed: Int
    do {
      needed = try Frame.byteCount(
        width: width, height: height, stride: surface.stride, format: surface.format)
    } catch {
      throw .badSurface("\(error)")
    }
    guard width <= FormatLimits.side, height <= FormatLimits.side, width * height <= FormatLimits.pixels
    else {
      throw .badSurface(
        "a surface of \(width)x\(height) is over the limit of \(FormatLimits.pixels) pixels; record a part of it"
      )
    }
    guard count >= needed else {
      throw .badSurface("\(FrameError.tooFewBytes(needed: needed, given: count))")
    }
  }

  private mutating func resize(_ surface: Surface) {
    guard bounds.width != surface.width || bounds.height != surface.height else { return }
    bounds = Rect(x: 0, y: 0, width: surface.width, height: surface.height)
    stale = Region(bounds)
    lastVersion = nil
    plan()
  }

  /// The part of a rectangle, of any size, inside the surface.
  private func cut(_ rect: Rect) -> Rect {
    guard rect.width > 0, rect.height > 0 else { return Rect(x: 0, y: 0, width: 0, height: 0) }
    func end(_ start: Int, _ length: Int) -> Int {
      let (sum, overflow) = start.addingReportingOverflow(length)
      return overflow ? Int.max : sum
    }
    let left = max(rect.x, 0)
    let top = max(rect.y, 0)
    let right = min(end(rect.x, rect.width), bounds.width)
    let bottom = min(end(rect.y, rect.height), bounds.height)
    guard left < right, top < bottom else { return Rect(x: 0, y: 0, width: 0, height: 0) }
    return Rect(minX: left, minY: top, maxX: right, maxY: bottom)
  }

  private mutating func adopt(_ new: Boxes?) throws(RecorderError) {
    guard let new else {
      guard boxes != nil else { throw .noBoxes }
      return
    }
    let isSame = boxes?.isSameState(as: new) ?? false
    boxes = new
    if isSame { return }
    version += 1
    do throws(WidgetError) {
      tree = .success(
        try WidgetTree(widgets: new.widgets.map(marked), windows: new.windows, boxScale: new.scale))
    } catch {
      tree = .failure(error)
    }
    plan()
  }

  /// The widget with the callback's answer as its mark. A password is masked whatever its mark.
  private func marked(_ widget: Widget) -> Widget {
    guard let decide, widget.mark == nil, widget.nature != .password else { return widget }
    var widget = widget
    switch decide(widget) {
    case .mask: widget.mark = Mark(masks: true, cause: .callback)
    case .unmask: widget.mark = Mark(masks: false, cause: .callback)
    case .continue: break
    }
    return widget
  }

  /// Computes the masks that the ``MaskingStage`` after the queue puts in force for the same tree.
  private mutating func plan() {
    masked = Region(bounds)
    guard case .success(let tree) = tree, !bounds.isEmpty else { return }
    masked =
      planner.planOfWindows(for: tree, width: bounds.width, height: bounds.height, usage: &usage).regions
      .effective(isTreeComplete: boxes?.isComplete ?? true).masked
  }
}
