/// Decides by chance whether a session is recorded, and whether an error causes the buffer to be written.
public struct Sampling: Hashable, Sendable {
  /// The outcome for a session.
  public enum Mode: String, CaseIterable, Sendable {
    /// Recorded from its first frame.
    case full
    /// Kept in memory until an error is reported.
    case buffer
    case off
  }

  /// Both within 0...1.
  public var sessionRate: Double
  public var errorRate: Double

  public init(_ options: SessionOptions) {
    sessionRate = options.sessionSampleRate
    errorRate = options.errorSampleRate
  }

  /// - Parameter chance: from 0 up to, but not including, 1.
  public func mode(chance: Double) -> Mode {
    if chance < sessionRate { return .full }
    return errorRate > 0 ? .buffer : .off
  }

  public func takesError(chance: Double) -> Bool { chance < errorRate }
}
