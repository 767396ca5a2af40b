import ScrimFormat
import ScrimStore
import ScrimSystem

/// State of a running ``Uploader``: pending deliveries, waiting times, and when to look for new segments.
/// Uses clocks and random numbers; ``RetryPolicy`` has the rules for waiting.
struct UploadRun {
  private let source: any UploadSource
  private let options: UploaderOptions
  private let report: @Sendable (UploadEvent) -> Void
  private var random = SystemRandomNumberGenerator()

  private(set) var summary = UploadSummary()
  private(set) var busy: Set<Uploader.Job> = []
  /// Why the destination no longer accepts anything.
  private(set) var refusal: String?
  /// Whether recorders may have added something since the last check.
  var mayHaveNews = true

  /// Number of failed attempts, and when the next one is due, by the monotonic clock.
  private var retries: [Uploader.Job: (attempts: Int, due: Int64)] = [:]
  /// Delivered, but not listed by their manifest yet.
  private var unlisted: Set<SpooledSegment> = []
  /// Consecutive failures of the destination as a whole, and the end of the resulting pause.
  private var failures = 0
  private var pausedUntil: Int64 = .min
  private var lastComplaint: String?
  private var manifests: [SessionID: ManifestState] = [:]
  /// Difference of the clocks when they were last compared: wall − monotonic.
  private var clockDifference = WallClock.now - MonotonicClock.now
  private var nextCheck: Int64 = .min
  private var hasRestless = false
  private var isOverTraffic = false
  private var lastProgress: Int64 = .min
  /// Where the speed is measured from: by the monotonic clock, and bytes delivered until then.
  private var window: (start: Int64, bytes: Int) = (.min, 0)

  private struct ManifestState {
    /// Version of the manifest that was delivered last; nil before the first.
    var delivered: ManifestStamp?
    var sentAt: Int64 = .min
    /// The version that was refused.
    var refused: ManifestStamp?
  }

  init(
    source: any UploadSource, options: UploaderOptions, report: @escaping @Sendable (UploadEvent) -> Void
  ) {
    self.source = source
    self.options = options
    self.report = report
  }

  mutating func begin() throws(StoreError) {
    try source.redateImplausible(now: WallClock.now)
    note()
  }

  /// Whether nothing waits and nothing is being sent.
  var isDone: Bool { busy.isEmpty && source.waitingCount == 0 && !hasRestless }

  // MARK: Starting

  /// Jobs to start now.
  mutating func start() throws(StoreError) -> [Uploader.Job] {
    let now = MonotonicClock.now
    try look(now)
    guard now >= pausedUntil else { return [] }
    var jobs: [Uploader.Job] = []
    // One attempt is enough to find out whether a failed destination works again.
    let most = failures > 0 ? 1 : options.inFlight
    for session in source.order where busy.count < most {
      guard !source.hasWaiting(session), try isManifestDue(session, now) else { continue }
      jobs.append(.manifest(session))
      busy.insert(.manifest(session))
    }
    while busy.count < most {
      guard
        let (segment, bytes) = source.next(where: { segment in
          let job = Uploader.Job.segment(segment)
          return !busy.contains(job) && !unlisted.contains(segment)
            && retries[job].map { $0.due <= now } ?? true
        })
      else { break }
      if try isManifestDue(segment.session, now) {
        jobs.append(.manifest(segment.session))
        busy.insert(.manifest(segment.session))
        continue
      }
      guard try takeTraffic(bytes) else { break }
      jobs.append(.segment(segment))
      busy.insert(.segment(segment))
    }
    return jobs
  }

  /// Finds new segments, drops those beyond the limits, and detects sessions that have ended.
  private mutating func look(_ now: Int64) throws(StoreError) {
    let isTime = now >= nextCheck
    guard mayHaveNews || isTime else { return }
    let hasNews = try source.rescan()
    try noteClockStep(now)
    if hasNews || isTime {
      summary.dropped += try source.enforce(
        options.limits, busy: Set(busy.compactMap(\.segment)).union(unlisted), now: WallClock.now)
    }
    for segment in unlisted where try source.delivered(segment) { unlisted.remove(segment) }
    try tendSessions()
    mayHaveNews = false
    nextCheck = now + (hasRestless ? 1_000_000_000 : 60_000_000_000)
    note()
  }

  private mutating func noteClockStep(_ now: Int64) throws(StoreError) {
    let difference = WallClock.now - MonotonicClock.now
    let step = difference - clockDifference
    // Slewing moves clocks by milliseconds; a minute is a step.
    guard step.magnitude > 60_000_000_000 else { return }
    clockDifference = difference
    try source.noteClockStep(step)
  }

