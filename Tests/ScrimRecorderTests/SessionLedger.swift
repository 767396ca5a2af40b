import ScrimFormat
import ScrimStore
import Testing

@testable import ScrimRecorder

/// One thing that happens to a recorder.
enum SessionStep {
  case frame, press, hiddenKey, error, end, crash
  /// Nothing happens for that long; a live source says so, unless the process was stopped.
  case rest(Int64, isStopped: Bool)
  /// The machine sleeps: CLOCK_MONOTONIC, the clock of the source, stops.
  case sleep(Int64)
  case wallStep(Int64)
}

/// What must be where, by the changes that a recorder reports and the rules of Sessions.md.
struct SessionLedger {
  struct Session {
    var id: SessionID
    var previous: SessionID?
    var folder: SessionFolder?
    /// The frames that it has, and the number of those at the beginning that the buffer may have dropped.
    var frames: [Int] = []
    var optional = 0
    var errors: [String] = []
    var presses: Set<Int> = []
    var start: Int64
    /// When its buffer was written; nil if it was recorded from its first frame.
    var written: Int64?
    var end: String?
    var gaps = 0
  }

  enum State: Equatable {
    /// No session, or one that is not recorded.
    case waiting
    case recording, buffering
    case paused(isWritten: Bool)

    var isOpen: Bool { self == .recording || self == .buffering }

    var isPaused: Bool { self == .paused(isWritten: true) || self == .paused(isWritten: false) }
  }

  static let second: Int64 = 1_000_000_000
  static let minute: Int64 = 60 * second

  private let idle: Int64
  private let maximum: Int64
  private let bufferTime: Int64
  private let isBounded: Bool
  private let mayBeOff: Bool
  var state = State.waiting
  var current: Session?
  private(set) var done: [Session] = []
  private var lastBegun: SessionID?
  private var held: Int?
  /// The times of frames, on the clock of the source and on CLOCK_BOOTTIME.
  private var times: [Int64] = []
  private var boots: [Int64] = []
  /// The last use, on CLOCK_BOOTTIME: after the first, and before the second.
  private var use: ClosedRange<Int64>?
  private var hiddenMinute: Int64?
  private var lastItem: Int64?

  init(_ options: SessionOptions) {
    idle = Int64(options.idleSeconds * 1e9)
    maximum = Int64(options.maximumSeconds * 1e9)
    bufferTime = Int64(options.errorBufferSeconds * 1e9)
    isBounded = options.errorBufferBytes < 1 << 25
    mayBeOff = options.errorSampleRate == 0 && options.sessionSampleRate < 1
  }

  /// The number of the next frame, which comes now.
  mutating func number(time: Int64, boot: Int64) -> Int {
    times.append(time)
    boots.append(boot)
    return times.count - 1
  }

  mutating func noteHiddenKey(at now: Int64) { hiddenMinute = now / SessionLedger.minute }

  /// Applies what the recorder reports of a step.
  mutating func note(_ changes: [SessionChange], isUse: Bool, isError: Bool, at now: Int64) {
    let before: State = state
    let session: SessionID? = current?.id
    let hiddenEnd: Int64? = passHidden(at: now)
    var resumed = 0
    var isWritten = false
    for change in changes {
      switch change {
      case .resumed: resumed += 1
      case .written: isWritten = true
      default: break
      }
      apply(change, at: now, earliest: hiddenEnd)
    }
    // A buffer continues at the maximum of its session, for which is drawn again.
    if state == .buffering, session == current?.id, let start = current?.start, now - start >= maximum {
      current?.start = now
      if use != nil { use = now...now }
    }
    if isUse { use = now...now }
    if isError, use != nil {
      let byHidden: Int = hiddenEnd != nil && before.isPaused ? 1 : 0
      if isWritten || resumed > byHidden { use = now...now }
    }
    let stays: Bool = before == .recording && state == .recording && session == current?.id
    if let lastItem, now - lastItem > 5 * SessionLedger.second, stays, resumed == 0 { current?.gaps += 1 }
    lastItem = now
  }

