import Dispatch
import Glibc
import ScrimImage
package import ScrimRedact
import ScrimSystem
import Synchronization

/// Reads the accessibility trees of all applications of a desktop over AT-SPI 2, on its own thread, while
/// things change.
///
/// All requests are pipelined (``TreeWalk``): a window of 300 widgets takes 20 to 60 ms, while libatspi,
/// which waits for each answer, takes 1 to 4 ms per widget. Accessibility.md has the figures, and the
/// measures against wrong boxes.
package final class AccessibilityTrees: TreeReader {
  package struct Options: Sendable {
    /// The address of the accessibility bus; nil to ask the session's bus.
    package var address: String?
    /// Nanoseconds from one snapshot to the next while changes go on.
    package var interval: Int64 = 1_000_000_000
    /// Nanoseconds without a change before the snapshot that clears it (``MaskPolicy/settleDelay``).
    package var settleDelay: Int64
    /// Whether names are read. Only rules by name need them.
    package var readsNames = true
    /// Whether boxes are relative to windows, as under Wayland, rather than to the screen.
    package var isRelativeToWindows = false

    /// Whether two trees have the same masks and explain the same changes: ``MaskPlanner/isSame(_:_:)`` of the
    /// recording's policy. If not, another snapshot confirms the newer one.
    package var isSame: @Sendable (WidgetTree, WidgetTree) -> Bool = { LiveBoxes.isEqual($0, $1) }

    package init(settleDelay: Int64) { self.settleDelay = settleDelay }
  }

  /// Duration of one application's part of a snapshot.
  package struct Timing: Hashable, Sendable {
    package var application: String
    package var nodes: Int
    package var calls: Int
    package var nanoseconds: Int64
    package var isWhole: Bool
  }

  private struct State {
    var latest: TreeSnapshot?
    var timings: [Timing] = []
    var windows = WindowHistory()
    var pace: TreeReadingSchedule
    var readings = 0
    var work: Int64 = 0
    var tornInRow = 0
    /// Whether the thread waits without a timeout and must be woken.
    var isAsleep = false
    var isStopped = false
  }

  private let options: Options
  private let clock: @Sendable () -> Int64
  private let listWindows: @Sendable () -> [DesktopWindow]
  private let state: Mutex<State>
  private let wake: WakePipe
  private let ended = DispatchSemaphore(value: 0)

  /// Starts the reader.
  ///
  /// - Parameters:
  ///   - clock: the clock of frames, in nanoseconds; CLOCK_MONOTONIC by default.
  ///   - windows: the desktop's windows, bottom to top. Called before and after every snapshot, on the
  ///     reader's thread.
  package init(
    _ options: Options, clock: (@Sendable () -> Int64)? = nil,
    windows: @escaping @Sendable () -> [DesktopWindow]
  ) throws(AccessibilityError) {
    self.options = options
    self.clock = clock ?? { MonotonicClock.now }
    listWindows = windows
    state = Mutex(
      State(pace: TreeReadingSchedule(settleDelay: options.settleDelay, interval: options.interval)))
    wake = try WakePipe()
    // Opened once here, so that the caller learns at once if something is missing.
    _ = try AccessibilityBus(address: options.address)
    DispatchQueue(label: "scrim.trees").async { [self] in
      run()
      ended.signal()
    }
  }

  package var settleDelay: Int64 { options.settleDelay }

  package func isSame(_ a: WidgetTree, _ b: WidgetTree) -> Bool { options.isSame(a, b) }

  package func latest() -> TreeSnapshot? { state.withLock { $0.latest } }

  /// Duration of each application in the last snapshot, number of snapshots, and nanoseconds of their CPU
  /// time.
  package func statistics() -> (timings: [Timing], readings: Int, work: Int64) {
    state.withLock { ($0.timings, $0.readings, $0.work) }
  }

  /// Reports that pixels changed, on the clock of `init`. Cheap enough for every frame.
  package func noteDamage(at time: Int64) {
    let mustWake = state.withLock { state in
      state.pace.noteChange(at: time)
      return state.isAsleep
    }
    if mustWake { wake.signal() }
  }

  /// Reports that something changed now.
  package func poke() { noteDamage(at: clock()) }

  /// Stops the reader, and waits for the thread to end.
  package func stop() {
    state.withLock { $0.isStopped = true }
    wake.signal()
    ended.wait()
  }

  package var windows: [SourceWindow] { state.withLock { $0.windows.windows } }

  // MARK: The thread

  /// State passed from one snapshot to the next.
  private struct Last {
    var tree: WidgetTree?
    var misfits: Set<WindowPlacement.Misfit> = []
  }

  private func run() {
    var reader: DesktopReader?
    var last = Last()
    while true {
      if reader == nil {
        reader = (try? AccessibilityBus(address: options.address)).map { DesktopReader($0, options) }
      }
      let now = clock()
      let (isStopped, due) = state.withLock { state in
        let due = state.pace.due
        state.isAsleep = due == nil
        return (state.isStopped, due)
      }
      if isStopped { return }
      guard let due, due <= now else {
        MonotonicClock.wait(
          for: [wake.descriptor] + (reader.map { [$0.descriptor] } ?? []), nanoseconds: due.map { $0 - now })
        wake.drain()
        if let change = reader?.listen() {
          guard change != .lost else {
            reader = nil
            continue
          }
          if change == .trees { state.withLock { $0.pace.noteChange(at: clock()) } }
        }
        continue
      }
      read(with: &reader, last: &last)
    }
  }

  private func read(with reader: inout DesktopReader?, last: inout Last) {
    let work = MonotonicClock.threadTime
    let begin = clock()
    let before = listWindows()
    let outcome = reader?.read()
    let readings = outcome?.readings
    let after = listWindows()
    let end = clock()
    let isSteady = before == after
    var isNews = !isSteady
    var reading = TreeSnapshot(
      tree: .failure(
        CaptureIssue(place: "the accessibility bus", message: "it doesn't answer; is at-spi2-core running?")),
      span: begin...max(begin, end), isComplete: isSteady)
    var records: [WindowRecord] = []
    var isUnconfirmed = false
    if let readings {
      let found = DesktopAssembly.outcome(
        of: readings, windows: after, origin: options.isRelativeToWindows ? .window : .screen,
        knownMisfits: isSteady ? last.misfits : [])
      isUnconfirmed = isSteady && !found.misfits.isSubset(of: last.misfits)
      records = found.records
      var tree: WidgetTree?
      do {
        let new = try WidgetTree(widgets: found.widgets, windows: after.filter(\.isVisible).map(\.window))
        tree = new
        reading.tree = .success(new)
      } catch {
        reading.tree = .failure(CaptureIssue(place: "the accessibility bus", message: "\(error)"))
      }
      if let tree, let old = last.tree {
        isNews = isNews || !options.isSame(old, tree)
      } else {
        isNews = true
      }
      last = Last(tree: tree, misfits: isSteady ? found.misfits : [])
    } else {
      reader = nil
    }
    let isTorn = readings?.contains { $0.nodes.contains(where: \.isTorn) } ?? false
    let isChanged = !isSteady || outcome?.isChanged ?? true
    let cost = MonotonicClock.threadTime - work
    state.withLock { state in
      // After a failed snapshot, only a snapshot that begins after a frame with a good one clears the tiles
      // again.
      let isRecovery = state.latest.map { (try? $0.tree.get()) == nil || !$0.isComplete } ?? false
      state.latest = reading
      state.timings = (readings ?? []).map {
        Timing(
          application: $0.application.name, nodes: $0.nodes.count, calls: $0.calls,
          nanoseconds: $0.duration, isWhole: $0.outcome == .whole)
      }
      state.readings += 1
      if isSteady { state.windows.note(records, at: end) }
      state.work += cost
      // Nodes that can never be read are retried a few times only.
      state.tornInRow = isTorn ? state.tornInRow + 1 : 0
      state.pace.noteReading(
        begin: begin, end: end, work: cost, isNews: isNews,
        isToRepeat: isChanged || isRecovery || isUnconfirmed || (1...3).contains(state.tornInRow))
    }
  }
}

