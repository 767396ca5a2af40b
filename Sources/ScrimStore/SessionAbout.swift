/// Metadata of a session in its manifest, besides its segments.
public struct SessionAbout: Hashable, Sendable {
  public enum Kind: String, Codable, Sendable {
    /// Recorded from its first frame.
    case session
    /// Kept in memory until an error was reported.
    case buffer
  }

  public enum End: String, Codable, Sendable {
    case stopped, idle, maximum, crash
  }

  public var kind: Kind?
  public var ended: End?
  /// The id of the previous session, in lower case.
  public var previousID: String?
  /// Ids of errors and traces in the session, at most ``limit`` each, in order of occurrence.
  public private(set) var errorIDs: [String] = []
  public private(set) var traceIDs: [String] = []
  /// Frames and events that were discarded, for a reason other than the policy.
  public var droppedFrames = 0
  public var droppedEvents = 0

  /// The types of events that a live source could observe; nil if unknown.
  public var observedEvents: [String]?

  /// The program that is recorded.
  public var service = ServiceAttributes()

  public static let limit = 100

  public init() {}

  public mutating func note(error: String?, trace: String?) {
    if let error, errorIDs.count < SessionAbout.limit, !errorIDs.contains(error) { errorIDs.append(error) }
    if let trace, traceIDs.count < SessionAbout.limit, !traceIDs.contains(trace) { traceIDs.append(trace) }
  }

  init(
    kind: Kind?, ended: End?, previousID: String?, errorIDs: [String], traceIDs: [String], droppedFrames: Int,
    droppedEvents: Int, observedEvents: [String]?, service: ServiceAttributes
  ) {
    self.kind = kind
    self.ended = ended
    self.previousID = previousID
    self.errorIDs = Array(errorIDs.prefix(SessionAbout.limit))
    self.traceIDs = Array(traceIDs.prefix(SessionAbout.limit))
    self.droppedFrames = droppedFrames
    self.droppedEvents = droppedEvents
    self.service = service
    self.observedEvents = observedEvents.map { Array($0.prefix(SessionAbout.limit)) }
  }
}
