import ScrimCodec
import ScrimImage
public import ScrimRedact

/// The masks in force from a frame on: all of them, or what changed since the record before.
public struct MasksRecord: Hashable, Sendable {
  /// Whether the list so far is discarded.
  public var isComplete: Bool
  /// Ascending positions in the list so far; empty if ``isComplete``.
  public var removed: [Int]
  /// Masks appended to the rest of the list.
  public var added: [ListedMask]

  public init(all masks: [ListedMask]) {
    isComplete = true
    removed = []
    added = masks
  }

  /// The record that changes a list into one with the same masks as `masks`; updates `list` as that record
  /// does. Nil if both already hold the same masks.
  ///
  /// - Parameter list: the list after the records so far; nil if the record must be complete, as at a
  ///   keyframe.
  static func record(of masks: [ListedMask], after list: inout [ListedMask]?) -> MasksRecord? {
    guard let before = list else {
      list = masks
      return MasksRecord(all: masks)
    }
    if before == masks { return nil }
    var counts: [ListedMask: Int] = [:]
    for mask in masks { counts[mask, default: 0] += 1 }
    var record = MasksRecord(all: [])
    record.isComplete = false
    var left: [ListedMask] = []
    for (place, mask) in before.enumerated() {
      if let count = counts[mask], count > 0 {
        counts[mask] = count - 1
        left.append(mask)
      } else {
        record.removed.append(place)
      }
    }
    for mask in masks.reversed() {
      guard let count = counts[mask], count > 0 else { continue }
      counts[mask] = count - 1
      record.added.append(mask)
    }
    record.added.reverse()
    if record.removed.isEmpty, record.added.isEmpty { return nil }
    if record.added.count >= masks.count { record = MasksRecord(all: masks) }
    list = record.isComplete ? masks : left + record.added
    return record
  }

  /// Applies the record to the list of the masks in force.
  ///
  /// - Parameter list: nil before the first complete record of a segment.
  public func apply(to list: inout [ListedMask]?) {
    if isComplete {
      list = added
      return
    }
    guard let before = list else { return }
    var left: [ListedMask] = []
    var next = removed.makeIterator()
    var gone = next.next()
    for (place, mask) in before.enumerated() {
      if place == gone { gone = next.next() } else { left.append(mask) }
    }
    list = left + added
  }
}

extension MasksRecord {
  /// Upper bound of the record's size for a list, in bytes: numbers of pixels below 2^15 take three bytes.
  package static func sizeBound(of masks: [ListedMask]) -> Int {
    masks.reduce(32) { $0 + 32 + ($1.role?.utf8.count ?? 0) }
  }

  /// Bits of the first byte.
  private enum Flags {
    static let complete: UInt8 = 1
    static let deflated: UInt8 = 2
  }

  /// Deflated if that is shorter: it saves a third of complete lists.
  var payload: [UInt8] {
    let flags = isComplete ? Flags.complete : 0
    let body = body
    var payload = [flags | Flags.deflated]
    guard var deflater = try? Deflater(level: 9) else { return [flags] + body }
    deflater.append(body.span, to: &payload)
    deflater.finish(to: &payload)
    return payload.count <= body.count ? payload : [flags] + body
  }

  private var body: [UInt8] {
    var payload: [UInt8] = []
    if !isComplete {
      payload.appendVarint(UInt64(removed.count))
      var next = 0
      for place in removed {
        payload.appendVarint(UInt64(place - next))
        next = place + 1
      }
    }
    payload.appendVarint(UInt64(added.count))
    var roles: [String: Int] = [:]
    var (x, y) = (0, 0)
    for mask in added {
      payload.append(mask.kind.code | mask.reason.rawValue << 3)
      if let role = mask.role {
        if let number = roles[role] {
          payload.appendVarint(UInt64(number))
        } else {
          roles[role] = roles.count + 1
          payload.appendVarint(UInt64(roles.count))
          payload.appendVarint(UInt64(role.utf8.count))
          payload += role.utf8
        }
      } else {
        payload.append(0)
      }
      payload.appendZigzag(Int64(mask.rect.x - x))
      payload.appendZigzag(Int64(mask.rect.y - y))
      payload.appendVarint(UInt64(mask.rect.width))
      payload.appendVarint(UInt64(mask.rect.height))
      (x, y) = (mask.rect.x, mask.rect.y)
    }
    return payload
  }

