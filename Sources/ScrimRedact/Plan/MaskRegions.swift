public import ScrimImage

/// The masked and the guarded pixels of a plan, the masked ones by kind.
public struct MaskRegions: Hashable, Sendable {
  /// Pixels of the picture.
  public let width: Int
  public let height: Int
  /// One set for each ``MaskKind``, in the order of painting; they may overlap.
  package let byKind: [Region]
  /// The union of all kinds: pixels that are never read.
  public let masked: Region
  /// Pixels outside ``masked`` that are trusted only if the gap guard accepts their texture.
  public let guarded: Region
  /// The boxes of the containers that claim the guarded pixels.
  public let boxes: GapBoxes

  init(width: Int, height: Int, byKind: [Region], guarded: Region, boxes: GapBoxes) {
    precondition(byKind.count == MaskKind.allCases.count, "a set of pixels for every kind of mask")
    self.width = width
    self.height = height
    self.byKind = byKind
    masked = byKind.reduce(Region()) { $0.union($1) }
    self.guarded = guarded.subtracting(masked)
    self.boxes = boxes
  }

  /// The pixels that either masks. Pixels that either guards and neither masks stay guarded.
  package func union(_ other: MaskRegions) -> MaskRegions {
    precondition(width == other.width && height == other.height, "masks of one picture can be united")
    if self == other { return self }
    return MaskRegions(
      width: width, height: height,
      byKind: zip(byKind, other.byKind).map { $0.union($1) },
      guarded: guarded.union(other.guarded), boxes: boxes.union(other.boxes))
  }

  /// The masks in force for a frame whose pixels and boxes belong to the same moment.
  ///
  /// Unreadable nodes may lie anywhere between the readable ones. So the look of a gap is no evidence, and
  /// gaps are masked completely.
  ///
  /// - Parameter isTreeComplete: whether the tree was read completely.
  package func effective(isTreeComplete: Bool) -> MaskRegions { isTreeComplete ? self : withGapsMasked }

  /// The same with every guarded pixel masked.
  package var withGapsMasked: MaskRegions {
    var byKind = byKind
    byKind[MaskKind.gap.order] = byKind[MaskKind.gap.order].union(guarded)
    return MaskRegions(width: width, height: height, byKind: byKind, guarded: Region(), boxes: GapBoxes())
  }

  /// The same with more pixels masked, as *other*: changes that stayed unexplained for too long.
  func filling(_ more: Region) -> MaskRegions {
    if more.isEmpty { return self }
    var byKind = byKind
    byKind[MaskKind.other.order] = byKind[MaskKind.other.order].union(more)
    return MaskRegions(width: width, height: height, byKind: byKind, guarded: guarded, boxes: boxes)
  }

  /// The masked pixels by colour, as disjoint sets: a later kind covers an earlier one.
  func painted(with fills: MaskFills) -> [(region: Region, colour: Pixel)] {
    var above = Region()
    var layers: [(region: Region, colour: Pixel)] = []
    for kind in MaskKind.allCases.reversed() where !byKind[kind.order].isEmpty {
      let visible = byKind[kind.order].subtracting(above)
      above = above.union(byKind[kind.order])
      if visible.isEmpty { continue }
      if let same = layers.firstIndex(where: { $0.colour == fills[kind] }) {
        layers[same].region = layers[same].region.union(visible)
      } else {
        layers.append((visible, fills[kind]))
      }
    }
    return layers
  }
}
