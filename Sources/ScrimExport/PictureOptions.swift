/// Options that change pictures between the player and an export format: scale, style of masks, pointer. The
/// defaults keep them exactly as a player shows them.
public struct PictureOptions: Hashable, Sendable {
  /// The style of masks.
  public enum Style: String, CaseIterable, Sendable {
    /// As recorded: the fill of the policy.
    case fill
    /// A line around each mask, in the colour of its kind.
    case outline
    /// A sketch of the hidden content from each mask's rectangle and kind alone: text as bars, images crossed,
    /// passwords as dots.
    case wireframe
  }

  /// The valid range of ``scale``.
  public static let scales = 0.05...4.0

  /// Pixels of the result per pixel of the picture, along each side.
  public var scale = 1.0
  /// Needs the masks record of a session; without one, pictures stay unchanged.
  public var style = Style.fill
  /// Whether pointer, presses and touches are drawn.
  public var showsPointer = false

  public init() {}

  /// Whether pictures stay as a player shows them.
  var isPlain: Bool { scale == 1 && style == .fill && !showsPointer }

  /// The scaled length of a side.
  func scaled(_ side: Int) -> Int { max(1, Int((Double(side) * scale).rounded())) }
}
