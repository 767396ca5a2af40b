import ScrimImage

extension PlanRun {
  /// Masks title bars and window frames, and windows that no box describes, as the policy's `titleBars` and
  /// `treelessWindows` say.
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
  func isDescribed(_ window: Rect) -> Bool {
    tree.rects.indices.contains { index in
      let rect = tree.rects[index]
      let shared = rect.intersection(window).area
      guard shared > 0 else { return false }
      if tree.parent(of: index) == nil, 2 * shared >= rect.area { return true }
      return 2 * shared >= rect.area + window.area - shared
    }
  }
}
