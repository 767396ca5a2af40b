import ScrimImage

/// Rectangles of a plan: those of widgets, of windows, and the pixels that remain.
extension PlanRun {
  mutating func emitWidgets() {
    let covered = coveredPixels()
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
      case .shown:
        let shown = visiblePart(of: index).intersection(picture)
        guard let covered = covered[index] else {
          trusted.append(shown)
          continue
        }
        trusted += Region(shown).subtracting(covered).rects
      case .gap:
        containers.append(rect.intersection(picture))
        if tree.nature(of: index) == .decoration { decorations.append(rect.intersection(picture)) }
        // Most containers lie inside their parent, which already claims their pixels.
        if let above = tree.parent(of: index).flatMap({ contexts[$0].gap }), above.holds(rect) { continue }
        gaps.append(rect.intersection(picture))
      }
    }
  }

  /// The part of a shown control that the containers around it may show. A scroller clips its content, and so
  /// does nearly every other container: a button that is scrolled below a header still has its whole box.
  private func visiblePart(of index: Int) -> Rect {
    let rect = tree.rects[index]
    let isControl = tree.widgets[index].role.isControl || contexts[index].control != nil
    guard isControl, !vouched.contains(index) else { return rect }
    var visible = rect
    var next = tree.parent(of: index)
    for _ in 0..<MaskPlanner.holeDepthLimit {
      guard let around = next else { return visible }
      next = tree.parent(of: around)
      let role = tree.widgets[around].role
      let shared = rect.intersection(tree.rects[around])
      // What a control opens beside itself is not clipped by what is around the control. A page is listed
      // under its tab.
      if role.isControl, shared.isEmpty, role != PlanRun.pageTab { return visible }
      guard tree.nature(of: around) == .container, !tree.rects[around].isEmpty else { continue }
      let excess = max(rect.width - shared.width, rect.height - shared.height)
      if role.isScroller || !shared.isEmpty && excess >= PaintOrder.leastOverlap {
        visible = visible.intersection(shared)
      }
    }
    return Rect(x: rect.x, y: rect.y, width: 0, height: 0)
  }

  private static let pageTab = Role.required("page tab")

  /// By shown widget: the pixels over which a container may have painted, which only the guard may show.
  private func coveredPixels() -> [Int: Region] {
    let shown = tree.widgets.indices.filter {
      if case .shown = outcomes[$0] { !vouched.contains($0) && !tree.rects[$0].isEmpty } else { false }
    }
    if shown.isEmpty { return [:] }
    let layers = tree.widgets.indices.filter {
      if case .gap = outcomes[$0] { tree.rects[$0].intersects(picture) } else { false }
    }
    return PaintOrder(tree).covered(shown, by: layers, padding: policy.padding, in: picture)
  }

  mutating func emit(_ rect: Rect, _ kind: MaskKind, _ reason: MaskReason, widget: Int? = nil) {
    guard !rect.isEmpty else { return }
    usage.note(reason)
    masks.append(MaskPlan.Mask(rect: rect, kind: kind, reason: reason, widget: widget))
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