/// Reads all applications of a bus, one desktop after the other.
private final class DesktopReader {
  private let bus: AccessibilityBus
  private let options: AccessibilityTrees.Options
  private var memory: [BusObject: TreeWalk.Memory] = [:]
  /// Applications that stopped answering, by the serial numbers of their outstanding answers.
  private var silent: [UInt32: BusObject] = [:]

  enum Change { case nothing, trees, lost }

  init(_ bus: AccessibilityBus, _ options: AccessibilityTrees.Options) {
    self.bus = bus
    self.options = options
  }

  var descriptor: Int32 { bus.connection.descriptor }

  /// Processes messages that arrived between snapshots.
  func listen() -> Change {
    guard bus.connection.exchange() else { return .lost }
    var change = Change.nothing
    while let message = bus.connection.next() {
      if tellsOfChange(message) { change = .trees }
    }
    return change
  }

  /// A signal, or the first answer of an application that had stopped answering.
  private func tellsOfChange(_ message: BusMessage) -> Bool {
    message.kind == .signal || silent.removeValue(forKey: message.replySerial) != nil
      || bus.isLateIntroduction(message)
  }

  /// Snapshots of all applications, and whether trees changed meanwhile; nil if the bus is gone.
  func read() -> (readings: [ApplicationReading], isChanged: Bool)? {
    guard listen() != .lost, let applications = bus.applications() else { return nil }
    let hung = Set(silent.values)
    var walk = TreeWalk(
      bus.connection, applications: applications.filter { !hung.contains($0.root) }, memory: memory,
      readsNames: options.readsNames)
    let readings = walk.run()
    guard !walk.isBusLost else { return nil }
    memory = walk.memory
    silent.merge(walk.unanswered) { $1 }
    let unread = applications.filter { hung.contains($0.root) }.map {
      ApplicationReading(application: $0, nodes: [], outcome: .unreadable, duration: 0, calls: 0)
    }
    let isChanged = walk.strays.map(tellsOfChange).contains(true)
    return (readings + unread, isChanged)
  }
}