  /// Finishes sessions that are delivered completely.
  private mutating func tendSessions() throws(StoreError) {
    hasRestless = false
    for session in source.order where !source.hasWaiting(session) || hasUnlisted(session) {
      guard !busy.contains(where: { $0.session == session }) else { continue }
      guard try source.recover(session) else {
        // It is being recorded; it is checked from time to time, since a killed recorder sends no
        // notification.
        if options.isWatching || hasUnlisted(session) { hasRestless = true }
        continue
      }
      for segment in unlisted where segment.session == session {
        unlisted.remove(segment)
        guard try !source.delivered(segment) else { continue }
        summary.damaged += 1
        complain(
          "segment \(segment.index) of session \(session) is delivered, but can't be listed, since the list of those before it is lost; it is set aside"
        )
        try source.setAside(segment)
      }
      _ = try source.rescan()
      guard !source.hasWaiting(session) else { continue }
      if source.isDeleted(session) || !needsManifest(session) {
        if try source.removeIfDone(session) { manifests[session] = nil }
      } else {
        hasRestless = true
      }
    }
  }

  private func hasUnlisted(_ session: SessionID) -> Bool { unlisted.contains { $0.session == session } }

  /// Whether the current manifest is neither delivered nor refused.
  private func needsManifest(_ session: SessionID) -> Bool {
    guard let stamp = source.folder(of: session).manifestStamp, !source.isDeleted(session) else {
      return false
    }
    let state = manifests[session] ?? ManifestState()
    return state.delivered != stamp && state.refused != stamp
  }

  private func isManifestDue(_ session: SessionID, _ now: Int64) throws(StoreError) -> Bool {
    let job = Uploader.Job.manifest(session)
    guard !busy.contains(job), retries[job].map({ $0.due <= now }) ?? true, needsManifest(session) else {
      return false
    }
    guard let state = manifests[session], state.delivered != nil else { return true }
    if now - state.sentAt >= options.manifestInterval { return true }
    // The last one is sent at once.
    guard !source.hasWaiting(session), !busy.contains(where: { $0.session == session }) else { return false }
    return try source.recover(session)
  }

  /// Counts bytes before they are sent; false if the day's limit is reached.
  private mutating func takeTraffic(_ bytes: Int) throws(StoreError) -> Bool {
    guard let limit = options.limits.bytesPerDay else { return true }
    let now = WallClock.now
    let sent = source.traffic(now: now)
    isOverTraffic = sent > 0 && sent + bytes > limit
    guard !isOverTraffic else {
      complain("the limit of \(limit) bytes per day is reached; the rest waits until tomorrow (UTC)")
      return false
    }
    try source.noteTraffic(bytes, now: now)
    return true
  }

  // MARK: Results

  mutating func settle(_ results: [Uploader.Result]) throws(StoreError) {
    for result in results {
      busy.remove(result.job)
      if let damage = result.damage {
        try settle(damage, result)
        continue
      }
      try settle(result)
    }
    if !results.isEmpty { note() }
  }

  private mutating func settle(_ damage: StoreError, _ result: Uploader.Result) throws(StoreError) {
    switch result.job {
    case .segment(let segment):
      // A missing file was dropped or deleted meanwhile.
      if damage.isMissingFile, !source.keepsFiles {
        mayHaveNews = true
        return
      }
      summary.damaged += 1
      complain(
        "\(damage); it is \(source.keepsFiles ? "left out" : "set aside"), and the next segment is sent")
      try source.setAside(segment)
    case .manifest(let session):
      if damage.isMissingFile { return }
      complain("\(damage)")
      manifests[session, default: ManifestState()].refused = result.stamp
      mayHaveNews = true
    }
  }

  private mutating func settle(_ result: Uploader.Result) throws(StoreError) {
    let job = result.job
    let now = DeliveryTime(monotonic: MonotonicClock.now, wall: WallClock.now)
    if result.answer == .cancelled { return }
    let attempt = (retries[job]?.attempts ?? 0) + 1
    let chance = Double.random(in: 0..<1, using: &random)
    switch options.policy.verdict(on: result.answer, attempt: attempt, now: now, random: chance) {
    case .delivered:
      retries[job] = nil
      failures = 0
      pausedUntil = .min
      lastComplaint = nil
      try settleDelivered(result, now.monotonic)
    case .wait(let until):
      retries[job] = (attempt, until)
      failures += 1
      // The destination as a whole gets a pause, as long as its consecutive failures or its own answer
      // require.
      let pause = options.policy.verdict(on: result.answer, attempt: failures, now: now, random: chance)
      if case .wait(let moment) = pause { pausedUntil = max(pausedUntil, moment) }
      complain("\(result.answer.words); retrying, nothing is lost")
    case .park:
      retries[job] = nil
      failures = 0
      guard case .status(let status, _, let body) = result.answer else { return }
      complain("\(job.words) was refused with \(status): \(body.firstLine)")
      switch job {
      case .segment(let segment):
        summary.rejected += 1
        try source.reject(segment, status: status, answer: body)
      case .manifest(let session):
        manifests[session, default: ManifestState()].refused = result.stamp
        try source.rejectManifest(of: session, status: status, answer: body)
      }
      mayHaveNews = true
    case .discardSession:
      retries[job] = nil
      failures = 0
      complain(
        "session \(job.session) was deleted at the destination; \(source.keepsFiles ? "nothing more of it is sent" : "it is removed here too")"
      )
      let before = source.waitingCount
      try source.discard(job.session)
      summary.dropped += before - source.waitingCount
      unlisted = unlisted.filter { $0.session != job.session }
      mayHaveNews = true
    case .stop:
      guard case .status(let status, _, let body) = result.answer else { return }
      refusal =
        "the destination answers \(status); use a key with write access"
        + (body.firstLine.isEmpty ? "" : " (it says: \(body.firstLine))")
    }
  }

