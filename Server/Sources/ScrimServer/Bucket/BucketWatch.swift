import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore
import Synchronization

/// Keeps the index in step with a bucket that other servers, recorders and commands change at the same time.
///
/// A pass lists the sessions that began yesterday, today or tomorrow; each minute those of the last 16 days (an
/// uploader delivers for 14); each hour all. A session whose manifest is final and whose segments are known is not
/// looked at again, one in which nothing happens less and less often, at least every ten minutes.
final class BucketWatch: Sendable {
  struct Options: Sendable {
    /// Seconds between two passes.
    var interval = 5.0
    /// Days back that are listed each minute.
    var days: Int64 = 16
  }

  let store: BucketStore
  private let index: SessionIndex
  private let options: Options
  /// Called with a session of which this server must not keep anything.
  private let forget: @Sendable (SessionStore.Place) -> Void
  private let report: @Sendable (String) -> Void
  /// Held during a pass.
  private let pass = Mutex(PassState())
  private let seen = Mutex<[SessionStore.Place: Seen]>([:])
  private let health = Mutex(Health())
  private let isStopped = Atomic<Bool>(false)

  private struct PassState {
    var ended: Double = -.infinity
    var middle: Double = -.infinity
    var full: Double = -.infinity
    /// Wall clock in nanoseconds up to which deletions were read.
    var deletions: Int64?
    /// Days that are still to be listed, the newest first.
    var queue: [(project: String, day: Int64)] = []
  }

  /// When a session was last looked at, and had last changed: seconds of a monotonic clock.
  private struct Seen {
    var looked: Double
    var changed: Double
    /// Segments that are no segments of this session, by index, with their sizes.
    var strangers: [Int: Int] = [:]
  }

  private struct Health {
    var checked: Double = -.infinity
    var fault: String?
    var complaint: String?
  }

  init(
    store: BucketStore, index: SessionIndex, options: Options = Options(),
    forget: @escaping @Sendable (SessionStore.Place) -> Void,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.store = store
    self.index = index
    self.options = options
    self.forget = forget
    self.report = report
  }

  /// The number of sessions that fail in one pass after which it is given up: the bucket as a whole fails.
  private static let faultLimit = 5
  private static let day: Int64 = 86_400_000_000_000
  private static var now: Double { Responder.uptime }

  // MARK: The thread

  /// Passes until ``stop()``; blocks.
  ///
  /// - Parameter then: called after each pass.
  func run(then: @escaping @Sendable () -> Void) {
    while !isStopped.load(ordering: .relaxed) {
      do {
        let fault = try refresh(atLeastAfter: options.interval)
        note(fault.map { "\($0)" })
      } catch {
        note("\(error)")
      }
      then()
      let due = BucketWatch.now + options.interval
      defer { wait(until: due) }
      while BucketWatch.now < due, !isStopped.load(ordering: .relaxed) {
        do {
          if try readEvents(limit: 16) == 0 { Thread.sleep(forTimeInterval: 0.2) }
        } catch { break }
      }
    }
  }

