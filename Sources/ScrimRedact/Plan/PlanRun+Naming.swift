import ScrimImage

extension PlanRun {
  /// The shown controls whose names a press may keep: nothing around them is masked or hides interaction, and
  /// nothing in them, since toolkits make a control's name of the texts in it.
  func namedControls() -> Set<Int> {
    var holdsMasked = [Bool](repeating: false, count: tree.widgets.count)
    for index in tree.widgets.indices {
      guard case .masked = outcomes[index] else { continue }
      var next: Int? = index
      while let at = next, !holdsMasked[at] {
        holdsMasked[at] = true
        next = tree.parent(of: at)
      }
    }
    let candidates = tree.widgets.indices.filter { index in
      guard case .shown = outcomes[index], tree.widgets[index].role.isControl else { return false }
      return contexts[index].outermost == -1 && !holdsMasked[index] && !tree.rects[index].isEmpty
    }
    // A mask that reaches into the box may be of a text in it that the tree has elsewhere. The padding around
    // masks beside it is none of that.
    let padding = policy.padding
    return Set(
      candidates.filter { index in
        let box = tree.rects[index]
        return !masks.contains { mask in
          guard mask.kind != .uncovered else { return false }
          let core = mask.widget == nil ? mask.rect : mask.rect.padded(by: -padding)
          return core.intersects(box)
        }
      })
  }
}
