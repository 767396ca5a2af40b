import ScrimImage

/// State of computing one plan.
struct PlanRun {
  let policy: MaskPolicy
  let tree: WidgetTree
  let picture: Rect
  var usage: PolicyUsage
  var masks: [MaskPlan.Mask] = []
  /// Boxes that are shown and trusted, and boxes that are trusted only by their texture; clipped to the
  /// picture.
  var trusted: [Rect] = []
  var gaps: [Rect] = []
  /// What neither a shown widget nor a gap claims, where the policy masks it: masks of widgets may lie over it.
  var unclaimed: [Rect] = []
  /// The boxes of all gaps and windows, and of decorations among them, clipped to the picture.
  var containers: [Rect] = []
  var decorations: [Rect] = []
  var outcomes: [Outcome]
  var contexts: [Context]
  /// For a masked widget with holes: the boxes that rules cut out of its mask.
  var holes: [Int: [Rect]] = [:]
  var holeCount = 0
  /// For widgets whose reason may depend on a name: another reason that masks them, if there is one.
  var otherReasons: [Int: MaskReason] = [:]
  let faces: ControlFaces
  /// Widgets whose whole box the user vouches for: by a mark, the callback, or a rule that is not by role alone.
  var vouched: Set<Int> = []
  /// Widgets shown by a rule that always trusts them.
  var trustedAlways: Set<Int> = []
  /// The windows in the picture, bottom to top.
  var outlines: [Claims.Outline] = []
  /// One bit per rule for each widget: whether the rule's name condition holds. Empty if no rule has one.
  var named: [UInt64] = []

  /// Result for a widget.
  enum Outcome {
    case masked(MaskReason)
    case shown
    case gap
  }

  /// Values that a widget's children inherit.
  struct Context {
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
    /// Whether the user vouches for the whole box of that control.
    var isVouched = false
    /// The box of the nearest ancestor that is a gap.
    var gap: Rect?
  }

  /// Why a widget is masked or shown, apart from its ancestors.
  enum Verdict {
    case mask(MaskReason, rank: Int)
    case show
    case showByRule(Int)
    /// As part of the control that contains it.
    case showInControl
    /// Because the policy doesn't mask its nature.
    case showByDefault
    case gap
  }

  static let unlisted = -2
  static let byDefault = Int.max
  static let closed = -1

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
        if !policy.rules[rule].isByRoleAlone { vouched.insert(index) }
        if tree.widgets[index].role.isControl {
          inherited.control = tree.rects[index]
          inherited.isVouched = vouched.contains(index)
        }
      case .show where !isCovered || isPart:
        outcomes[index] = .shown
        vouched.insert(index)
        if tree.widgets[index].role.isControl {
          inherited.control = tree.rects[index]
          inherited.isVouched = true
        }
      case .showInControl:
        outcomes[index] = .shown
        if above.isVouched { vouched.insert(index) }
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

  func hidesInteraction(_ index: Int) -> Bool {
    tree.nature(of: index) == .password || policy.hideInteraction.contains(tree.widgets[index].role)
  }

  /// The reason that masks a widget apart from a mark, an unreadable tree, a callback or a rule by name, any
  /// of which may depend on hidden content.
  func otherReason(_ index: Int, than reason: MaskReason, isPart: Bool) -> MaskReason? {
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

  mutating func verdict(on index: Int, isPart: Bool) -> Verdict {
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

  func firstRule(for index: Int) -> Int? {
    let words = (policy.rules.count + 63) / 64
    return policy.rules.indices.first { rule in
      if !named.isEmpty, named[index * words + rule / 64] >> UInt64(rule % 64) & 1 == 0 { return false }
      return policy.rules[rule].holdsBesideName(for: tree.widgets[index])
    }
  }

  /// Whether the widget is part of the shown control that contains it, as a label is part of its button.
  func isPart(_ index: Int, of control: Rect?) -> Bool {
    guard let control, control.holds(tree.rects[index]) else { return false }
    if tree.nature(of: index) == .image { return faces.isIcon(index) }
    return [.text, .decoration, .container].contains(tree.nature(of: index))
  }

  func standard(for nature: Nature, hasChildren: Bool) -> Verdict {
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
  mutating func opens(rule: Int, _ index: Int, above: Context) -> Bool {
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
}
