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

/// State of computing one plan.
private struct PlanRun {
  let policy: MaskPolicy
  let tree: WidgetTree
  let picture: Rect
  var usage: PolicyUsage
  private(set) var masks: [MaskPlan.Mask] = []
  /// Boxes that are shown and trusted, and boxes that are trusted only by their texture; clipped to the
  /// picture.
  private var trusted: [Rect] = []
  private var gaps: [Rect] = []
  /// What neither a shown widget nor a gap claims, where the policy masks it: masks of widgets may lie over it.
  private var unclaimed: [Rect] = []
  /// The boxes of all gaps and windows, and of decorations among them, clipped to the picture.
  private var containers: [Rect] = []
  private var decorations: [Rect] = []
  private var outcomes: [Outcome]
  private var contexts: [Context]
  /// For a masked widget with holes: the boxes that rules cut out of its mask.
  private var holes: [Int: [Rect]] = [:]
  private var holeCount = 0
  /// For widgets whose reason may depend on a name: another reason that masks them, if there is one.
  private var otherReasons: [Int: MaskReason] = [:]
  private let faces: ControlFaces
  /// Widgets shown by a rule that always trusts them.
  private var trustedAlways: Set<Int> = []
  /// The windows in the picture, bottom to top.
  private var outlines: [Claims.Outline] = []
  /// One bit per rule for each widget: whether the rule's name condition holds. Empty if no rule has one.
  var named: [UInt64] = []

  /// Result for a widget.
  private enum Outcome {
    case masked(MaskReason)
    case shown
    case gap
  }

  /// Values that a widget's children inherit.
  private struct Context {
    /// The nearest ancestor that is masked by its own decision, -1 for none.
    var maskedBy = -1
    /// The outermost masked widget, possibly the widget itself: -1 for none, ``PlanRun/unlisted`` below one
    /// that hides interaction.
    var outermost = -1
    /// Rules with a lower index may open the masks above: the lowest rule that masks an ancestor,
    /// ``PlanRun/byDefault`` if only defaults do, ``PlanRun/closed`` if no rule may.
    var rank = PlanRun.byDefault
    /// The box of the shown control that the widget is in.
    var control: Rect?
    /// The box of the nearest ancestor that is a gap.
    var gap: Rect?
  }

  /// Why a widget is masked or shown, apart from its ancestors.
  private enum Verdict {
    case mask(MaskReason, rank: Int)
    case show
    case showByRule(Int)
    /// As part of the control that contains it.
    case showInControl
    /// Because the policy doesn't mask its nature.
    case showByDefault
    case gap
  }

  private static let unlisted = -2
  private static let byDefault = Int.max
  private static let closed = -1

  init(policy: MaskPolicy, tree: WidgetTree, picture: Rect, usage: PolicyUsage) {
    self.policy = policy
    self.tree = tree
    self.picture = picture
    self.usage = usage
    faces = ControlFaces(
      tree, picture: picture,
      findsContent: policy.rules.contains { $0.decision == .unmask && $0.isByRoleAlone })
    outcomes = [Outcome](repeating: .gap, count: tree.widgets.count)
    contexts = [Context](repeating: Context(), count: tree.widgets.count)
  }

  var gapBoxes: GapBoxes { GapBoxes(containers: containers, decorations: decorations) }

