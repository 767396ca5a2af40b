/// A sign of frustration in a session, for lists and players: rage clicks, a dead click, or a frozen screen.
///
/// Insight.md has the definitions. All findings follow from the bytes of the session, and so from
/// no masked content.
public struct Finding: Hashable, Codable, Sendable {
  public enum Kind: String, Codable, CaseIterable, Sendable {
    /// Repeated presses of one control.
    case rage
    /// A press without an answer, though every answer would have been visible.
    case dead
    /// Inputs without a visible change.
    case frozen
  }

  public var kind: Kind
  /// Nanoseconds on the session's clock: of the first press or input.
  public var time: Int64
  /// The time of the last input, of a frozen screen.
  public var until: Int64?
  /// The number of presses or inputs; nil for a dead click, which is one.
  public var count: Int?
  /// The position in pixels; nil for a frozen screen.
  public var x: Double?
  public var y: Double?
  /// The role of the control.
  public var role: String?

  /// Plays a session from its first frame and returns what is found in it, in order.
  public static func all(in player: consuming SessionPlayer) throws(PlaybackError) -> [Finding] {
    try Insight(player).findings
  }
}

extension Insight {
  /// Its rages, dead presses and frozen screens, in order.
  package var findings: [Finding] {
    /// JSON has no other numbers.
    func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
    let all =
      rages.map {
        Finding(
          kind: .rage, time: $0.time, count: $0.presses, x: finite($0.x), y: finite($0.y), role: $0.role)
      }
      + presses.filter { $0.verdict == .dead }.map {
        Finding(kind: .dead, time: $0.time, x: finite($0.x), y: finite($0.y), role: $0.role)
      }
      + frozen.map {
        Finding(kind: .frozen, time: $0.time.lowerBound, until: $0.time.upperBound, count: $0.inputs)
      }
    return all.sorted { $0.time < $1.time }
  }
}
