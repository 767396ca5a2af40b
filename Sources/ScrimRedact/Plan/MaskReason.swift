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
