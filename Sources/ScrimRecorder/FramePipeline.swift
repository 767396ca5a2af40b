public import ScrimCapture
public import ScrimFormat
import ScrimImage
import ScrimRedact

/// What became of one frame.
public struct FrameOutcome: Sendable {
  public var status: FrameStatus = []
  /// 16-pixel tiles that show older content than the frame's.
  public var withheldTiles = 0
  /// What was wrong with the frame; nil where nothing was.
  public var fault: CaptureFault?
  /// Whether its source left changed pixels out of its damage.
  public var hasUntrueDamage = false
}

/// The way of a frame from its source to a masked picture: plan, clearance, mask.
struct FramePipeline: ~Copyable {
  private let planner: MaskPlanner
  private var clearance: SettledClearance
  private var masker: Masker
  private var nothing: MaskRegions
  /// Whether frames of the source were left out, so that the next one's damage says too little.
  private var isDamageLost = false
  /// The plan of the tree of that version.
  private var plan: (version: Int, regions: MaskRegions)?
  /// What the plans made of the policy.
  private(set) var usage: PolicyUsage

  init(width: Int, height: Int, policy: MaskPolicy) {
    planner = MaskPlanner(policy: policy)
    clearance = SettledClearance(width: width, height: height)
    masker = Masker(width: width, height: height, fills: policy.fills)
    nothing = MaskPlan.failedClosed(width: width, height: height).regions
    usage = PolicyUsage(policy: policy)
  }

  /// Goes on with frames of another size, of which nothing has been shown yet, where these are of one.
  mutating func resize(toFit pixels: Frame) {
    let (width, height) = (pixels.width, pixels.height)
    guard width != frame.width || height != frame.height else { return }
    clearance = SettledClearance(width: width, height: height)
    masker = Masker(width: width, height: height, fills: planner.policy.fills, following: masker.version)
    nothing = MaskPlan.failedClosed(width: width, height: height).regions
    plan = nil
  }

  /// The masked picture after the last frame.
  var frame: MaskedFrame {
    _read { yield masker.frame }
  }

  /// Whether the picture is lent, and ``resume(with:)`` has to be called before the next frame.
  var isLent: Bool { masker.isLent }

  /// See ``Masker/lend()``.
  mutating func lend() -> MaskedFrame { masker.lend() }

  /// See ``Masker/resume(with:)``.
  mutating func resume(with spare: consuming MaskedFrame?) { masker.resume(with: spare) }

  /// Masks one frame. Frames come in the order of time.
  mutating func take(_ source: SourceFrame) -> FrameOutcome {
    var source = source
    if isDamageLost { source.damage = nil }
    isDamageLost = false
    let untrue = untrueDamage
    var outcome = masked(source)
    if untrueDamage > untrue {
      outcome.hasUntrueDamage = true
      outcome.fault =
        outcome.fault
        ?? CaptureFault(
          place: "frame \(source.number)",
          message: "its damage leaves out pixels that changed; all of the frame was compared instead")
    }
    return outcome
  }

  private var untrueDamage: Int { masker.untrueDamage + clearance.untrueDamage }

  /// Notes that the source had a frame that is not taken.
  mutating func skip() { isDamageLost = true }

  private mutating func masked(_ source: SourceFrame) -> FrameOutcome {
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
    switch (planner.policy.clearance, source.snapshotSpan) {
    case (.settled, let span?):
      let untrue = clearance.untrueDamage
      let verdict = clearance.judge(
        CapturedFrame(
          time: source.time, pixels: pixels, regions: regions, snapshotSpan: span,
          isTreeComplete: source.isTreeComplete, damage: source.damage))
      let damage = clearance.untrueDamage > untrue ? nil : source.damage
      switch verdict {
      case .show(let masked, let cleared):
        masker.show(pixels, masked: masked, cleared: cleared, damage: damage)
      case .keep(let masked): masker.mask(masked, damage: damage)
      }
      let withheld = clearance.withheld.count
      return FrameOutcome(status: withheld > 0 ? .withheldInPart : [], withheldTiles: withheld)
    case (.latest, let span?) where isStale(span, at: source.time):
      return failClosed(
        CaptureFault(
          place: "frame \(source.number)",
          message: "its boxes were read more than \(planner.policy.staleAfterMs) ms before or after it"))
    default:
      // Nodes that could not be read may be anywhere between those that could: the look of a gap is not enough then.
      masker.show(
        pixels, masked: source.isTreeComplete ? regions : regions.withGapsMasked, damage: source.damage)
      return FrameOutcome()
    }
  }

  private func isStale(_ span: ClosedRange<Int64>, at time: Int64) -> Bool {
    let (age, overflow) = span.lowerBound.subtractingReportingOverflow(time)
    return overflow || Double(age.magnitude) > planner.policy.staleAfterMs * 1_000_000
  }

  private mutating func failClosed(_ fault: CaptureFault) -> FrameOutcome {
    masker.mask(nothing)
    clearance.reset()
    return FrameOutcome(
      status: .failedClosed, withheldTiles: clearance.withheld.count, fault: fault)
  }
}