  private mutating func settleDelivered(_ result: Uploader.Result, _ now: Int64) throws(StoreError) {
    switch result.job {
    case .segment(let segment):
      summary.delivered += 1
      summary.deliveredBytes += result.bytes
      if try !source.delivered(segment) { unlisted.insert(segment) }
    case .manifest(let session):
      manifests[session, default: ManifestState()].delivered = result.stamp
      manifests[session, default: ManifestState()].sentAt = now
    }
    // The session may be complete. A segment that isn't listed yet has a recorder that is about to list it, or one
    // that was killed before.
    let session = result.job.session
    if !source.hasWaiting(session) || hasUnlisted(session) { mayHaveNews = true }
  }

  // MARK: Waiting

  /// When something must be done again without a notification.
  func wakeTime(isEnding: Bool) -> Int64 {
    let now = MonotonicClock.now
    if isEnding { return now + 200_000_000 }
    if mayHaveNews, busy.isEmpty, pausedUntil <= now { return now }
    var moment = nextCheck
    if isOverTraffic { return min(moment, now + 60_000_000_000) }
    if source.waitingCount > 0 || hasRestless {
      if pausedUntil > now {
        moment = min(moment, pausedUntil)
      } else {
        for retry in retries.values where retry.due > now { moment = min(moment, retry.due) }
      }
    }
    return moment
  }

  private mutating func complain(_ words: String) {
    guard words != lastComplaint else { return }
    lastComplaint = words
    report(.message(words))
  }

  private mutating func note() {
    for loss in source.takeLosses() { report(.lost(loss)) }
    summary.waiting = source.waitingCount
    let now = MonotonicClock.now
    noteRate(now)
    guard now - 100_000_000 >= lastProgress || summary.waiting == 0 else { return }
    lastProgress = now
    summary.waitingBytes = source.waitingBytes
    report(.progress(summary))
  }

  /// Measures the speed over some five seconds; a pause begins anew.
  private mutating func noteRate(_ now: Int64) {
    let (seconds, overflow) = now.subtractingReportingOverflow(window.start)
    guard !overflow, seconds < 30_000_000_000 else {
      window = (now, summary.deliveredBytes)
      return
    }
    guard seconds >= 5_000_000_000 else { return }
    let bytes = Double(summary.deliveredBytes - window.bytes)
    if bytes > 0 {
      // Only for people: a full disk doesn't end the upload.
      try? source.note(TransferRate(bytesPerSecond: bytes / Double(seconds) * 1e9, time: WallClock.now))
    }
    window = (now, summary.deliveredBytes)
  }
}

extension Uploader.Job {
  var session: SessionID {
    switch self {
    case .segment(let segment): segment.session
    case .manifest(let session): session
    }
  }

  var segment: SpooledSegment? {
    if case .segment(let segment) = self { segment } else { nil }
  }

  var words: String {
    switch self {
    case .segment(let segment): "segment \(segment.index) of session \(segment.session)"
    case .manifest(let session): "the manifest of session \(session)"
    }
  }
}

extension DeliveryAnswer {
  /// For people.
  var words: String {
    switch self {
    case .delivered: "delivered"
    case .cancelled: "stopped"
    case .unreachable(let what), .unproven(let what): what
    case .status(let status, let retryAfter, let body):
      switch retryAfter {
      case .delay(let nanoseconds):
        "the destination answers \(status) and asks to wait \(nanoseconds / 1_000_000_000) s"
      case .date: "the destination answers \(status) and asks to wait"
      case nil: "the destination answers \(status)" + (body.firstLine.isEmpty ? "" : ": \(body.firstLine)")
      }
    }
  }
}

extension String {
  /// The first line for display on a terminal, at most 200 characters.
  var firstLine: String {
    let line = split(whereSeparator: \.isNewline).first ?? ""
    return String(
      String.UnicodeScalarView(
        line.unicodeScalars.prefix(200).filter { $0.properties.generalCategory != .control }))
  }
}
