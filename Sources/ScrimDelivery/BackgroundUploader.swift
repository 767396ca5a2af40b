import CScrimCurl
public import ScrimFormat
public import ScrimStore
import ScrimSystem
import Synchronization

/// Delivers a spool while it is recorded into, on a thread of its own.
///
///     let uploader = try BackgroundUploader(to: "https://replays.example/", spool: folder, options)
///     let recorder = Recorder(RecorderConfiguration(delivery: uploader, options: recorderOptions))
///
/// A recorder writes its sessions into folders of the spool; each segment is sent as soon as it is sealed,
/// and again until the destination has it. If another process delivers the same spool, this one waits for its
/// turn and the other delivers for both.
public final class BackgroundUploader: SessionDelivery {
  package let spool: SegmentSpool
  private let uploader: Uploader
  private let relay: Relay
  private let state = ConditionLock(State())

  private struct State {
    /// The sessions that have a folder from here.
    var sessions: Set<SessionID> = []
    var hasStarted = false
    var hasEnded = false
    var failure: UploadError?
  }

  /// Makes the spool if it is missing. A spool has one destination.
  ///
  /// - Parameters:
  ///   - address: `https://HOST/PATH`, `s3://BUCKET/PREFIX` (credentials and region as AWS's tools find them),
  ///     `file://` or a folder.
  ///   - spool: a folder in which segments wait for this destination.
  /// - Throws: ``UploadError`` if the destination can't be used, or the spool can't be written or has another
  ///   destination.
  public convenience init(
    to address: String, spool path: String, _ options: DeliveryOptions = DeliveryOptions()
  ) throws(UploadError) {
    let place: any Destination
    do {
      place = try openDestination(
        address, options.destination, environment: BackgroundUploader.environment())
    } catch { throw .destination(error) }
    var settings = UploaderOptions()
    settings.limits = options.limits
    settings.inFlight = options.destination.inFlight
    do { try self.init(SegmentSpool(path: path), to: place, settings) } catch { throw .spool(error) }
  }

  /// - Parameter observe: gets all that happens, besides the report of ``start(_:)``.
  package init(
    _ spool: SegmentSpool, to destination: any Destination, _ options: UploaderOptions,
    observe: @escaping @Sendable (UploadEvent) -> Void = { _ in }
  ) throws(StoreError) {
    try spool.prepare(for: destination.address)
    self.spool = spool
    var options = options
    options.isWatching = true
    let relay = Relay()
    self.relay = relay
    uploader = Uploader(to: destination, options) { event in
      observe(event)
      switch event {
      case .message(let words): relay.call(.issue(words))
      case .lost(let loss): relay.call(.lost(loss))
      case .progress: break
      }
    }
  }

  /// Passes on what happens, once it is known to whom.
  private final class Relay: Sendable {
    private let report = Mutex<@Sendable (DeliveryEvent) -> Void>({ _ in })
    func set(_ new: @escaping @Sendable (DeliveryEvent) -> Void) { report.withLock { $0 = new } }
    func call(_ event: DeliveryEvent) { report.withLock { $0 }(event) }
  }

  public func start(_ report: @escaping @Sendable (DeliveryEvent) -> Void) throws(StoreError) {
    relay.set(report)
    guard
      state.withValue({ state in
        defer { state.hasStarted = true }
        return !state.hasStarted
      })
    else { return }
    do throws(SystemError) {
      // Signals are blocked there, so that they interrupt the recording thread's wait for input.
      try DetachedThread.start(blocksSignals: true) { [self] in
        var failure: UploadError?
        do throws(UploadError) { _ = try uploader.run(spool) } catch { failure = error }
        state.withValue {
          $0.hasEnded = true
          $0.failure = failure
        }
        state.wake()
        if let failure { relay.call(.issue("\(failure); segments wait in \(spool.path)")) }
      }
    } catch {
      state.withValue { $0.hasStarted = false }
      throw StoreError(spool.path, .system(doing: "starting a thread for it", errno: error.errno))
    }
  }

  public func folder(of session: SessionID) -> SessionFolder {
    state.withValue { _ = $0.sessions.insert(session) }
    return spool.folder(of: session)
  }

  public func replayState(of session: SessionID) throws(StoreError) -> ReplayState {
    try spool.replayState(of: session)
  }

  public func end(within seconds: Double) -> Int {
    do { return try finish(within: seconds) ?? 0 } catch {
      // It was reported when it ended.
      return (try? spool.status().waiting.segments) ?? 0
    }
  }

  /// Waits until the finished sessions are delivered or dropped completely, or the time is over, and stops.
  /// Undelivered segments stay in the spool.
  ///
  /// - Returns: number of waiting segments in the spool; nil if nothing of the sessions waits.
  /// - Throws: ``UploadError`` if the upload ended by itself, such as with a key that the destination
  ///   refuses.
  package func finish(within seconds: Double) throws(UploadError) -> Int? {
    let end = MonotonicClock.now + Int64(min(max(seconds, 0), 1e9) * 1e9)
    while MonotonicClock.now < end, !state.withValue({ $0.hasEnded || !$0.hasStarted }), isWaiting {
      MonotonicClock.wait(for: nil, until: MonotonicClock.now + 20_000_000)
    }
    let isLeft = isWaiting
    try stop()
    guard isLeft else { return nil }
    do { return try spool.status().waiting.segments } catch { throw .spool(error) }
  }

  /// Whether anything of a session is in the spool.
  private var isWaiting: Bool {
    state.withValue(\.sessions).contains { session in
      (try? spool.holds(session)) ?? true
    }
  }

  /// Stops delivering, and waits for the thread.
  package func stop() throws(UploadError) {
    guard state.withValue(\.hasStarted) else { return }
    uploader.stop()
    let failure = state.wait { state in state.hasEnded ? .done(state.failure) : .waitAtMost(1_000_000_000) }
    if let failure { throw failure }
  }

  /// The environment as it is now.
  private static func environment() -> [String: String] {
    var variables: [String: String] = [:]
    // A list of terminated texts that ends with NULL; they are copied before anything else runs.
    guard var next = unsafe scrim_curl_environment() else { return [:] }
    while let text = unsafe next.pointee {
      let parts = unsafe String(cString: text).split(separator: "=", maxSplits: 1)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      unsafe next += 1
    }
    return variables
  }
}

/// Options of a ``BackgroundUploader``.
public struct DeliveryOptions: Hashable, Sendable {
  public var destination = DestinationOptions()
  /// Limits of the spool. Above them the oldest data is dropped, and counted in its `dropped.jsonl`.
  public var limits = SpoolLimits()

  public init() {}
}