  init(payload reader: inout ByteReader, _ header: SegmentHeader) throws(FormatError.Reason) {
    let flags = try reader.byte()
    let isComplete = flags & Flags.complete != 0
    guard flags & Flags.deflated != 0 else {
      try self.init(body: &reader, isComplete: isComplete, header)
      return
    }
    let body: [UInt8]
    do {
      body = try MasksRecord.inflated(reader.bytes[try reader.take(reader.remaining)])
    } catch { throw .badValue("the deflated list of masks") }
    var inner = ByteReader(body, 0..<body.count)
    try self.init(body: &inner, isComplete: isComplete, header)
  }

  private static func inflated(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
    var body: [UInt8] = []
    var inflater = try Inflater()
    try inflater.append(bytes.span, to: &body, limit: FormatLimits.masksBytes)
    try inflater.finish()
    return body
  }

  private init(
    body reader: inout ByteReader, isComplete: Bool, _ header: SegmentHeader
  ) throws(FormatError.Reason) {
    self.isComplete = isComplete
    removed = []
    if !isComplete {
      let count = try reader.count(of: "the number of masks removed", upTo: reader.remaining)
      var next = 0
      for _ in 0..<count {
        let place = next + (try reader.count(of: "a mask's place", upTo: ListedMask.limit))
        removed.append(place)
        next = place + 1
      }
    }
    added = []
    // A mask takes at least six bytes.
    let count = try reader.count(of: "the number of masks", upTo: min(ListedMask.limit, reader.remaining / 6))
    added.reserveCapacity(count)
    var roles: [String] = []
    var (x, y) = (0, 0)
    for _ in 0..<count {
      let code = try reader.byte()
      let role = try MasksRecord.role(&reader, &roles)
      x = try MasksRecord.moved(x, by: try reader.zigzag())
      y = try MasksRecord.moved(y, by: try reader.zigzag())
      let width = try reader.count(of: "a mask's width", upTo: FormatLimits.side)
      let height = try reader.count(of: "a mask's height", upTo: FormatLimits.side)
      let mask = ListedMask(
        rect: Rect(x: x, y: y, width: width, height: height), kind: MaskKind(code: code & 7),
        reason: ListedMask.Reason(rawValue: code >> 3) ?? .unknown, role: role)
      try mask.check(header)
      added.append(mask)
    }
  }

  private static func role(
    _ reader: inout ByteReader, _ roles: inout [String]
  ) throws(FormatError.Reason) -> String? {
    let number = try reader.count(of: "a role's number", upTo: roles.count + 1)
    if number == 0 { return nil }
    if number <= roles.count { return roles[number - 1] }
    let count = try reader.count(of: "a role's length", upTo: FormatLimits.roleBytes)
    guard let role = String(validating: reader.bytes[try reader.take(count)], as: UTF8.self) else {
      throw .badValue("a role's name")
    }
    roles.append(role)
    return role
  }

  private static func moved(_ place: Int, by distance: Int64) throws(FormatError.Reason) -> Int {
    guard distance.magnitude <= UInt64(FormatLimits.side) else { throw .badValue("a mask's place") }
    return place + Int(distance)
  }

  func check(_ header: SegmentHeader) throws(FormatError.Reason) {
    guard added.count <= ListedMask.limit else {
      throw .overLimit("the number of masks", value: added.count, limit: ListedMask.limit)
    }
    for mask in added { try mask.check(header) }
    for (before, after) in zip([-1] + removed, removed) where after <= before {
      throw .badValue("a mask's place")
    }
  }
}

extension ListedMask {
  fileprivate func check(_ header: SegmentHeader) throws(FormatError.Reason) {
    guard rect.width > 0, rect.height > 0, rect.x >= 0, rect.y >= 0, rect.maxX <= header.width,
      rect.maxY <= header.height
    else { throw .badValue("a mask's rectangle") }
    guard role?.utf8.count ?? 0 <= FormatLimits.roleBytes, role != "" else {
      throw .badValue("a role's name")
    }
  }
}

extension MaskKind {
  /// The number of the kind in records. Numbers are never reassigned.
  fileprivate var code: UInt8 {
    switch self {
    case .uncovered: 0
    case .gap: 1
    case .other: 2
    case .image: 3
    case .text: 4
    case .input: 5
    case .password: 6
    }
  }

  /// Kinds that a later version may add count as `other`.
  fileprivate init(code: UInt8) {
    self = MaskKind.allCases.first { $0.code == code } ?? .other
  }
}