  /// Hidden input counts at the end of its minute.
  private mutating func passHidden(at now: Int64) -> Int64? {
    guard let minute = hiddenMinute, now / SessionLedger.minute > minute else { return nil }
    hiddenMinute = nil
    let end: Int64 = (minute + 1) * SessionLedger.minute
    if state == .buffering, let start = current?.start, end - start >= maximum { current?.start = end }
    let lower: Int64 = max(use?.lowerBound ?? end, end)
    let upper: Int64 = max(use?.upperBound ?? end, end)
    use = lower...upper
    return end
  }

  private mutating func apply(_ change: SessionChange, at now: Int64, earliest: Int64?) {
    switch change {
    case .began(let id, let mode, let previous): begin(id, mode, previous, at: now, earliest: earliest)
    case .written(let id, let folder): write(id, folder, at: now)
    case .paused: pause(at: now)
    case .resumed: resume()
    case .ended(_, let end):
      let isDue: Bool = end != .maximum || now - (current?.start ?? now) >= maximum
      #expect(isDue, "a session ends at its maximum")
      close(end.rawValue)
    case .dropped:
      let isUnwritten: Bool = current?.folder == nil
      #expect(isUnwritten)
      current = nil
      state = .waiting
    case .recovered(let id, let folder):
      let isSame: Bool = current?.id == id
      #expect(isSame)
      current?.folder = folder
      keepBuffer(at: now)
      close("crash")
    case .replayDropped, .crashBufferLost: Issue.record("\(change)")
    }
  }

  private mutating func begin(
    _ id: SessionID, _ mode: Sampling.Mode, _ previous: SessionID?, at now: Int64, earliest: Int64?
  ) {
    let isFree: Bool = state == .waiting
    let isChained: Bool = previous == lastBegun
    #expect(isFree && isChained)
    lastBegun = id
    current = Session(id: id, previous: previous, start: now)
    state = mode == .full ? .recording : .buffering
    if use != nil { use = (earliest ?? now)...now }
  }

  private mutating func write(_ id: SessionID, _ folder: SessionFolder, at now: Int64) {
    let isNew: Bool = current?.id == id && current?.folder == nil
    #expect(isNew)
    current?.folder = folder
    keepBuffer(at: now)
    if state == .buffering { state = .recording }
    if state == .paused(isWritten: false) { state = .paused(isWritten: true) }
  }

  private mutating func pause(at now: Int64) {
    let isDue: Bool = state.isOpen && now - (use?.lowerBound ?? now) >= idle
    #expect(isDue, "a pause comes after the idle time")
    state = .paused(isWritten: state == .recording)
    held = nil
  }

  private mutating func resume() {
    guard case .paused(let isWritten) = state else {
      Issue.record("only a pause ends")
      return
    }
    state = isWritten ? .recording : .buffering
    if let held { current?.frames.append(held) }
    held = nil
  }

  /// The buffer is written: it has the requested seconds at least.
  private mutating func keepBuffer(at now: Int64) {
    guard var session = current, let first = session.frames.first, let last = session.frames.last else {
      return
    }
    let oldest: Int64 = times[last] - bufferTime
    if isBounded {
      session.optional = session.frames.count - 1
    } else {
      session.optional = session.frames.firstIndex { times[$0] > oldest } ?? 0
    }
    session.written = now
    session.start = min(session.start, boots[first])
    current = session
  }

  /// Ends the present session.
  mutating func close(_ end: String?) {
    guard var session = current else { return }
    session.end = end
    done.append(session)
    current = nil
    state = .waiting
  }

  /// The process has ended; its buffer has been recovered, or is lost.
  mutating func crash() {
    current = nil
    state = .waiting
    hiddenMinute = nil
    use = nil
    lastItem = nil
    lastBegun = nil
    held = nil
  }

  /// A frame has come, after its changes.
  mutating func take(_ number: Int, at now: Int64) {
    switch state {
    case .waiting: #expect(mayBeOff)
    case .recording, .buffering:
      current?.frames.append(number)
      if let use {
        let end: Int64 = (use.upperBound + idle - 1) / SessionLedger.minute
        let isUsed: Bool = now / SessionLedger.minute <= end
        #expect(isUsed, "a frame behind the idle time is held")
      }
      if state == .recording, let current {
        let isShort: Bool = now - (current.written ?? current.start) < maximum
        #expect(isShort, "a frame behind the maximum begins the next session")
      }
    case .paused: held = number
    }
  }
}