  mutating func decideWidgets() {
    for index in tree.order {
      let above = tree.parent(of: index).map { contexts[$0] } ?? Context()
      let isCovered = above.maskedBy >= 0
      if !tree.widgets[index].isRoleKnown { usage.note(unknownRole: tree.widgets[index].type) }
      let isPart = isPart(index, of: above.control)
      var inherited = above
      switch verdict(on: index, isPart: isPart) {
      case .mask(let reason, let rank):
        outcomes[index] = .masked(reason)
        if above.outermost == -1 { otherReasons[index] = otherReason(index, than: reason, isPart: isPart) }
        inherited.maskedBy = index
        inherited.rank = min(above.rank, rank)
        inherited.control = nil
      case .showByRule(let rule) where !isCovered || isPart || opens(rule: rule, index, above: above):
        outcomes[index] = .shown
        if policy.rules[rule].trust == .always { trustedAlways.insert(index) }
        if tree.widgets[index].role.isControl { inherited.control = tree.rects[index] }
      case .show where !isCovered || isPart:
        outcomes[index] = .shown
        if tree.widgets[index].role.isControl { inherited.control = tree.rects[index] }
      case .showInControl: outcomes[index] = .shown
      case .showByDefault where !isCovered: outcomes[index] = .shown
      case .gap where !isCovered:
        outcomes[index] = .gap
        inherited.gap = tree.rects[index]
      case .show, .showByRule, .showByDefault, .gap:
        outcomes[index] = .masked(.inside(above.maskedBy))
        if tree.nature(of: index) == .input { inherited.rank = PlanRun.closed }
        inherited.control = nil
      }
      if inherited.outermost == -1 {
        if case .masked = outcomes[index] {
          inherited.outermost = index
        } else if hidesInteraction(index) {
          inherited.outermost = PlanRun.unlisted
        }
      }
      contexts[index] = inherited
    }
  }

  private func hidesInteraction(_ index: Int) -> Bool {
    tree.nature(of: index) == .password || policy.hideInteraction.contains(tree.widgets[index].role)
  }

  /// The reason that masks a widget apart from a mark, an unreadable tree, a callback or a rule by name, any
  /// of which may depend on hidden content.
  private func otherReason(_ index: Int, than reason: MaskReason, isPart: Bool) -> MaskReason? {
    switch reason {
    case .mark, .callback, .unreadable: break
    case .rule(let rule) where !policy.rules[rule].names.isEmpty: break
    default: return nil
    }
    let widget = tree.widgets[index]
    if let rule = policy.rules.firstIndex(where: { $0.names.isEmpty && $0.holdsBesideName(for: widget) }) {
      return policy.rules[rule].decision == .mask ? .rule(rule) : nil
    }
    if isPart { return nil }
    let standard = standard(for: tree.nature(of: index), hasChildren: tree.hasChildren(index))
    if case .mask(let other, _) = standard { return other }
    return nil
  }

  /// The masks in the form that a recording lists.
  func listed() -> [ListedMask] {
    var listed: [ListedMask] = []
    var places: [Int: Int] = [:]
    var parts: [Int: [Rect]] = [:]
    for mask in masks where mask.kind != .uncovered {
      guard let widget = mask.widget else {
        listed.append(ListedMask(rect: mask.rect, kind: mask.kind, reason: ListedMask.Reason(mask.reason)))
        continue
      }
      let outermost = contexts[widget].outermost
      guard outermost >= 0 else { continue }
      if let place = places[outermost] {
        if !listed[place].rect.holds(mask.rect) {
          parts[place, default: [listed[place].rect]].append(mask.rect)
        }
        continue
      }
      places[outermost] = listed.count
      var listedReason = ListedMask.Reason.default
      if case .masked(let reason) = outcomes[outermost] {
        listedReason = ListedMask.Reason(otherReasons[outermost] ?? reason)
      }
      listed.append(
        ListedMask(
          rect: mask.rect, kind: MaskKind(tree.nature(of: outermost)), reason: listedReason,
          role: tree.widgets[outermost].role.name))
    }
    if !parts.isEmpty {
      listed = listed.indices.flatMap { place in
        (parts[place].map { Region(union: $0).rects } ?? [listed[place].rect]).map { rect in
          var mask = listed[place]
          mask.rect = rect
          return mask
        }
      }
    }
    // Without the outlines of what else is masked there: those are listed, and the fill of a later kind covers this one.
    listed += unclaimed.map { ListedMask(rect: $0, kind: .uncovered, reason: .uncovered) }
    var seen: Set<ListedMask> = []
    listed.removeAll { !seen.insert($0).inserted }
    guard listed.count <= ListedMask.limit else {
      return [ListedMask(rect: picture, kind: .other, reason: .tooMany)]
    }
    return listed
  }

