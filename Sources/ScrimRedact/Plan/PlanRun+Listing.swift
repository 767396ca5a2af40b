import ScrimImage

extension PlanRun {
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
}
