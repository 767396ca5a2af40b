import ScrimImage

/// Decision of a library user's callback about a widget.
public enum MaskDecision: Sendable {
  case mask, unmask, `continue`
}

/// Applies a policy to widget trees, as specified in Masking.md. Reads boxes, never a pixel.
public struct MaskPlanner: Sendable {
  public let policy: MaskPolicy
  private let names: NameMemory?

  public init(policy: MaskPolicy) {
    self.policy = policy
    names = NameMemory(policy.rules)
  }

  /// Maximum number of holes that `insideMasked` rules cut in one plan, of ancestors above each, and of
  /// pieces of each mask. Anything beyond stays masked, so that no tree makes a plan of unbounded size.
  static let holeLimit = 1000
  static let holeDepthLimit = 256
  static let pieceLimit = 4000

  /// The plan for one moment's tree.
  ///
  /// - Parameters:
  ///   - width: pixels of the picture, as is `height`.
  ///   - describesWholeWindows: whether pixels that no widget claims are unknown rather than irrelevant:
  ///     true for captures, live sources and sidecars with windows. Decides `uncovered: auto`.
  public func plan(
    for tree: WidgetTree, width: Int, height: Int, describesWholeWindows: Bool
  ) -> MaskPlan {
    var usage = PolicyUsage(policy: policy)
    return plan(
      for: tree, width: width, height: height, describesWholeWindows: describesWholeWindows, usage: &usage)
  }

  /// The plan for the tree of a recorded frame, which describes whole windows: pixels that no widget claims
  /// are unknown.
  package func planOfWindows(
    for tree: WidgetTree, width: Int, height: Int, usage: inout PolicyUsage
  ) -> MaskPlan {
    var run = self.run(for: tree, width: width, height: height, &usage)
    let guarded = run.emitRest(describesWholeWindows: true)
    var plan = MaskPlan(
      width: width, height: height, masks: run.masks, guarded: guarded,
      boxes: guarded.isEmpty ? GapBoxes() : run.gapBoxes, claims: run.claims())
    plan.listed = run.listed()
    if policy.keepNames == .shown { plan.named = run.namedControls() }
    usage = run.usage
    usage.plans += 1
    return plan
  }

  /// The plan for one moment's tree; adds its statistics to `usage`.
  public func plan(
    for tree: WidgetTree, width: Int, height: Int, describesWholeWindows: Bool, usage: inout PolicyUsage
  ) -> MaskPlan {
    var run = self.run(for: tree, width: width, height: height, &usage)
    let guarded = run.emitRest(describesWholeWindows: describesWholeWindows)
    usage = run.usage
    usage.plans += 1
    return MaskPlan(
      width: width, height: height, masks: run.masks, guarded: guarded,
      boxes: guarded.isEmpty ? GapBoxes() : run.gapBoxes, claims: run.claims())
  }

  /// Whether two trees have the same masks and explain the same changes.
  ///
  /// Names, texts and states of masked widgets make no difference. When trees are read, and when a snapshot is passed on, may
  /// depend on this alone: otherwise the times of other changes in a recording would depend on masked text.
  package func isSame(_ a: WidgetTree, _ b: WidgetTree) -> Bool {
    guard a.windows == b.windows, a.boxScale == b.boxScale, a.widgets.count == b.widgets.count else {
      return false
    }
    if a.widgets == b.widgets { return true }
    let boxes = a.rects + a.windowRects + b.rects
    let limit = PictureLimits.side
    let width = min(max(boxes.map(\.maxX).max() ?? 1, 1), limit)
    let height = min(max(boxes.map(\.maxY).max() ?? 1, 1), limit)
    var usage = PolicyUsage(policy: policy)
    let (first, second) = (
      planOfWindows(for: a, width: width, height: height, usage: &usage),
      planOfWindows(for: b, width: width, height: height, usage: &usage)
    )
    return first.claims == second.claims && first.regions == second.regions && first.listed == second.listed
  }

  private func run(
    for tree: WidgetTree, width: Int, height: Int, _ usage: inout PolicyUsage
  ) -> PlanRun {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    let picture = Rect(x: 0, y: 0, width: width, height: height)
    var run = PlanRun(policy: policy, tree: tree, picture: picture, usage: usage)
    run.named = names?.conditions(of: tree.widgets) ?? []
    run.decideWidgets()
    run.emitWidgets()
    run.emitWindows()
    return run
  }
}