  private mutating func verdict(on index: Int, isPart: Bool) -> Verdict {
    let widget = tree.widgets[index]
    let nature = tree.nature(of: index)
    if nature == .password { return .mask(.nature, rank: PlanRun.closed) }
    if let mark = widget.mark {
      return mark.masks ? .mask(MaskReason(mark.cause), rank: PlanRun.closed) : .show
    }
    if let rule = firstRule(for: index) {
      usage.note(rule: rule)
      if policy.rules[rule].decision == .unmask {
        // A rule by role alone shows only the typical look of a control. A rule with an id, a name or a
        // state vouches for its content.
        guard policy.rules[rule].isByRoleAlone, widget.role.isControl else { return .showByRule(rule) }
        if faces.isContent(index) { return standard(for: nature, hasChildren: tree.hasChildren(index)) }
        return faces.isCard(index) ? .gap : .showByRule(rule)
      }
      return .mask(.rule(rule), rank: nature == .input ? PlanRun.closed : rule)
    }
    return isPart ? .showInControl : standard(for: nature, hasChildren: tree.hasChildren(index))
  }

  private func firstRule(for index: Int) -> Int? {
    let words = (policy.rules.count + 63) / 64
    return policy.rules.indices.first { rule in
      if !named.isEmpty, named[index * words + rule / 64] >> UInt64(rule % 64) & 1 == 0 { return false }
      return policy.rules[rule].holdsBesideName(for: tree.widgets[index])
    }
  }

  /// Whether the widget is part of the shown control that contains it, as a label is part of its button.
  private func isPart(_ index: Int, of control: Rect?) -> Bool {
    guard let control, control.holds(tree.rects[index]) else { return false }
    if tree.nature(of: index) == .image { return faces.isIcon(index) }
    return [.text, .decoration, .container].contains(tree.nature(of: index))
  }

  private func standard(for nature: Nature, hasChildren: Bool) -> Verdict {
    switch nature {
    case .password: .mask(.nature, rank: PlanRun.closed)
    case .input: policy.maskAllInputs ? .mask(.nature, rank: PlanRun.closed) : .showByDefault
    case .text: policy.maskAllText ? .mask(.nature, rank: PlanRun.byDefault) : .showByDefault
    case .image: policy.maskAllImages ? .mask(.nature, rank: PlanRun.byDefault) : .showByDefault
    case .unknown: policy.unknown == .mask ? .mask(.unknownRole, rank: PlanRun.byDefault) : .gap
    case .container:
      hasChildren || policy.unknown == .keep ? .gap : .mask(.childless, rank: PlanRun.byDefault)
    case .decoration: .gap
    }
  }

  /// Whether a rule shows the widget although ancestors are masked; if so, cuts its box out of their masks.
  private mutating func opens(rule: Int, _ index: Int, above: Context) -> Bool {
    guard policy.rules[rule].insideMasked, rule < above.rank, holeCount < MaskPlanner.holeLimit else {
      return false
    }
    var masked: [Int] = []
    var next = tree.parent(of: index)
    var depth = 0
    while let ancestor = next {
      depth += 1
      guard depth <= MaskPlanner.holeDepthLimit else { return false }
      if case .masked = outcomes[ancestor] { masked.append(ancestor) }
      next = contexts[ancestor].maskedBy >= 0 ? tree.parent(of: ancestor) : nil
    }
    holeCount += 1
    for ancestor in masked { holes[ancestor, default: []].append(tree.rects[index]) }
    return true
  }

  mutating func emitWidgets() {
    for index in tree.widgets.indices where !tree.rects[index].isEmpty {
      let rect = tree.rects[index]
      switch outcomes[index] {
      case .masked(let reason):
        let kind = MaskKind(tree.nature(of: index))
        let cut = rect.padded(by: policy.padding).intersection(picture)
        guard let holes = holes[index] else {
          emit(cut, kind, reason, widget: index)
          continue
        }
        let pieces = Region(cut).subtracting(Region(union: holes)).rects
        for piece in pieces.count > MaskPlanner.pieceLimit ? [cut] : pieces {
          emit(piece, kind, reason, widget: index)
        }
      case .shown: trusted.append(rect.intersection(picture))
      case .gap:
        containers.append(rect.intersection(picture))
        if tree.nature(of: index) == .decoration { decorations.append(rect.intersection(picture)) }
        // Most containers lie inside their parent, which already claims their pixels.
        if let above = tree.parent(of: index).flatMap({ contexts[$0].gap }), above.holds(rect) { continue }
        gaps.append(rect.intersection(picture))
      }
    }
  }

