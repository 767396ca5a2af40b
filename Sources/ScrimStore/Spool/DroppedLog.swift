import ScrimFormat
import ScrimJSON
import ScrimSystem

/// The lists of dropped segments: `dropped.jsonl`, which grows to some megabytes; then it is renamed to
/// `dropped.{number}.jsonl`, and the one before it is added to the counts of each session in
/// `dropped.json` and removed. So the counts are complete, and the newest lines are there.
struct DroppedLog {
  let spool: SegmentSpool

  /// The size at which a list is renamed, in bytes: some 30,000 lines.
  static let limit = 4 << 20

  private var totals: String { spool.path + "/" + SegmentSpool.droppedTotalsFile }
  private func list(_ number: Int) -> String { spool.path + "/" + SegmentSpool.droppedList(number) }
  private var current: String { spool.path + "/" + SegmentSpool.droppedFile }

  /// Appends lines, durably. Needs the spool's lock.
  func append(_ lines: [UInt8], limit: Int = DroppedLog.limit) throws(StoreError) {
    try Disk.append(lines: lines, to: current)
    guard let status = try Disk.status(current), status.bytes >= limit else { return }
    let lists = try numbers()
    let counted = try readTotals().upTo
    let next = max(lists.last ?? 0, counted) + 1
    try fold(lists)
    _ = try Disk.move(current, to: list(next))
    try Disk.syncFolder(spool.path)
  }

  /// Appends that a session was deleted of which no segment waited: a line with no segment.
  func noteDeletion(of session: SessionID) throws(StoreError) {
    try append(
      JSON.object([
        .init("at", .string(RFC3339.string(WallClock.now))), .init("bytes", .number(0)),
        .init("index", .null), .init("reason", .string(DropReason.deleted.rawValue)),
        .init("replay_state", .string("dropped")), .init("session", .string("\(session)")),
      ]).canonicalBytes + [0x0A])
  }

  /// Adds renamed lists to the totals, then removes them: after a crash in between the number says that a list is
  /// counted.
  private func fold(_ lists: [Int]) throws(StoreError) {
    var (upTo, losses) = try readTotals()
    for number in lists where number > upTo {
      losses.add(try read(list(number)))
      upTo = number
    }
    let items = losses.map { loss in
      JSON.object([
        .init("bytes", .number(Double(loss.bytes))), .init("reason", .string(loss.reason.rawValue)),
        .init("segments", .number(Double(loss.segments))), .init("session", .string("\(loss.session)")),
      ])
    }
    let json = JSON.object([.init("losses", .array(items)), .init("up_to", .number(Double(upTo)))])
    try Disk.replace(totals, with: json.canonicalBytes + [0x0A], in: spool.path, temporaries: spool.path)
    for number in lists { try Disk.remove(list(number)) }
  }

  /// Dropped segments by session and reason, in the order of the first losses. Needs no lock: if a list was renamed or
  /// counted meanwhile, it starts again.
  func losses() throws(StoreError) -> [ReplayLoss] {
    while true {
      let before = try (readTotals().upTo, numbers())
      var (upTo, losses) = try readTotals()
      for number in try numbers() where number > upTo {
        losses.add(try read(list(number)))
        upTo = number
      }
      losses.add(try read(current))
      if try before == (readTotals().upTo, numbers()) { return losses }
    }
  }

  private func numbers() throws(StoreError) -> [Int] {
    var numbers: [Int] = []
    try Disk.forEachName(in: spool.path) { name in
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      if parts.count == 3, let number = Int(parts[1]), name == SegmentSpool.droppedList(number) {
        numbers.append(number)
      }
    }
    return numbers.sorted()
  }

  private func readTotals() throws(StoreError) -> (upTo: Int, losses: [ReplayLoss]) {
    guard try Disk.status(totals) != nil, let json = try? JSON(try Disk.read(totals, upTo: 1 << 28)),
      case .number(let upTo)? = json["up_to"], case .array(let items)? = json["losses"]
    else { return (0, []) }
    var losses: [ReplayLoss] = []
    for item in items {
      guard case .number(let segments)? = item["segments"], var loss = DroppedLog.loss(item) else { continue }
      loss.segments = Int(exactly: segments.rounded()) ?? 0
      losses.append(loss)
    }
    return (Int(exactly: upTo.rounded()) ?? 0, losses)
  }

  /// Reads a list; a segment listed twice counts once, and a torn line is ignored.
  private func read(_ path: String) throws(StoreError) -> [ReplayLoss] {
    guard try Disk.status(path) != nil else { return [] }
    var losses: [ReplayLoss] = []
    var seen: Set<String> = []
    for line in try Disk.read(path, upTo: 1 << 30).split(separator: 0x0A) {
      guard let json = try? JSON(Array(line)), var loss = DroppedLog.loss(json) else { continue }
      switch json["index"] {
      case .number(let index)?:
        guard seen.insert("\(loss.session)/\(index)").inserted else { continue }
      // The deletion of a session of which no segment waited.
      case .null?: loss.segments = 0
      default: continue
      }
      losses.append(loss)
    }
    var merged: [ReplayLoss] = []
    merged.add(losses)
    return merged
  }

  /// One segment of a line, or the entry of a session in the totals, whose segments are not read here.
  private static func loss(_ json: JSON) -> ReplayLoss? {
    guard case .string(let name)? = json["session"], let session = SessionID(name),
      case .number(let bytes)? = json["bytes"], case .string(let word)? = json["reason"],
      let reason = DropReason(rawValue: word)
    else { return nil }
    return ReplayLoss(
      session: session, reason: reason, segments: 1, bytes: Int(exactly: bytes.rounded()) ?? 0)
  }
}

extension [ReplayLoss] {
  /// Adds to the entries of the same session and reason.
  fileprivate mutating func add(_ others: [ReplayLoss]) {
    var places: [String: Int] = [:]
    for (place, loss) in enumerated() { places["\(loss.session)/\(loss.reason.rawValue)"] = place }
    for loss in others {
      let name = "\(loss.session)/\(loss.reason.rawValue)"
      guard let place = places[name] else {
        places[name] = count
        append(loss)
        continue
      }
      self[place].segments += loss.segments
      self[place].bytes += loss.bytes
    }
  }
}
