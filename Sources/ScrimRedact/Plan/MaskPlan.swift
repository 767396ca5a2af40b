public import ScrimImage

/// The masked rectangles of a picture with their reasons: computed from boxes and a policy alone, never
/// from a pixel.
public struct MaskPlan: Hashable, Sendable {
  /// One masked rectangle, clipped to the picture.
  public struct Mask: Hashable, Sendable {
    public var rect: Rect
    public var kind: MaskKind
    public var reason: MaskReason
    /// The index of its widget in the tree; nil for windows, gaps and uncovered pixels.
    public var widget: Int?

    public init(rect: Rect, kind: MaskKind, reason: MaskReason, widget: Int? = nil) {
      self.rect = rect
      self.kind = kind
      self.reason = reason
      self.widget = widget
    }
  }

  /// Every mask with its reason, in order of discovery.
  public let masks: [Mask]
  /// The same masks as sets of pixels, for painting.
  public let regions: MaskRegions
  /// The masks in the form that a recording lists; empty if the plan is not for one.
  package var listed: [ListedMask] = []
  /// The widgets whose names a press may keep; empty unless the policy says so.
  package var named: Set<Int> = []
  /// Which widget claims which pixels: compared with those of the next plan.
  package let claims: Claims

  /// - Parameters:
  ///   - guarded: pixels that only containers claim; those under a mask are removed.
  ///   - boxes: of those containers.
  ///   - claims: which widget claims which pixels. Without them no change of a shown pixel is explained
  ///     (`SettledClearance`).
  public init(
    width: Int, height: Int, masks: [Mask], guarded: Region, boxes: GapBoxes = GapBoxes(),
    claims: Claims = Claims()
  ) {
    self.masks = masks
    self.claims = claims
    regions = MaskRegions(
      width: width, height: height,
      byKind: MaskKind.allCases.map { kind in
        Region(union: masks.filter { $0.kind == kind }.map(\.rect))
      }, guarded: guarded, boxes: boxes)
  }

  /// The plan that masks everything.
  package static func failedClosed(width: Int, height: Int) -> MaskPlan {
    let all = Rect(x: 0, y: 0, width: width, height: height)
    var plan = MaskPlan(
      width: width, height: height, masks: [Mask(rect: all, kind: .other, reason: .failedClosed)],
      guarded: Region())
    plan.listed = [ListedMask(rect: all, kind: .other, reason: .failedClosed)]
    return plan
  }

  /// Pixels under any mask: never read.
  public var masked: Region { regions.masked }
  /// Pixels outside ``masked`` that are trusted only if the gap guard accepts their texture.
  public var guarded: Region { regions.guarded }
}
