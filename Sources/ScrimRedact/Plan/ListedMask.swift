public import ScrimImage

/// A mask in the form that a recording lists: rectangle, kind, reason, and the role of the widget. Never a
/// name, a text or an id.
///
/// Nothing is listed below a masked widget or one that hides interaction; a descendant's area beyond the
/// masked widget's box counts as part of that widget. A reason that depends on a name or a callback is
/// given only if nothing else masks the widget, because equal pictures must have equal lists whatever the
/// hidden names are.
public struct ListedMask: Hashable, Sendable {
  /// Why a rectangle is masked, as far as a recording may reveal it; the raw value is stored in the record.
  public enum Reason: UInt8, CaseIterable, Sendable {
    /// A reason that this version doesn't know.
    case unknown = 0
    /// The policy's default for the widget's nature.
    case `default` = 1
    /// A rule of the policy.
    case rule = 2
    /// The widget's explicit mark.
    case mark = 3
    /// The library user's callback.
    case callback = 4
    /// A container without listed children.
    case childless = 5
    /// A role that the table does not have.
    case unknownRole = 6
    /// A window's frame, which no widget describes.
    case titleBar = 7
    /// A window without an accessible tree.
    case treelessWindow = 8
    /// Pixels that only containers claim, where the policy shows none of them.
    case gap = 9
    /// Pixels that nothing claims.
    case uncovered = 10
    /// The boxes were not available: everything is masked.
    case failedClosed = 11
    /// More masks than a record can list: the rectangle is the whole picture, although parts of it are
    /// shown.
    case tooMany = 12
    /// The content there, or the tree below it, could not be read.
    case unreadable = 13

    /// Its name in lower case, for reports and players.
    public var name: String {
      switch self {
      case .unknown: "unknown"
      case .default: "default"
      case .rule: "rule"
      case .mark: "mark"
      case .callback: "callback"
      case .childless: "childless container"
      case .unknownRole: "unknown role"
      case .titleBar: "title bar"
      case .treelessWindow: "window without a tree"
      case .gap: "gap"
      case .uncovered: "uncovered"
      case .failedClosed: "failed closed"
      case .tooMany: "too many"
      case .unreadable: "unreadable"
      }
    }

    init(_ reason: MaskReason) {
      switch reason {
      case .mark: self = .mark
      case .callback: self = .callback
      case .unreadable: self = .unreadable
      case .rule: self = .rule
      case .nature: self = .default
      case .childless: self = .childless
      case .unknownRole: self = .unknownRole
      case .inside: self = .default
      case .titleBar: self = .titleBar
      case .treelessWindow: self = .treelessWindow
      case .gap: self = .gap
      case .uncovered: self = .uncovered
      case .failedClosed: self = .failedClosed
      }
    }
  }

  /// Whole pixels of the picture, at least one.
  public var rect: Rect
  public var kind: MaskKind
  public var reason: Reason
  /// The AT-SPI name of the widget's role; nil for windows, gaps and uncovered pixels.
  public var role: String?

  public init(rect: Rect, kind: MaskKind, reason: Reason, role: String? = nil) {
    self.rect = rect
    self.kind = kind
    self.reason = reason
    self.role = role
  }

  /// Maximum number of masks of one picture.
  public static let limit = 1 << 16
}

extension MaskKind {
  /// The kind of mask over what a widget shows.
  init(_ nature: Nature) {
    switch nature {
    case .password: self = .password
    case .input: self = .input
    case .text: self = .text
    case .image: self = .image
    case .decoration, .container, .unknown: self = .other
    }
  }
}
