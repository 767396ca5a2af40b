import Glibc
import ScrimFormat
import ScrimJSON
import ScrimSystem

extension SpoolKeeper {
  /// Drops the data beyond the limits: first segments that are too old; then, while there are too many
  /// bytes, whole sessions that no error requested, the oldest first. A session that is being recorded, or
  /// is the only one, loses its oldest segments.
  ///
  /// - Parameters:
  ///   - busy: segments that are being sent, which stay.
  ///   - now: nanoseconds since 1970.
  /// - Returns: the number of segments dropped.
  @discardableResult
  package func enforce(
    _ limits: SpoolLimits, busy: Set<SpooledSegment>, now: Int64
  ) throws(StoreError) -> Int {
    var count = try dropOld(olderThan: now.subtractingReportingOverflow(limits.age).partialValue, busy)
    for (session, state) in sessions where state.isDeleted {
      count += state.waiting.count
      try discardWhatCame(session)
    }
    var total = waitingBytes + sessions.values.reduce(0) { $0 + $1.keptBytes }
    guard total > limits.bytes else { return count }
    for victim in try victims() {
      guard total > limits.bytes else { break }
      guard let state = sessions[victim.session] else { continue }
      var segments: [SpooledSegment] = []
      for waiting in state.waiting.reversed() {
        let segment = SpooledSegment(session: victim.session, index: waiting.index)
        guard !busy.contains(segment), isListed(segment) else { continue }
        segments.append(segment)
        total -= waiting.bytes
        if !victim.goesWhole, total <= limits.bytes { break }
      }
      count += segments.count
      try drop(segments, .budget)
    }
    return count
  }

  private func dropOld(olderThan moment: Int64, _ busy: Set<SpooledSegment>) throws(StoreError) -> Int {
    var count = 0
    for (session, state) in sessions {
      if state.date < moment {
        let old = state.waiting.filter { $0.modified < moment }
          .map { SpooledSegment(session: session, index: $0.index) }.filter { !busy.contains($0) }
        try drop(old, .age)
        count += old.count
        update(session) { $0.date = $0.waiting.map(\.modified).min() ?? .max }
      }
      // The answer to a refused manifest; without it the session's folder can be removed.
      let answer = "\(spool.folder(session, .rejected))/\(StoreLayout.manifestFile)"
      if let status = try Disk.status(answer), status.modified < moment { try Disk.remove(answer) }
      guard state.keptBytes > 0 else { continue }
      for kept in [SegmentSpool.State.rejected, .damaged] {
        var old: [SpooledSegment] = []
        for index in try indices(session, kept) {
          let segment = SpooledSegment(session: session, index: index)
          if let status = try Disk.status(spool.file(segment, kept)), status.modified < moment {
            old.append(segment)
          }
        }
        guard !old.isEmpty else { continue }
        try drop(old, from: kept, .age)
        for segment in old {
          try Disk.remove("\(spool.folder(session, .rejected))/\(StoreLayout.digits(segment.index)).json")
        }
        count += old.count
        let bytes = try bytes(in: session, .rejected) + bytes(in: session, .damaged)
        update(session) { $0.keptBytes = bytes }
      }
    }
    return count
  }

  private struct Victim {
    var session: SessionID
    var goesWhole: Bool
    var isAskedFor: Bool
  }

  /// Sessions in the order in which they are dropped.
  private func victims() throws(StoreError) -> [Victim] {
    let candidates = order.filter { hasWaiting($0) }
    var victims: [Victim] = []
    for session in candidates {
      let isRecording = try isBeingRecorded(session)
      victims.append(
        Victim(session: session, goesWhole: !isRecording, isAskedFor: isAskedFor(session)))
    }
    // Complete sessions first, then those that are being recorded; in both groups, those that no error
    // requested first.
    let sorted =
      victims.filter { $0.goesWhole && !$0.isAskedFor } + victims.filter { !$0.goesWhole && !$0.isAskedFor }
      + victims.filter { $0.goesWhole && $0.isAskedFor } + victims.filter { !$0.goesWhole && $0.isAskedFor }
    // The last session is never dropped completely: its newest segments stay.
    return sorted.enumerated().map { place, victim in
      place < sorted.count - 1
        ? victim
        : Victim(
          session: victim.session, goesWhole: false, isAskedFor: victim.isAskedFor)
    }
  }

