/// How pictures are changed between the player and a form: smaller or larger, with masks drawn another way, with the pointer.
/// By default they are exactly what a player shows.
public struct PictureOptions: Hashable, Sendable {
  /// How masks look.
  public enum Style: String, CaseIterable, Sendable {
    /// As recorded: the fill of the policy.
    case fill
    /// A line around each mask, in the colour of its kind.
    case outline
    /// A sketch of what lies below, of each mask's rectangle and kind alone: text as bars, images crossed, passwords dotted.
    case wireframe
  }

  /// The factors that ``scale`` may have.
  public static let scales = 0.05...4.0

  /// Pixels of the result for one of the picture, along each side.
  public var scale = 1.0
  /// Needs the masks record of a session; pictures of a session without one stay as they are.
  public var style = Style.fill
  /// Whether pointer, presses and touches are drawn.
  public var showsPointer = false

  public init() {}

  /// Whether pictures stay as a player shows them.
  var isPlain: Bool { scale == 1 && style == .fill && !showsPointer }

  /// The pixels along a side that has so many in the picture.
  func scaled(_ side: Int) -> Int { max(1, Int((Double(side) * scale).rounded())) }
}
