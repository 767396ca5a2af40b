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

  private static let day: Int64 = 86_400_000_000_000
  private static var now: Double { Responder.uptime }

  // MARK: The thread

  /// Passes until ``stop()``; blocks.
  ///
  /// - Parameter then: called after each pass.
  func run(then: @escaping @Sendable () -> Void) {
    while !isStopped.load(ordering: .relaxed) {
      do {
        try refresh(atLeastAfter: options.interval)
        note(nil)
      } catch {
        note("\(error)")
      }
      then()
      let due = BucketWatch.now + options.interval
      while BucketWatch.now < due, !isStopped.load(ordering: .relaxed) {
        if (try? readEvents(limit: 16)) ?? 0 == 0 { Thread.sleep(forTimeInterval: 0.2) }
      }
    }
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
  func refresh(atLeastAfter seconds: Double = 1, everything: Bool = false) throws {
    try pass.withLockIfAvailable { state in
      let begin = BucketWatch.now
      guard everything || begin - state.ended >= min(seconds, options.interval) else { return }
      defer { state.ended = BucketWatch.now }
      let wall = Responder.now
      let isFull = everything || begin - state.full >= 3600
      let isMiddle = isFull || begin - state.middle >= 60
      let today = wall / BucketWatch.day * BucketWatch.day
      // Clocks of servers may differ by the 15 minutes that S3 allows.
      let since = (state.deletions ?? wall) - 1_200_000_000_000
      let projects = try Set(store.projects() + index.projects())
      for project in projects.sorted() {
        for session in try store.deletions(of: project, since: since, now: wall) {
          if let found = try index.place(session, project: project) { try drop(found.place) }
        }
        var days: [Int64] = []
        if isFull {
          days = try store.days(of: project)
        } else {
          for back in -1...(isMiddle ? options.days : 1) { days.append(today - back * BucketWatch.day) }
        }
        for day in days { try look(project, day, everything: everything) }
        if isFull { try dropDays(of: project, except: Set(days)) }
      }
      if isMiddle { state.middle = begin }
      if isFull { state.full = begin }
      state.deletions = wall
    }
  }

  private func look(_ project: String, _ day: Int64, everything: Bool) throws {
    let known = try index.remotes(of: project, on: day)
    let there = try Set(store.sessions(of: project, on: day))
    for session in there where known[session]?.isComplete != true {
      guard !isStopped.load(ordering: .relaxed) else { return }
      let place = SessionStore.Place(project: project, session: session, start: day)
      guard everything || isDue(place) else { continue }
      try sync(place, known[session])
    }
    for session in known.keys where !there.contains(session) {
      try drop(SessionStore.Place(project: project, session: session, start: day))
    }
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
      if let data = try store.segment(number, of: place), let file = try? SealedFile(data),
        file.session == place.session, file.index == number, midnight(file.header.start) == place.start,
        try index.conflict(with: file, project: place.project) == nil
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
      manifest.producer.utf8.count <= FormatLimits.producerBytes, manifest.width > 0, manifest.height > 0,
      try index.conflict(with: manifest, project: place.project) == nil
    else { return nil }
    return manifest
  }

  // MARK: Events

  /// Adds events of segments that came by another way to the index: for search, and for the moments of errors.
  ///
  /// - Returns: the number of segments read.
  @discardableResult
  func readEvents(limit: Int) throws -> Int {
    let unread = try index.unread(limit: limit)
    for (place, number) in unread {
      guard !isStopped.load(ordering: .relaxed) else { break }
      if let data = try store.segment(number, of: place), let file = try? SealedFile(data),
        file.session == place.session, file.index == number
      {
        try index.add(file, project: place.project)
      }
      // Still unread if it is another one than its manifest lists.
      try index.setUnreadable(number, of: place)
    }
    return unread.count
  }
}
