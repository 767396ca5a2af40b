package import ScrimImage

/// Result of masking one frame in a ``MaskingStage``.
public struct MaskingOutcome: Sendable {
  public enum Result: Hashable, Sendable {
    /// Everything that the policy shows is shown.
    case shown
    /// Some tiles keep older content, since the frame's boxes are not known to describe them.
    case withheldInPart
    /// Boxes or pixels were not available: the whole picture is fill.
    case failedClosed
  }

  public var result = Result.shown
  /// 16-pixel tiles that show older content than the frame's.
  public var withheldTiles = 0
  /// The fault of the frame; nil if it has none.
  public var fault: CaptureIssue?
  /// Whether its source omitted changed pixels from its damage.
  public var hasUntrueDamage = false
}

/// Turns a source's frames into masked pictures: plan, clearance, mask.
///
///     var stage = MaskingStage(width: source.width, height: source.height, policy: policy)
///     while case .frame(let frame)? = try source.next() {
///       let outcome = stage.mask(frame)
///       use(stage.frame)
///     }
public struct MaskingStage: ~Copyable {
  private let planner: MaskPlanner
  private var clearance: SettledClearance
  private var masker: Masker
  private var nothing: MaskPlan
  /// Whether frames of the source were skipped, so that the next one's damage is incomplete.
  private var isDamageLost = false
  /// Whether clearance judged the last frame, so that its changes are those since that frame.
  private var isJudged = false
  /// The plan of the tree with that version.
  private var plan: (version: Int, plan: MaskPlan)?
  /// Statistics of the policy over all plans.
  public private(set) var usage: PolicyUsage
  /// Share of each window that shows older content.
  public private(set) var withheldWindows = WithheldWindows()

  /// - Parameters:
  ///   - width: pixels of the first frame, as is `height`. Later frames may have other sizes.
  public init(width: Int, height: Int, policy: MaskPolicy) {
    planner = MaskPlanner(policy: policy)
    clearance = SettledClearance(width: width, height: height, settleDelay: policy.settleDelay)
    masker = Masker(width: width, height: height, fills: policy.fills)
    nothing = MaskPlan.failedClosed(width: width, height: height)
    usage = PolicyUsage(policy: policy)
  }

  /// Restarts for frames of another size, of which nothing has been shown yet.
  package mutating func resize(toFit pixels: Frame) {
    let (width, height) = (pixels.width, pixels.height)
    guard width != frame.width || height != frame.height else { return }
    clearance = SettledClearance(width: width, height: height, settleDelay: planner.policy.settleDelay)
    isJudged = false
    masker = Masker(width: width, height: height, fills: planner.policy.fills, following: masker.version)
    nothing = MaskPlan.failedClosed(width: width, height: height)
    plan = nil
  }

  /// The masked picture after the last frame.
  public var frame: MaskedFrame {
    _read { yield masker.frame }
  }

  /// Whether the picture is lent, so that ``resume(with:)`` must be called before the next frame.
  package var isLent: Bool { masker.isLent }

  /// See ``Masker/lend()``.
  package mutating func lend() -> MaskedFrame { masker.lend() }

  /// See ``Masker/resume(with:)``.
  package mutating func resume(with spare: consuming MaskedFrame?) { masker.resume(with: spare) }

  /// The masks of the last frame's boxes, in the form that a recording lists; nil before the first frame.
  public private(set) var masks: [ListedMask]?

  /// The masks of the last frame's boxes with their reasons; the whole picture if it failed closed.
  package var plannedMasks: [MaskPlan.Mask] { plan?.plan.masks ?? nothing.masks }

  /// The share of the picture, 0...1, that the last frame's boxes mask.
  public private(set) var maskedShare = 1.0

  /// Pixels that the gap guard masked in the last frame besides.
  package var suspects: Region { masker.suspects }

  /// The pixels masked for the last frame's boxes; nil if there are none.
  package var masked: Region? { plan?.plan.masked }

