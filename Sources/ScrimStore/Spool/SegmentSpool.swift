import Glibc
package import ScrimFormat
import ScrimJSON

/// A folder in which sealed segments wait for one destination. The name of a file is its state; there is no
/// ledger and no position, so no crash can leave two contradicting records.
///
///     SPOOL/destination.json                          the destination of everything in it
///     SPOOL/{session}/manifest.json                   the session folder that a recorder writes
///     SPOOL/{session}/segments/{index}.scrim          sealed, waits
///     SPOOL/{session}/segments/{index}.scrim.part     being recorded
///     SPOOL/{session}/sent/{index}.scrim              delivered: renamed, then emptied
///     SPOOL/{session}/rejected/{index}.scrim + .json  refused, with the answer
///     SPOOL/{session}/damaged/{index}.scrim           can't be read; set aside so that the next one can be sent
///     SPOOL/{session}/dropping/{index}.scrim          being dropped: counted next, then removed
///     SPOOL/{session}/deleted                         the destination deleted the session: later segments are discarded
///     SPOOL/dropped.jsonl                             segments dropped because of a limit, one per line
///     SPOOL/traffic.json                              bytes sent this day
///
/// Every sealed segment is at the destination, in the spool, or in `dropped.jsonl`.
package struct SegmentSpool: Hashable, Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// The folder into which a recorder writes this session.
  package func folder(of session: SessionID) -> SessionFolder { SessionFolder(path: "\(path)/\(session)") }

  /// Makes the spool if it is missing, and binds it to its one destination.
  ///
  /// - Parameter destination: an address without any secret in it.
  /// - Throws: ``StoreError`` if the spool has another destination.
  package func prepare(for destination: String) throws(StoreError) {
    try Disk.makeLastingFolder(path)
    let line = Array((JSON.object([.init("url", .string(destination))]).canonicalBytes) + [0x0A])
    let file = path + "/" + SegmentSpool.destinationFile
    if try Disk.status(file) == nil, try Disk.create(file, with: line, in: path, temporaries: path) { return }
    let there = try self.destination()
    guard there == destination else {
      throw StoreError(path, .otherDestination(there ?? "an address that can't be read"))
    }
  }

  /// The destination of everything in it; nil if it was never set.
  package func destination() throws(StoreError) -> String? {
    let file = path + "/" + SegmentSpool.destinationFile
    guard try Disk.status(file) != nil else { return nil }
    guard let json = try? JSON(try Disk.read(file, upTo: 1 << 16)), case .string(let url)? = json["url"]
    else { return nil }
    return url
  }

  /// The exclusive right to change the states of its files; nil if another process holds it. It ends with
  /// the object or with the process, also after a crash.
  package func keeper() throws(StoreError) -> SpoolKeeper? {
    let handle = try Disk.open(path, O_RDONLY | O_DIRECTORY)
    guard try Disk.tryLock(handle) else { return nil }
    return try SpoolKeeper(spool: self, handle: handle)
  }

  static let destinationFile = "destination.json"
  static let droppedFile = "dropped.jsonl"
  static let droppedTotalsFile = "dropped.json"
  static let rateFile = "rate.json"
  /// An older list of dropped segments, by its number.
  static func droppedList(_ number: Int) -> String { "dropped.\(number).jsonl" }
  static let trafficFile = "traffic.json"
  /// File in a session's folder: the destination deleted the session.
  static let deletedFile = "deleted"

  /// The states that are sub-folders of a session.
  enum State: String, CaseIterable {
    case waiting = "segments"
    case sent, rejected, damaged, dropping
  }

  func folder(_ session: SessionID, _ state: State) -> String { "\(path)/\(session)/\(state.rawValue)" }

  func file(_ segment: SpooledSegment, _ state: State) -> String {
    "\(folder(segment.session, state))/\(StoreLayout.digits(segment.index)).scrim"
  }

  /// The sessions in it, unsorted.
  func sessions() throws(StoreError) -> [SessionID] {
    var sessions: [SessionID] = []
    try Disk.forEachName(in: path) { name in
      if let session = StoreLayout.session(named: name) { sessions.append(session) }
    }
    return sessions
  }
}

/// A sealed segment in a spool.
package struct SpooledSegment: Hashable, Sendable {
  package var session: SessionID
  package var index: Int

  package init(session: SessionID, index: Int) {
    self.session = session
    self.index = index
  }
}

/// Size and age limits of a spool.
public struct SpoolLimits: Hashable, Sendable {
  /// Maximum bytes of all waiting, refused and damaged segments.
  public var bytes = 512 << 20
  /// Maximum nanoseconds that a segment waits.
  public var age: Int64 = 14 * 86_400 * 1_000_000_000
  /// Maximum bytes sent per day (UTC), including failed attempts; nil for no limit.
  public var bytesPerDay: Int?

  public init() {}
}

/// Why a segment was dropped.
public enum DropReason: String, Hashable, Sendable, CaseIterable {
  /// The spool was full.
  case budget
  /// It waited longer than allowed.
  case age
  /// The destination had deleted the session.
  case deleted

  /// For people.
  public var words: String {
    switch self {
    case .budget: "because the spool is full"
    case .age: "because they waited too long"
    case .deleted: "because the destination has deleted the session"
    }
  }
}
