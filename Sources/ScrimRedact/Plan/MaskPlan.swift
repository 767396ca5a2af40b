public import ScrimImage

/// Kind of content that a mask covers, which decides its fill. The order is the order of painting: a later
/// kind covers an earlier one.
public enum MaskKind: String, CaseIterable, Comparable, Sendable {
  case uncovered, gap, other, image, text, input, password

  public static func < (a: MaskKind, b: MaskKind) -> Bool { a.order < b.order }

  var order: Int {
    switch self {
    case .uncovered: 0
    case .gap: 1
    case .other: 2
    case .image: 3
    case .text: 4
    case .input: 5
    case .password: 6
    }
  }
}

/// Why a rectangle is masked. Carries no name and no text of a widget.
public enum MaskReason: Hashable, Sendable {
  /// The widget's explicit mark.
  case mark
  /// The library user's callback.
  case callback
  /// The content there, or the tree below it, could not be read.
  case unreadable
  /// The rule of that index in the policy.
  case rule(Int)
  /// The default for the widget's nature.
  case nature
  /// A container without listed children.
  case childless
  /// A role that the table does not have.
  case unknownRole
  /// Below the masked widget with that index in the tree.
  case inside(Int)
  /// A window's frame, which no widget describes.
  case titleBar
  /// A window without an accessible tree.
  case treelessWindow
  /// Pixels that only containers claim, where the policy shows none of them.
  case gap
  /// Pixels that nothing claims.
  case uncovered
  /// The boxes were not available: everything is masked.
  case failedClosed
}

extension MaskReason {
  init(_ cause: Mark.Cause) {
    switch cause {
    case .user: self = .mark
    case .callback: self = .callback
    case .unreadable: self = .unreadable
    }
  }
}

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

/// The constant colour of each kind of mask.
public struct MaskFills: Hashable, Sendable {
  private var colours: [Pixel]

  public init(_ colour: Pixel = 0) {
    colours = [Pixel](repeating: colour, count: MaskKind.allCases.count)
  }

  public subscript(kind: MaskKind) -> Pixel {
    get { colours[kind.order] }
    set { colours[kind.order] = newValue & 0x00FF_FFFF }
  }
}