  /// The widgets of the last frame's boxes whose names a press may keep.
  package var named: Set<Int> { plan?.plan.named ?? [] }

  /// Masks one frame. Frames must be in order of time.
  public mutating func mask(_ source: SourceFrame) -> MaskingOutcome {
    var source = source
    if case .success(let pixels) = source.pixels { resize(toFit: pixels) }
    if isDamageLost { source.damage = nil }
    isDamageLost = false
    let untrue = untrueDamage
    var outcome = masked(source)
    if untrueDamage > untrue {
      outcome.hasUntrueDamage = true
      outcome.fault =
        outcome.fault
        ?? CaptureIssue(
          place: "frame \(source.number)",
          message: "its damage omits pixels that changed; the whole frame was compared instead")
    }
    return outcome
  }

  private var untrueDamage: Int { masker.untrueDamage + clearance.untrueDamage }

  /// Notes that the source had a frame that is not masked.
  public mutating func skip() { isDamageLost = true }

  private mutating func masked(_ source: SourceFrame) -> MaskingOutcome {
    switch (source.tree, source.pixels) {
    case (.failure(let fault), _), (_, .failure(let fault)): return failClosed(fault)
    case (.success(let tree), .success(let pixels)):
      let plan = plan(for: tree, version: source.treeVersion, pixels)
      let outcome = show(source, pixels, plan.regions, plan.claims)
      // Other clearances withhold nothing in part.
      if source.snapshotSpan != nil, planner.policy.clearance == .settled, !tree.windows.isEmpty {
        withheldWindows.note(tree, withheld: clearance.withheld, at: source.time)
      }
      return outcome
    }
  }

  private mutating func plan(for tree: WidgetTree, version: Int, _ pixels: Frame) -> MaskPlan {
    if let plan, plan.version == version {
      masks = plan.plan.listed
      return plan.plan
    }
    let made = planner.planOfWindows(for: tree, width: pixels.width, height: pixels.height, usage: &usage)
    plan = (version, made)
    masks = made.listed
    maskedShare = Double(made.regions.masked.area) / Double(pixels.width * pixels.height)
    return made
  }

  private mutating func show(
    _ source: SourceFrame, _ pixels: Frame, _ regions: MaskRegions, _ claims: Claims
  ) -> MaskingOutcome {
    switch (planner.policy.clearance, source.snapshotSpan) {
    case (.settled, .some):
      let verdict = clearance.judge(source, pixels: pixels, regions: regions, claims: claims)
      // Clearance has compared the frame with the previous one; the masker reads the pixels under masks,
      // which it omitted, in any case.
      let changes = isJudged ? clearance.changes : nil
      isJudged = true
      switch verdict {
      case .show(let masked, let cleared):
        masker.show(pixels, masked: masked, cleared: cleared, damage: changes)
      case .keep(let masked): masker.mask(masked, damage: changes)
      }
      let withheld = clearance.withheld.count
      return MaskingOutcome(result: withheld > 0 ? .withheldInPart : .shown, withheldTiles: withheld)
    case (.latest, let span?) where isStale(span, at: source.time):
      return failClosed(
        CaptureIssue(
          place: "frame \(source.number)",
          message: "its boxes were read more than \(planner.policy.staleAfterMs) ms before or after it"))
    default:
      isJudged = false
      masker.show(
        pixels, masked: regions.effective(isTreeComplete: source.isTreeComplete), damage: source.damage)
      return MaskingOutcome()
    }
  }

  private func isStale(_ span: ClosedRange<Int64>, at time: Int64) -> Bool {
    let (age, overflow) = span.lowerBound.subtractingReportingOverflow(time)
    return overflow || Double(age.magnitude) > planner.policy.staleAfterMs * 1_000_000
  }

  private mutating func failClosed(_ fault: CaptureIssue) -> MaskingOutcome {
    masker.mask(nothing.regions)
    masks = nothing.listed
    isJudged = false
    clearance.reset()
    return MaskingOutcome(result: .failedClosed, withheldTiles: clearance.withheld.count, fault: fault)
  }
}
