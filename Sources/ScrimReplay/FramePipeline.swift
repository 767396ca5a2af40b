public import ScrimCapture
public import ScrimFormat
import ScrimImage
import ScrimRedact

/// What became of one frame.
public struct FrameOutcome: Sendable {
  public var status: FrameStatus = []
  /// 16-pixel tiles that show older content than the frame's.
  public var withheldTiles = 0
  /// Why the frame failed closed; nil where it did not.
  public var fault: CaptureFault?
}

/// The way of a frame from its source to a masked picture: plan, clearance, mask.
struct FramePipeline: ~Copyable {
  private let planner: MaskPlanner
  private var clearance: SettledClearance
  private var masker: Masker
  private var nothing: MaskRegions
  /// The plan of the tree of that version.
  private var plan: (version: Int, regions: MaskRegions)?
  /// What the plans made of the policy.
  private(set) var usage: MaskUsage

  init(width: Int, height: Int, policy: MaskPolicy) {
    planner = MaskPlanner(policy: policy)
    clearance = SettledClearance(width: width, height: height)
    masker = Masker(width: width, height: height, fills: policy.fills)
    nothing = MaskPlan.failedClosed(width: width, height: height).regions
    usage = MaskUsage(policy: policy)
  }

  /// Goes on with frames of another size, of which nothing has been shown yet.
  mutating func resize(width: Int, height: Int) {
    clearance = SettledClearance(width: width, height: height)
    masker = Masker(width: width, height: height, fills: planner.policy.fills)
    nothing = MaskPlan.failedClosed(width: width, height: height).regions
    plan = nil
  }

  /// The masked picture after the last frame.
  var frame: MaskedFrame {
    _read { yield masker.frame }
  }

  /// Masks one frame. Frames come in the order of time.
  mutating func take(_ source: SourceFrame) -> FrameOutcome {
    switch (source.tree, source.pixels) {
    case (.failure(let fault), _), (_, .failure(let fault)): return failClosed(fault)
    case (.success(let tree), .success(let pixels)):
      let regions = regions(for: tree, version: source.treeVersion, pixels)
      return show(source, pixels, regions)
    }
  }

  private mutating func regions(for tree: WidgetTree, version: Int, _ pixels: Frame) -> MaskRegions {
    if let plan, plan.version == version { return plan.regions }
    let made = planner.plan(
      for: tree, width: pixels.width, height: pixels.height, describesWholeWindows: true, usage: &usage)
    plan = (version, made.regions)
    return made.regions
  }

  private mutating func show(_ source: SourceFrame, _ pixels: Frame, _ regions: MaskRegions) -> FrameOutcome {
    switch (planner.policy.clearance, source.dump) {
    case (.settled, let dump?):
      let verdict = clearance.judge(
        CapturedFrame(
          time: source.time, pixels: pixels, regions: regions, dump: dump,
          isTreeComplete: source.isTreeComplete, damage: source.damage))
      switch verdict {
      case .show(let masked, let cleared): masker.show(pixels, masked: masked, cleared: cleared)
      case .keep(let masked): masker.mask(masked)
      }
      let withheld = clearance.withheld.count
      return FrameOutcome(status: withheld > 0 ? .withheldInPart : [], withheldTiles: withheld)
    case (.latest, let dump?) where isStale(dump, at: source.time):
      return failClosed(
        CaptureFault(
          place: "frame \(source.number)",
          message: "its boxes were read more than \(planner.policy.staleAfterMs) ms before or after it"))
    default:
      // Nodes that could not be read may be anywhere between those that could: the look of a gap is not enough then.
      masker.show(pixels, masked: source.isTreeComplete ? regions : regions.withGapsMasked)
      return FrameOutcome()
    }
  }

  private func isStale(_ dump: ClosedRange<Int64>, at time: Int64) -> Bool {
    let (age, overflow) = dump.lowerBound.subtractingReportingOverflow(time)
    return overflow || Double(age.magnitude) > planner.policy.staleAfterMs * 1_000_000
  }

  private mutating func failClosed(_ fault: CaptureFault) -> FrameOutcome {
    masker.mask(nothing)
    clearance.reset()
    return FrameOutcome(
      status: .failedClosed, withheldTiles: clearance.withheld.count, fault: fault)
  }
}
