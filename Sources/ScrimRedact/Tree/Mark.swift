/// An explicit decision about one widget, which comes before the rules of the policy.
public struct Mark: Hashable, Sendable {
  /// Who or what made the decision. Reports and recordings give it as the reason of the mask.
  public enum Cause: Hashable, Sendable {
    /// The tree itself: `mask` in a capture, a box file or a program's list.
    case user
    /// The library user's callback.
    case callback
    /// A reader of trees: the content of the box, or the tree below it, could not be read.
    case unreadable
  }

  /// True masks the widget, false shows it.
  public var masks: Bool
  public var cause: Cause

  public init(masks: Bool, cause: Cause = .user) {
    self.masks = masks
    self.cause = cause
  }

  /// A mask of the tree itself.
  public static let masked = Mark(masks: true)
  /// Shown, by the tree itself.
  public static let shown = Mark(masks: false)
  /// A mask over what could not be read.
  package static let unreadable = Mark(masks: true, cause: .unreadable)
}