  private func wait(until due: Double) {
    while BucketWatch.now < due, !isStopped.load(ordering: .relaxed) { Thread.sleep(forTimeInterval: 0.2) }
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Reports a failure once, until it is over.
  private func note(_ fault: String?) {
    let words: String? = health.withLock { health in
      defer { health.complaint = fault }
      guard (fault == nil) != (health.complaint == nil) else { return nil }
      return fault ?? "the bucket can be read again"
    }
    if let words { report(words) }
  }

  /// Whether the bucket can be read: asked at most every five seconds.
  func check() throws {
    let fault: String? = health.withLock { health in
      if BucketWatch.now - health.checked > 5 {
        do throws(StoreError) {
          try store.check()
          health.fault = nil
        } catch { health.fault = "\(error)" }
        health.checked = BucketWatch.now
      }
      return health.fault
    }
    if let fault { throw ServerError(description: fault) }
  }

  // MARK: Passes

  /// A pass, unless one ended less than this time ago or another thread is at it.
  ///
  /// - Returns: why a session could not be read; the others were.
  /// - Throws: if the bucket can't be read.
  @discardableResult
  func refresh(atLeastAfter seconds: Double = 1, everything: Bool = false) throws -> (any Error)? {
    let fault: (any Error)?? = try pass.withLockIfAvailable { state -> (any Error)? in
      let begin = BucketWatch.now
      guard everything || begin - state.ended >= min(seconds, options.interval) else { return nil }
      defer { state.ended = BucketWatch.now }
      let wall = Responder.now
      let isFull = everything || begin - state.full >= 3600
      let isMiddle = begin - state.middle >= 60
      let today = wall / BucketWatch.day * BucketWatch.day
      // Clocks of servers may differ by the 15 minutes that S3 allows.
      let since = (state.deletions ?? wall) - 1_200_000_000_000
      var faults: [any Error] = []
      if isFull { state.queue = [] }
      for project in try Set(store.projects() + index.projects()).sorted() {
        for session in try store.deletions(of: project, since: since, now: wall) {
          if let found = try index.place(session, project: project) { try drop(found.place) }
        }
        for back in -1...1 as ClosedRange<Int64> {
          _ = try look(project, today - back * BucketWatch.day, until: .infinity, &faults)
        }
        var days: [Int64] = []
        if isFull {
          days = try store.days(of: project)
          try dropDays(of: project, except: Set(days))
        } else if isMiddle {
          days = (2...options.days).map { today - $0 * BucketWatch.day }
        }
        for day in days where !state.queue.contains(where: { $0 == (project, day) }) {
          state.queue.append((project, day))
        }
      }
      if isMiddle { state.middle = begin }
      if isFull { state.full = begin }
      state.queue.sort { $0.day > $1.day }
      // Old days take a part of each pass, so that new sessions need not wait for them.
      let deadline = everything ? .infinity : BucketWatch.now + options.interval
      while let next = state.queue.first, BucketWatch.now < deadline {
        guard try look(next.project, next.day, until: deadline, &faults) else { break }
        state.queue.removeFirst()
      }
      state.deletions = wall
      return faults.first
    }
    return fault ?? nil
  }

  /// - Returns: false if the time was over before all sessions were looked at.
  private func look(
    _ project: String, _ day: Int64, until deadline: Double, _ faults: inout [any Error]
  ) throws -> Bool {
    let known = try index.remotes(of: project, on: day)
    let there = try Set(store.sessions(of: project, on: day))
    for session in known.keys where !there.contains(session) {
      try drop(SessionStore.Place(project: project, session: session, start: day))
    }
    for session in there where known[session]?.isComplete != true {
      guard !isStopped.load(ordering: .relaxed), BucketWatch.now < deadline else { return false }
      let place = SessionStore.Place(project: project, session: session, start: day)
      guard isDue(place) else { continue }
      // One that can't be read doesn't keep the others from being listed; it is tried again after a minute.
      do { try sync(place, known[session]) } catch {
        let now = BucketWatch.now
        seen.withLock { $0[place] = Seen(looked: now, changed: now - 1200) }
        faults.append(error)
        if faults.count >= BucketWatch.faultLimit { throw error }
      }
    }
    return true
  }

  private func dropDays(of project: String, except days: Set<Int64>) throws {
    for day in try index.remoteDays(of: project) where !days.contains(day) {
      for session in try index.remotes(of: project, on: day).keys {
        try drop(SessionStore.Place(project: project, session: session, start: day))
      }
    }
  }

  private func isDue(_ place: SessionStore.Place) -> Bool {
    let now = BucketWatch.now
    return seen.withLock { seen in
      guard let state = seen[place] else { return true }
      return now - state.looked >= min((state.looked - state.changed) / 20, 600)
    }
  }

  private func drop(_ place: SessionStore.Place) throws {
    try index.remove(place.session, project: place.project)
    seen.withLock {
      $0[SessionStore.Place(project: place.project, session: place.session, start: midnight(place.start))] =
        nil
    }
    forget(place)
  }

  private func midnight(_ start: Int64) -> Int64 {
    start >= 0
      ? start / BucketWatch.day * BucketWatch.day
      : (start - BucketWatch.day + 1) / BucketWatch.day * BucketWatch.day
  }

  // MARK: A session

  /// Brings the index up to date with a session before something is stored in it: the check against its
  /// neighbours needs those that came by way of another server.
  func prepare(_ place: SessionStore.Place, before index: Int? = nil) throws {
    let day = SessionStore.Place(
      project: place.project, session: place.session, start: midnight(place.start))
    let isKnown = seen.withLock { $0[day] != nil }
    if isKnown {
      guard let index, index > 0 else { return }
      let known = try self.index.segments(of: place.session, project: place.project)
      // A segment behind that is known means that all is in order so far.
      if known.contains(index - 1) || known.contains(index) { return }
    }
    try sync(day, nil)
  }

  /// Reads what is new of a session.
  ///
  /// - Parameter place: with the midnight of its day as the start.
  private func sync(_ place: SessionStore.Place, _ known: SessionIndex.Remote?) throws {
    let isNew = try index.place(place.session, project: place.project) == nil
    // What a writer stored after the session was deleted.
    if isNew, try store.isDeleted(place) {
      _ = try store.delete(place, now: Responder.now)
      return
    }
    let content = try store.content(of: place)
    var state = seen.withLock { $0[place] } ?? Seen(looked: 0, changed: 0)
    let began = BucketWatch.now
    let updated = content.modified / 1_000_000_000
    var indexed = try index.segments(of: place.session, project: place.project)
    var manifest: SessionManifest?
    // Again with the same tag if segments came after it: they may be the last ones.
    if let tag = content.manifestTag, tag != known?.tag || content.segments.count != indexed.count,
      let bytes = try store.manifest(of: place)
    {
      manifest = try? read(bytes, of: place, content)
      if let manifest {
        try index.add(
          listedIn: manifest, there: content.segments, project: place.project, updated: updated)
        try index.add(manifest, bytes, project: place.project)
      }
    }
    if manifest != nil { indexed = try index.segments(of: place.session, project: place.project) }
    var hasChanged = manifest != nil && content.manifestTag != known?.tag
    for (number, bytes) in content.segments.sorted(by: { $0.key < $1.key })
    where !indexed.contains(number) && state.strangers[number] != bytes {
      hasChanged = true
      if bytes <= SealedFile.limit, let data = try store.segment(number, of: place),
        let file = try? SealedFile(data),
        file.session == place.session, file.index == number, midnight(file.header.start) == place.start,
        try !index.check(file, project: place.project).isConflict
      {
        try index.add(file, project: place.project, updated: updated)
        indexed.insert(number)
      } else {
        state.strangers[number] = bytes
      }
    }
    let isComplete =
      manifest.map { manifest in
        manifest.state == .sealed && manifest.segments.indices.allSatisfy { indexed.contains($0) }
      } ?? false
    if isNew ? !indexed.isEmpty || manifest != nil : true {
      // Without an entry for a manifest that can't be read, it is tried again.
      let tag = manifest != nil ? content.manifestTag ?? "" : known?.tag ?? ""
      try index.set(
        SessionIndex.Remote(tag: tag, isComplete: isComplete || known?.isComplete == true && manifest == nil),
        of: place)
    }
    state.looked = began
    if hasChanged || state.changed == 0 {
      let age = max(0, Double(Responder.now - content.modified) / 1e9)
      state.changed = began - age
    }
    seen.withLock {
      if $0.count > 100_000 { $0.removeAll() }
      $0[place] = state
    }
  }

  private func read(
    _ bytes: [UInt8], of place: SessionStore.Place, _ content: BucketStore.Content
  ) throws -> SessionManifest? {
    let manifest = try SessionManifest(json: bytes, path: "manifest.json")
    guard manifest.session == place.session, midnight(manifest.start) == place.start,
      manifest.producer.utf8.count <= FormatLimits.producerBytes,
      try index.conflict(with: manifest, project: place.project) == nil
    else { return nil }
    return manifest
  }

  // MARK: Events

  /// Adds events of segments that came by another way to the index: for search, and for the times of errors.
  ///
  /// - Returns: the number of segments read.
  /// - Throws: if none can be read; a single one that can't is left out.
  @discardableResult
  func readEvents(limit: Int) throws -> Int {
    var failed: [(place: SessionStore.Place, index: Int)] = []
    var fault: (any Error)?
    var count = 0
    for (place, number) in try index.unread(limit: limit) {
      guard !isStopped.load(ordering: .relaxed) else { return count }
      do throws(StoreError) {
        let data = try store.segment(number, of: place)
        count += 1
        try? add(data, number, of: place)
      } catch {
        failed.append((place, number))
        fault = error
      }
    }
    if count == 0, let fault { throw fault }
    for (place, number) in failed { try index.setUnreadable(number, of: place) }
    return count
  }

  private func add(_ data: [UInt8]?, _ number: Int, of place: SessionStore.Place) throws {
    if let data, let file = try? SealedFile(data), file.session == place.session, file.index == number {
      try index.add(file, project: place.project)
    }
    // Still unread if it is another one than its manifest lists.
    try index.setUnreadable(number, of: place)
  }
}