  private mutating func emit(_ rect: Rect, _ kind: MaskKind, _ reason: MaskReason, widget: Int? = nil) {
    guard !rect.isEmpty else { return }
    usage.note(reason)
    masks.append(MaskPlan.Mask(rect: rect, kind: kind, reason: reason, widget: widget))
  }

  mutating func emitWindows() {
    for (index, window) in tree.windows.enumerated() {
      let client = tree.windowRects[index]
      let extents = window.frameExtents ?? Window.Extents(left: 0, right: 0, top: 0, bottom: 0)
      let outer = Rect(
        minX: client.x - extents.left, minY: client.y - extents.top,
        maxX: client.maxX + extents.right, maxY: client.maxY + extents.bottom)
      guard outer.area > 1, outer.intersects(picture) else { continue }
      let isDescribed = isDescribed(outer)
      outlines.append(
        Claims.Outline(xid: window.xid, rect: outer.padded(by: policy.padding), isDescribed: isDescribed))
      containers.append(outer.intersection(picture))
      containers.append(client.intersection(picture))
      for side in [
        Rect(minX: outer.x, minY: outer.y, maxX: outer.maxX, maxY: client.y),
        Rect(minX: outer.x, minY: client.y, maxX: client.x, maxY: client.maxY),
        Rect(minX: client.maxX, minY: client.y, maxX: outer.maxX, maxY: client.maxY),
        Rect(minX: outer.x, minY: client.maxY, maxX: outer.maxX, maxY: outer.maxY),
      ] where !side.isEmpty {
        if policy.titleBars == .mask {
          emit(side.padded(by: policy.padding).intersection(picture), .text, .titleBar)
        } else {
          gaps.append(side.intersection(picture))
        }
      }
      if policy.treelessWindows == .mask, !isDescribed {
        emit(outer.padded(by: policy.padding).intersection(picture), .other, .treelessWindow)
      }
    }
  }

  /// Whether any widget box describes the window.
  private func isDescribed(_ window: Rect) -> Bool {
    tree.rects.indices.contains { index in
      let rect = tree.rects[index]
      let shared = rect.intersection(window).area
      guard shared > 0 else { return false }
      if tree.parent(of: index) == nil, 2 * shared >= rect.area { return true }
      return 2 * shared >= rect.area + window.area - shared
    }
  }

  /// Masks the pixels that no mask covers yet and the policy doesn't show; returns those that need the
  /// guard.
  mutating func emitRest(describesWholeWindows: Bool) -> Region {
    let masksUncovered =
      policy.uncovered == .mask || policy.uncovered == .auto && describesWholeWindows
    let shown = Region(union: trusted)
    let gap = policy.gaps == .keep ? Region() : Region(union: gaps).subtracting(shown)
    let claimed: Region? =
      masksUncovered || policy.gaps == .mask ? Region(union: masks.map(\.rect)).union(shown) : nil
    if masksUncovered, let claimed {
      let gap = policy.gaps == .keep ? Region(union: gaps) : gap
      for rect in claimed.union(gap).complement(in: picture).rects { emit(rect, .uncovered, .uncovered) }
      unclaimed = shown.union(gap).complement(in: picture).rects
    }
    guard policy.gaps == .mask, let claimed else { return gap }
    for rect in gap.subtracting(claimed).rects { emit(rect, .gap, .gap) }
    return Region()
  }

  /// The claims of the tree's widgets.
  func claims() -> Claims {
    Claims(tree, picture: picture, windows: outlines, padding: policy.padding) { index in
      switch outcomes[index] {
      case .masked: .masked
      case .gap: .gap
      case .shown: trustedAlways.contains(index) ? .trusted : .shown
      }
    }
  }
}
