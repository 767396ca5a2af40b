import ScrimFormat
import ScrimPlayer
import ScrimStore

/// What `scrim verify` found, for machines and for people.
struct VerifyReport: Encodable {
  struct Damaged: Encodable {
    var segment: Int
    /// Relative to the session's folder.
    var file: String
    var reason: String
  }

  /// The public key's name; nil for a session that everybody can read.
  var sealedTo: String?
  /// Whether records were opened and decoded.
  var contentsRead: Bool
  /// Listed segments.
  var segments: Int
  /// Of the intact segments; frames and masked pixels are nil if contents were not read.
  var frames: Int?
  var maskedPixelsChecked: Int?
  /// Messages of the intact envelopes, and bytes of their files; nil unless the session is sealed to a key.
  var messages: Int?
  var bytes: Int?
  /// Whether the session has not ended: it is being recorded, or was cut off and not recovered.
  var open: Bool
  /// Whether its last segment ends where a recorder was stopped in the middle of it.
  var cutOff = false
  /// Whether the manifest proves that these are all segments; nil unless the session is sealed to a key.
  var endProved: Bool?
  /// Why the list doesn't end as the session did.
  var endFault: String?
  /// The segment that is not ended: its whole frames, or messages if contents were not read, and the bytes after them.
  var openFrames: Int?
  var openMessages: Int?
  var tornBytes: Int?
  /// Files in the session that its manifest doesn't list, and those that a recovery set aside.
  var unlisted: [String]
  var setAside: [String]
  /// Indices of segments whose files are missing.
  var missing: [Int]
  /// Segments that are not intact.
  var damaged: [Damaged] = []

  /// Of a session that is sealed to a key, without the key.
  init(_ check: SealedCheck, _ folder: SessionFolder) throws {
    sealedTo = "\(check.key)"
    contentsRead = false
    segments = check.listed
    messages = check.messages
    bytes = check.bytes
    open = check.isOpen
    cutOff = check.isCut || (check.openSegment?.tornBytes ?? 0) > 0
    endProved = check.hasDescription
    openMessages = check.openSegment?.messages
    tornBytes = check.openSegment?.tornBytes
    unlisted = check.unlisted
    do { setAside = try folder.setAsideFiles() } catch { throw Failure(error) }
    missing = check.missing
    note(check.damaged)
  }

  /// Of a session whose contents can be read.
  ///
  /// - Parameter check: for one that is sealed to a key.
  init(_ reader: SessionReader, _ check: SealedCheck?) throws {
    do {
      unlisted = try reader.unlistedFiles()
      setAside = try reader.folder.setAsideFiles()
      missing = try reader.missingSegments()
    } catch { throw Failure(error) }
    sealedTo = check.map { "\($0.key)" }
    contentsRead = true
    segments = reader.manifest.segments.count
    messages = check?.messages
    bytes = check?.bytes
    open = reader.manifest.state == .open
    cutOff = check?.isCut == true || (reader.openSegment?.tornBytes ?? 0) > 0
    endProved = check?.hasDescription
    endFault = reader.endFault.map { "\($0)" }
    openFrames = reader.openSegment?.segment.frames.count
    tornBytes = reader.openSegment?.tornBytes
    note((check?.damaged ?? []) + reader.damaged)
  }

  /// Segments of which nothing can be decoded.
  var faulty: Set<Int> { Set(missing + damaged.map(\.segment)) }

  /// The first reason of each segment that is there.
  private mutating func note(_ faults: [SegmentFault]) {
    var known = Set(missing)
    for fault in faults where known.insert(fault.index).inserted { noteDamage(fault.index, fault.error) }
    sort()
  }

  /// - Parameter index: of a segment that was not faulty so far.
  mutating func noteDamage(_ index: Int, _ error: some Error) {
    let file = SessionFolder.segmentFile(index) + (index < segments ? "" : ".part")
    var reason = "\(error)"
    if !reason.contains(file) { reason = "\(file): \(reason)" }
    damaged.append(Damaged(segment: index, file: file, reason: reason))
  }

