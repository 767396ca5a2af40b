import ScrimImage
import ScrimRedact

/// Numbers of at most 1 where pixels are meant: fractions of the picture's sides, which would mask one
/// pixel.
enum Fractions {
  static let fault = BoxesError.Fault.unsupported(
    "numbers of at most 1, which look like fractions of a side; give pixels")

  static func isWithin(_ extent: Extent) -> Bool {
    extent.hasArea && extent.minX >= 0 && extent.minY >= 0 && extent.maxX <= 1 && extent.maxY <= 1
  }

  /// Whether it isn't the first pixel as a whole.
  static func isBroken(_ extent: Extent) -> Bool {
    [extent.minX, extent.minY, extent.maxX, extent.maxY].contains { $0 != $0.rounded() }
  }

  /// Whether all boxes of a tree are fractions; or one of them, in a list of places.
  static func areIn(_ widgets: [Widget], isList: Bool) -> Bool {
    var shown = 0
    var small = 0
    for widget in widgets where widget.width > 0 && widget.height > 0 {
      shown += 1
      var extent = Extent()
      extent.add(x: widget.x, y: widget.y, width: widget.width, height: widget.height)
      guard isWithin(extent) else { continue }
      if isList, isBroken(extent) { return true }
      small += 1
    }
    return shown > 0 && small == shown
  }
}

extension WidgetTree {
  /// Why boxes can't be those of a picture: none of them touches it, or their numbers are fractions.
  func mismatch(with picture: PixelSize, isList: Bool) -> BoxesError.Fault? {
    let shown = rects.filter { !$0.isEmpty }
    let bounds = Rect(x: 0, y: 0, width: picture.width, height: picture.height)
    guard shown.isEmpty || shown.contains(where: { $0.intersects(bounds) }) else {
      return .unsupported("boxes that are all outside the picture; count them from its upper left corner")
    }
    let isSmall = picture.width <= 8 || picture.height <= 8
    return !isSmall && Fractions.areIn(widgets, isList: isList) ? Fractions.fault : nil
  }
}