extension MonotonicClock {
  /// CPU time of the calling thread in nanoseconds.
  fileprivate static var threadTime: Int64 {
    var time = timespec()
    // Fact: the clock exists on every Linux, and `time` outlives the call.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Waits until one of the descriptors is readable or the timeout, if any, has passed.
  fileprivate static func wait(for descriptors: [Int32], nanoseconds: Int64?) {
    var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // Rounded up, so that a wait below a millisecond is not a busy loop.
    let milliseconds = nanoseconds.map { Int32(min(max($0, 0) / 1_000_000 + 1, 60_000)) } ?? -1
    // Fact: the array holds as many entries as the count says.
    _ = unsafe poll(&polls, nfds_t(polls.count), milliseconds)
  }
}

/// Wakes a thread that waits for descriptors.
private final class WakePipe: Sendable {
  let descriptor: Int32
  private let input: Int32

  init() throws(AccessibilityError) {
    var ends: [Int32] = [-1, -1]
    // Fact: the array has room for the two descriptors.
    guard unsafe pipe(&ends) == 0 else { throw .system(errno: errno) }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    descriptor = ends[0]
    input = ends[1]
  }

  deinit {
    close(descriptor)
    close(input)
  }

  func signal() {
    var byte: UInt8 = 1
    // Fact: one byte is available to be written. A full pipe also wakes the reader.
    _ = unsafe write(input, &byte, 1)
  }

  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    // Fact: the array has room for as many bytes as are requested.
    while unsafe read(descriptor, &bytes, bytes.count) == bytes.count {}
  }
}