  mutating func sort() { damaged.sort { $0.segment < $1.segment } }

  /// The intact part.
  private var found: String {
    if let frames { return counted(frames, "frame") }
    let whole = segments - missing.count - damaged.count
    return "\(counted(whole, "segment")), \(counted(messages ?? 0, "message"))"
  }

  /// The line for an intact session.
  func summary(checksMasks: Bool) -> String {
    let unproved = "; the recording was cut off, so nothing shows that these are all of its segments"
    let end = endProved == false ? unproved : ""
    if contentsRead {
      let line = "\(counted(segments, "segment")), \(found): intact\(end)"
      return checksMasks ? line + "; \(counted(maskedPixelsChecked ?? 0, "masked pixel")) checked" : line
    }
    return "\(found): digests, order and chain intact\(cutOff ? "; the last segment was cut off" : "")\(end)"
      + "; contents were not read: they are sealed to the public key \(sealedTo ?? ""), and --key FILE opens them"
  }

  /// Why the session is not intact or not complete; nil if it is both.
  func failure(_ session: String) -> String? {
    var parts: [String] = []
    if !damaged.isEmpty {
      parts.append("\(VerifyReport.list(damaged.map(\.segment), of: segments)) damaged, see above")
    }
    if !missing.isEmpty { parts.append("gap: \(VerifyReport.list(missing, of: segments, "missing"))") }
    if !parts.isEmpty { parts.append("the rest is intact (\(found))") }
    if let endFault { parts.append(endFault) }
    if let notEnded = notEnded(session) { parts.append(notEnded) }
    if parts.isEmpty {
      guard frames != 0, segments > 0 || (openFrames ?? 0) > 0 else {
        return "\(session): the session has no \(contentsRead ? "frame" : "segment")"
      }
      return nil
    }
    let advice =
      missing.isEmpty
      ? ""
      : ". A spool that reached its limit lists what it dropped in dropped.jsonl; otherwise look for the files where the session was copied from"
    return parts.joined(separator: "; ") + advice
  }

  /// A session that was cut off may be intact up to its end, but it is still not a success.
  private func notEnded(_ session: String) -> String? {
    var reasons = unlisted.map { "\($0) is not listed" }
    if open { reasons.append("manifest.json is open") }
    guard !reasons.isEmpty else { return nil }
    let list = reasons.joined(separator: ", ")
    if endProved == true, !open {
      return "\(list): the session had ended without that; find out where it comes from, and move it away"
    }
    let isWhole = damaged.isEmpty && missing.isEmpty
    var message = contentsRead ? "the session is not sealed: \(list)" : "the session has not ended: \(list)"
    if isWhole { message += "; \(found) intact" }
    if let openFrames { message += ", \(openFrames) of them in the segment that is not sealed" }
    if let openMessages {
      message += ", and \(counted(openMessages, "message")) in the segment that is not ended"
    }
    if let tornBytes, tornBytes > 0 {
      message +=
        ", followed by \(counted(tornBytes, "byte")) of a torn \(contentsRead ? "record" : "message")"
    }
    return message
      + "; if it is no longer being recorded, scrim recover \(session) \(contentsRead ? "seals" : "ends") it"
  }

  /// Indices in runs, at most ten of them: "3 segments of 6 missing (1 to 2, 4)".
  static func list(_ indices: [Int], of count: Int, _ word: String? = nil) -> String {
    var runs: [ClosedRange<Int>] = []
    for index in indices {
      if let last = runs.last, last.upperBound + 1 == index {
        runs[runs.count - 1] = last.lowerBound...index
      } else {
        runs.append(index...index)
      }
    }
    let names = runs.prefix(10).map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
    }
    let list = names.joined(separator: ", ") + (runs.count > 10 ? ", …" : "")
    return "\(counted(indices.count, "segment")) of \(count)\(word.map { " " + $0 } ?? "") (\(list))"
  }
}
