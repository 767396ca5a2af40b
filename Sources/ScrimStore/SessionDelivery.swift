public import ScrimFormat

/// Delivers a recorder's sessions while they are recorded. The product `ScrimDelivery` has one, the
/// `BackgroundUploader`: segments wait in a spool on this machine until their destination has them.
public protocol SessionDelivery: AnyObject, Sendable {
  /// Begins on a thread of its own.
  ///
  /// - Parameter report: gets what happens, on threads of the delivery.
  func start(_ report: @escaping @Sendable (DeliveryEvent) -> Void) throws(StoreError)
  /// The folder for a new session; it does not exist yet.
  func folder(of session: SessionID) -> SessionFolder
  /// What has become of a session.
  func replayState(of session: SessionID) throws(StoreError) -> ReplayState
  /// Waits until all sessions are delivered, or the time is over, and ends. What is not delivered stays where
  /// it waits.
  ///
  /// - Returns: the number of segments that wait.
  func end(within seconds: Double) -> Int
}

/// What happens during a delivery.
public enum DeliveryEvent: Hashable, Sendable {
  /// A sentence for people. Repeated failures of one kind are reported once.
  case issue(String)
  /// Segments of a session will never be delivered.
  case lost(ReplayLoss)
}

/// Segments of one session that were dropped before their destination had them.
public struct ReplayLoss: Hashable, Sendable {
  public var session: SessionID
  public var reason: DropReason
  public var segments: Int
  public var bytes: Int
}

/// What has become of a session that was given to a delivery.
public enum ReplayState: Hashable, Sendable {
  /// It is being recorded, or segments of it wait.
  case waiting
  /// Segments of it were dropped, for the reason of the first.
  case dropped(ReplayLoss)
  /// Nothing of it waits, and nothing was dropped: it is delivered, or was never given.
  case absent
}