  func isBeingRecorded(_ session: SessionID) throws(StoreError) -> Bool {
    guard try Disk.status("\(spool.path)/\(session)") != nil else { return false }
    let handle = try Disk.open("\(spool.path)/\(session)", O_RDONLY | O_DIRECTORY)
    return try !Disk.tryLock(handle)
  }

  /// Whether an error requested the session: its manifest lists an error, or says that it was buffered
  /// until one occurred.
  private func isAskedFor(_ session: SessionID) -> Bool {
    guard
      let bytes = try? Disk.read(spool.folder(of: session).manifestPath, upTo: SessionFolder.manifestLimit),
      let json = try? JSON(bytes)
    else { return false }
    if case .array(let errors)? = json["error_ids"], !errors.isEmpty { return true }
    return json["kind"] == .string("buffer")
  }

  // MARK: Clocks

  /// Corrects the ages of all waiting segments when the wall clock was set: a machine without a battery
  /// clock starts in 1970 and jumps when the network comes up, and no segment may expire because of that.
  ///
  /// - Parameter step: nanoseconds by which the wall clock moved ahead of the monotonic one.
  package func noteClockStep(_ step: Int64) throws(StoreError) {
    for (session, state) in sessions {
      for waiting in state.waiting {
        let segment = SpooledSegment(session: session, index: waiting.index)
        let (moved, overflow) = waiting.modified.addingReportingOverflow(step)
        guard !overflow, moved > 0 else { continue }
        try Disk.setModified(spool.file(segment, .waiting), moved)
      }
      update(session) { session in
        session.waiting = session.waiting.map {
          Waiting(
            index: $0.index, bytes: $0.bytes,
            modified: max(0, $0.modified.addingReportingOverflow(step).partialValue))
        }
        session.date = session.waiting.map(\.modified).min() ?? .max
      }
    }
  }

  /// Sets segments with an impossible time (before Scrim existed, or in the future) to the current time:
  /// their age counts from now.
  package func redateImplausible(now: Int64) throws(StoreError) {
    let day: Int64 = 86_400 * 1_000_000_000
    // 2025-01-01.
    let earliest: Int64 = 1_735_689_600_000_000_000
    for (session, state) in sessions {
      for (place, waiting) in state.waiting.enumerated()
      where waiting.modified < earliest || waiting.modified > now.addingReportingOverflow(day).partialValue {
        try Disk.setModified(
          spool.file(SpooledSegment(session: session, index: waiting.index), .waiting), now)
        update(session) { $0.waiting[place].modified = now }
      }
      update(session) { $0.date = $0.waiting.map(\.modified).min() ?? .max }
    }
  }

  // MARK: Traffic

  /// Bytes sent on the day of `now` (UTC), by all processes.
  package func traffic(now: Int64) -> Int {
    guard let bytes = try? Disk.read(trafficPath, upTo: 1 << 12), let json = try? JSON(bytes),
      json["day"] == .string(SpoolKeeper.day(now)), case .number(let count)? = json["bytes"]
    else { return 0 }
    return Int(exactly: count.rounded()) ?? 0
  }

  /// Counts bytes before they are sent. Not synced to the disk at once: a power cut costs a day's count,
  /// and no segment.
  package func noteTraffic(_ bytes: Int, now: Int64) throws(StoreError) {
    let json = JSON.object([
      .init("bytes", .number(Double(traffic(now: now) + bytes))), .init("day", .string(SpoolKeeper.day(now))),
    ])
    let temporary = trafficPath + ".new"
    try Disk.write(json.canonicalBytes, to: try Disk.open(temporary, O_WRONLY | O_CREAT | O_TRUNC), at: 0)
    try Disk.rename(temporary, to: trafficPath)
  }

  /// Leaves the speed for ``SegmentSpool/status()``. Not synced to the disk: it is outdated after a minute.
  package func note(_ rate: TransferRate) throws(StoreError) {
    let json = JSON.object([
      .init("at", .string(RFC3339.string(rate.time))),
      .init("bytes_per_second", .number(rate.bytesPerSecond.rounded())),
    ])
    let path = spool.path + "/" + SegmentSpool.rateFile
    try Disk.write(
      json.canonicalBytes, to: try Disk.open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC), at: 0)
    try Disk.rename(path + ".new", to: path)
  }

  private var trafficPath: String { spool.path + "/" + SegmentSpool.trafficFile }

  private static func day(_ now: Int64) -> String { String(RFC3339.string(now).prefix(10)) }
}
