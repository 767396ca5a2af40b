public import ScrimFormat
import ScrimJSON
import ScrimSystem

/// Content of a spool, and the number of dropped segments: every sealed segment that is not at the
/// destination is counted here.
package struct SpoolStatus: Hashable, Sendable {
  package struct Count: Hashable, Sendable {
    package var segments = 0
    package var bytes = 0

    package init() {}
  }

  package var destination: String?
  package var sessions = 0
  package var waiting = Count()
  /// Delivered segments of sessions that are not complete yet.
  package var sent = 0
  package var rejected = Count()
  package var damaged = Count()
  /// Dropped segments by reason.
  package var dropped: [DropReason: Count] = [:]
  /// The same by session and reason: the replays with a loss.
  package var losses: [ReplayLoss] = []
  /// When the oldest waiting segment was sealed: nanoseconds since 1970.
  package var oldest: Int64?
  /// How fast an uploader delivers; nil if none delivered within the last minute.
  package var rate: TransferRate?
}

/// The speed of an uploader over some seconds, which it leaves in the spool for ``SegmentSpool/status()``.
package struct TransferRate: Hashable, Sendable {
  package var bytesPerSecond: Double
  /// When it was measured: nanoseconds since 1970.
  package var time: Int64

  package init(bytesPerSecond: Double, time: Int64) {
    self.bytesPerSecond = bytesPerSecond
    self.time = time
  }

  /// Seconds until as many bytes are delivered; nil if that can't be said.
  package func seconds(for bytes: Int) -> Double? {
    bytesPerSecond > 0 ? Double(bytes) / bytesPerSecond : nil
  }
}

/// Result of ``SegmentSpool/check()``.
package struct SpoolCheck: Hashable, Sendable {
  /// Waiting segments that were read and are intact.
  package var whole = 0
  /// Descriptions of the waiting segments that are damaged.
  package var damaged: [String] = []
  /// Names that do not belong to a spool.
  package var strangers: [String] = []
}

extension SegmentSpool {
  /// Counts by names and sizes; changes nothing and needs no lock.
  package func status() throws(StoreError) -> SpoolStatus {
    var status = SpoolStatus()
    status.destination = try destination()
    for session in try sessions() {
      status.sessions += 1
      for state in State.allCases {
        var indices: [Int] = []
        try Disk.forEachName(in: folder(session, state)) { name in
          if let index = StoreLayout.index(ofFile: name) { indices.append(index) }
        }
        for index in indices {
          guard let file = try Disk.status(file(SpooledSegment(session: session, index: index), state)) else {
            continue
          }
          switch state {
          case .waiting:
            status.waiting.add(file.bytes)
            status.oldest = min(status.oldest ?? .max, file.modified)
          case .sent: status.sent += 1
          case .rejected: status.rejected.add(file.bytes)
          case .damaged: status.damaged.add(file.bytes)
          case .dropping: break
          }
        }
      }
    }
    status.losses = try losses()
    for loss in status.losses {
      status.dropped[loss.reason, default: SpoolStatus.Count()].segments += loss.segments
      status.dropped[loss.reason, default: SpoolStatus.Count()].bytes += loss.bytes
    }
    status.rate = rate()
    return status
  }

  /// Dropped segments by session and reason, in the order of the first losses.
  func losses() throws(StoreError) -> [ReplayLoss] { try DroppedLog(spool: self).losses() }

  /// The speed that an uploader measured within the last minute.
  private func rate() -> TransferRate? {
    guard let bytes = try? Disk.read(path + "/" + SegmentSpool.rateFile, upTo: 1 << 12),
      let json = try? JSON(bytes), case .number(let rate)? = json["bytes_per_second"], rate >= 0,
      case .string(let text)? = json["at"], let time = RFC3339.nanoseconds(text),
      (0...60_000_000_000).contains(WallClock.now.subtractingReportingOverflow(time).partialValue)
    else { return nil }
    return TransferRate(bytesPerSecond: rate, time: time)
  }

  /// What has become of a session.
  package func replayState(of session: SessionID) throws(StoreError) -> ReplayState {
    if let loss = try losses().first(where: { $0.session == session }) { return .dropped(loss) }
    return try holds(session) ? .waiting : .absent
  }

  /// Whether the session has a folder here.
  package func holds(_ session: SessionID) throws(StoreError) -> Bool {
    try Disk.status(folder(of: session).path) != nil
  }

  /// Whether the session was deleted from this spool, or at the destination.
  package func isDeleted(_ session: SessionID) throws(StoreError) -> Bool {
    if try Disk.status(folder(of: session).path + "/" + SegmentSpool.deletedFile) != nil { return true }
    return try losses().contains { $0.session == session && $0.reason == .deleted }
  }

  /// Reads every waiting byte and checks it against its checksums, its name and its session. Changes
  /// nothing.
  package func check() throws(StoreError) -> SpoolCheck {
    var check = SpoolCheck()
    var names: [String] = []
    try Disk.forEachName(in: path) { names.append($0) }
    let known = [
      SegmentSpool.destinationFile, SegmentSpool.droppedFile, SegmentSpool.droppedTotalsFile,
      SegmentSpool.trafficFile, SegmentSpool.rateFile, SegmentSpool.rateFile + ".new",
    ]
    for name in names.sorted() {
      guard let session = StoreLayout.session(named: name) else {
        let isList = name.hasPrefix("dropped.") && name.hasSuffix(".jsonl")
        if !known.contains(name), !isList, !Disk.isTemporary(name) { check.strangers.append(name) }
        continue
      }
      var files: [String] = []
      try Disk.forEachName(in: folder(session, .waiting)) { files.append($0) }
      let listed = (try? folder(of: session).readManifest())?.segments ?? []
      for file in files.sorted() {
        guard let index = StoreLayout.index(ofFile: file) else { continue }
        let segment = SpooledSegment(session: session, index: index)
        do throws(StoreError) {
          _ = try read(segment, listed: listed.indices.contains(index) ? listed[index].digest : nil)
          check.whole += 1
        } catch {
          check.damaged.append("\(error)")
        }
      }
    }
    return check
  }

  /// Reads a waiting segment and checks its checksums, its session and its place.
  ///
  /// - Parameter listed: the SHA-256 in the manifest, if it lists the segment.
  package func read(
    _ segment: SpooledSegment, listed: SHA256Digest? = nil
  ) throws(StoreError) -> SealedFile {
    try SealedFile.read(
      file(segment, .waiting), session: segment.session, index: segment.index, listed: listed)
  }
}

extension SealedFile {
  /// - Parameter listed: the file's SHA-256 by its session's manifest. An envelope has no checksums that can be verified
  ///   without its key, so that this alone shows a changed byte of it.
  /// - Throws: ``StoreError`` if the file can't be read, isn't intact, or is another segment than its name
  ///   says.
  public static func read(
    _ path: String, session: SessionID, index: Int, listed: SHA256Digest? = nil
  ) throws(StoreError) -> SealedFile {
    let bytes = try Disk.read(path, upTo: SealedFile.limit)
    let file: SealedFile
    do { file = try SealedFile(bytes) } catch { throw StoreError(path, .segment(error)) }
    guard file.session == session else { throw StoreError(path, .otherSession) }
    guard file.index == index else {
      throw StoreError(path, .disagrees("the seal says index \(file.index)"))
    }
    guard listed == nil || file.digest == listed else {
      throw StoreError(path, .disagrees("the manifest lists another SHA-256"))
    }
    return file
  }
}

extension SpoolStatus.Count {
  mutating func add(_ bytes: Int) {
    segments += 1
    self.bytes += bytes
  }
}
