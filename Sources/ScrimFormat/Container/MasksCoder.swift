import ScrimImage
import ScrimRedact

/// Encodes and decodes the masks records of a segment. The state follows from the records since the last complete record.
struct MasksCoder: Sendable {
  /// Masks in force; nil before the first complete record.
  private(set) var masks: [ListedMask]?
  private var models = MaskModels()
  private var recent = RecentMasks()
  /// The sum of the list's lengths after each record so far.
  private var listed = 0
  /// The limit of ``listed``.
  private let listedLimit: Int

  init(listedLimit: Int = FormatLimits.listedMasks) { self.listedLimit = listedLimit }

  /// With an empty list, for a complete record.
  private var restarted: MasksCoder {
    var coder = MasksCoder(listedLimit: listedLimit)
    coder.listed = listed
    return coder
  }

  /// Clears the list, as at a keyframe.
  mutating func forget() { masks = nil }

  /// Returns the record's payload. A call that throws changes nothing.
  mutating func payload(
    of record: MasksRecord, _ header: SegmentHeader
  ) throws(FormatError.Reason) -> [UInt8] {
    try check(record, header)
    var bits = BitEncoder()
    if record.isComplete {
      self = restarted
    } else {
      append(record, to: &bits)
    }
    models.append(record.added.count, to: &bits)
    for mask in record.added { append(mask, to: &bits) }
    record.apply(to: &masks)
    listed += masks?.count ?? 0
    return [record.isComplete ? MasksCoder.complete : 0] + bits.finish()
  }

  private static let complete: UInt8 = 1

  private func check(_ record: MasksRecord, _ header: SegmentHeader) throws(FormatError.Reason) {
    guard record.isComplete || masks != nil else { throw .masksWithoutList }
    let count = record.isComplete ? 0 : masks?.count ?? 0
    for places in [record.removed, record.moved?.places ?? []] {
      for (before, after) in zip([-1] + places, places) where after <= before || after >= count {
        throw .badValue("a mask's place")
      }
    }
    for mask in record.added { try mask.check(header) }
    var after = self
    try after.apply(record, header)
    try checkCount(after.masks?.count ?? 0)
  }

  /// Checks the length of the next list.
  private func checkCount(_ count: Int) throws(FormatError.Reason) {
    guard count <= ListedMask.limit else {
      throw .overLimit("the number of masks", value: count, limit: ListedMask.limit)
    }
    guard listed + count <= listedLimit else {
      throw .overLimit("the number of masks in all lists", value: listed + count, limit: listedLimit)
    }
  }

  private mutating func append(_ record: MasksRecord, to bits: inout BitEncoder) {
    bits.append(record.moved != nil, &models.movement)
    if let moved = record.moved {
      models.append(zigzag: moved.x, to: &bits)
      models.append(zigzag: moved.y, to: &bits)
    }
    var (removed, moved) = (record.removed[...], record.moved?.places[...] ?? [])
    var wasGone = false
    for place in (masks ?? []).indices {
      let (isRemoved, isMoved) = (removed.first == place, moved.first == place)
      bits.append(isRemoved || isMoved, &models.gone[wasGone ? 1 : 0])
      wasGone = isRemoved || isMoved
      guard wasGone else { continue }
      if record.moved != nil { bits.append(isMoved, &models.moved) }
      if isMoved { moved = moved.dropFirst() } else { removed = removed.dropFirst() }
    }
  }

  private mutating func append(_ mask: ListedMask, to bits: inout BitEncoder) {
    let style = MaskStyle(kind: mask.kind, reason: mask.reason, role: mask.role)
    if !models.append(style, among: recent.styles, .style, to: &bits) { append(style, to: &bits) }
    let (rect, before) = (mask.rect, recent.rect)
    if !models.append(rect.x, among: recent.candidatesForX, .x, to: &bits) {
      models.append(zigzag: rect.x - before.x, to: &bits)
    }
    if !models.append(rect.y, among: recent.candidatesForY(x: rect.x), .y, to: &bits) {
      models.append(zigzag: rect.y - before.y, to: &bits)
    }
    if !models.append(rect.width, among: recent.candidatesForWidth, .width, to: &bits) {
      models.append(rect.width, to: &bits)
    }
    if !models.append(rect.height, among: recent.candidatesForHeight, .height, to: &bits) {
      models.append(rect.height, to: &bits)
    }
    recent.note(style, rect)
  }

  /// Codes a kind, reason and role that are not among the recent ones.
  private mutating func append(_ style: MaskStyle, to bits: inout BitEncoder) {
    let code = style.role.map { MaskRoles.codes[$0] ?? MaskRoles.writtenOut } ?? 0
    bits.append(code, bits: MaskRoles.codeBits)
    if code == MaskRoles.writtenOut, let role = style.role {
      bits.append(role.utf8.count, bits: 8)
      for byte in role.utf8 { bits.append(Int(byte), bits: 8) }
    }
    let before = recent.newestStyle
    bits.append(style.kind == before.kind, &models.sameKind)
    if style.kind != before.kind { bits.append(Int(style.kind.code), bits: 3) }
    bits.append(style.reason == before.reason, &models.sameReason)
    if style.reason != before.reason { bits.append(Int(style.reason.rawValue), bits: 5) }
    recent.newestStyle = style
  }

  /// Reads a record. A call that throws changes nothing.
  mutating func record(
    _ reader: inout ByteReader, _ header: SegmentHeader
  ) throws(FormatError.Reason) -> MasksRecord {
    let isComplete = try reader.byte() & MasksCoder.complete != 0
    var bits = BitDecoder(reader.bytes[try reader.take(reader.remaining)])
    var after = isComplete ? restarted : self
    var record = isComplete ? MasksRecord(all: []) : try after.change(&bits)
    var kept = 0
    if !isComplete { kept = (masks?.count ?? 0) - record.removed.count }
    let count = try after.models.number(&bits)
    try checkCount(kept + count)
    for _ in 0..<count {
      let mask = try after.mask(&bits)
      try mask.check(header)
      record.added.append(mask)
    }
    try after.apply(record, header)
    after.listed += kept + count
    self = after
    return record
  }

  /// Updates the list; throws if a moved mask leaves the picture.
  private mutating func apply(_ record: MasksRecord, _ header: SegmentHeader) throws(FormatError.Reason) {
    record.apply(to: &masks)
    guard let moved = record.moved, let masks else { return }
    let end = masks.count - record.added.count
    for mask in masks[(end - moved.places.count)..<end] { try mask.check(header) }
  }

  private mutating func change(_ bits: inout BitDecoder) throws(FormatError.Reason) -> MasksRecord {
    guard let masks else { throw .masksWithoutList }
    var record = MasksRecord()
    if try bits.bit(&models.movement) {
      record.moved = MasksRecord.Movement(
        x: try models.zigzag(&bits), y: try models.zigzag(&bits), places: [])
    }
    var wasGone = false
    for place in masks.indices {
      wasGone = try bits.bit(&models.gone[wasGone ? 1 : 0])
      guard wasGone else { continue }
      if record.moved != nil, try bits.bit(&models.moved) {
        record.moved?.places.append(place)
      } else {
        record.removed.append(place)
      }
    }
    return record
  }

  private mutating func mask(_ bits: inout BitDecoder) throws(FormatError.Reason) -> ListedMask {
    let style: MaskStyle
    if let known = try models.candidate(of: recent.styles, .style, &bits) {
      style = known
    } else {
      style = try newStyle(&bits)
    }
    let before = recent.rect
    let x = try place(among: recent.candidatesForX, .x, before: before.x, &bits)
    let y = try place(among: recent.candidatesForY(x: x), .y, before: before.y, &bits)
    let width = try size(among: recent.candidatesForWidth, .width, &bits)
    let height = try size(among: recent.candidatesForHeight, .height, &bits)
    let rect = Rect(x: x, y: y, width: width, height: height)
    recent.note(style, rect)
    return ListedMask(rect: rect, kind: style.kind, reason: style.reason, role: style.role)
  }

  private mutating func place(
    among list: [Int], _ field: MaskModels.Field, before: Int, _ bits: inout BitDecoder
  ) throws(FormatError.Reason) -> Int {
    if let known = try models.candidate(of: list, field, &bits) { return known }
    return before + (try models.zigzag(&bits))
  }

  private mutating func size(
    among list: [Int], _ field: MaskModels.Field, _ bits: inout BitDecoder
  ) throws(FormatError.Reason) -> Int {
    if let known = try models.candidate(of: list, field, &bits) { return known }
    return try models.number(&bits)
  }

  private mutating func newStyle(_ bits: inout BitDecoder) throws(FormatError.Reason) -> MaskStyle {
    var style = recent.newestStyle
    let code = try bits.number(bits: MaskRoles.codeBits)
    switch code {
    case 0: style.role = nil
    case MaskRoles.writtenOut:
      var name: [UInt8] = []
      for _ in 0..<(try bits.number(bits: 8)) { name.append(UInt8(try bits.number(bits: 8))) }
      guard let role = String(validating: name, as: UTF8.self) else { throw .badValue("a role's name") }
      style.role = role
    default: style.role = MaskRoles.names[code - 1]
    }
    if try !bits.bit(&models.sameKind) { style.kind = MaskKind(code: UInt8(try bits.number(bits: 3))) }
    if try !bits.bit(&models.sameReason) {
      style.reason = ListedMask.Reason(rawValue: UInt8(try bits.number(bits: 5))) ?? .unknown
    }
    recent.newestStyle = style
    return style
  }
}

/// Properties of a mask except its rectangle.
struct MaskStyle: Hashable, Sendable {
  var kind: MaskKind
  var reason: ListedMask.Reason
  var role: String?
}

/// The models of a segment's masks.
private struct MaskModels: Sendable {
  /// The field of a number.
  enum Field: Int { case style, x, y, width, height }

  var movement = BitModel()
  var moved = BitModel()
  /// Indexed by whether the mask before it in the list is gone.
  var gone = [BitModel](repeating: BitModel(), count: 2)
  var sameKind = BitModel()
  var sameReason = BitModel()
  /// Indexed by field: whether the value is the first candidate, and whether it is a later one.
  private var candidates = [BitModel](repeating: BitModel(), count: 10)
  /// Whether a number has more digits than the index in this list.
  private var digits = [BitModel](repeating: BitModel(), count: MaskModels.digitsLimit)

  /// Maximum of the number of binary digits of a number plus one, less one.
  private static let digitsLimit = 18

  /// Codes a number from 0: its number of digits in unary, then the digits after the first.
  mutating func append(_ number: Int, to bits: inout BitEncoder) {
    let count = Int.bitWidth - 1 - (number + 1).leadingZeroBitCount
    for place in 0..<count { bits.append(true, &digits[place]) }
    bits.append(false, &digits[count])
    bits.append(number + 1, bits: count)
  }

  mutating func append(zigzag number: Int, to bits: inout BitEncoder) {
    append(number << 1 ^ number >> (Int.bitWidth - 1), to: &bits)
  }

  mutating func number(_ bits: inout BitDecoder) throws(FormatError.Reason) -> Int {
    var count = 0
    while try bits.bit(&digits[count]) {
      count += 1
      guard count < MaskModels.digitsLimit else { throw .badValue("a number in the list of masks") }
    }
    return (1 << count | (try bits.number(bits: count))) - 1
  }

  mutating func zigzag(_ bits: inout BitDecoder) throws(FormatError.Reason) -> Int {
    let number = try number(&bits)
    return number >> 1 ^ -(number & 1)
  }

  /// Codes the index of a value among the candidates; returns false if it is not among them.
  mutating func append<Value: Equatable>(
    _ value: Value, among list: [Value], _ field: Field, to bits: inout BitEncoder
  ) -> Bool {
    for (place, candidate) in list.enumerated() {
      bits.append(candidate == value, &candidates[2 * field.rawValue + min(place, 1)])
      if candidate == value { return true }
    }
    return false
  }

  mutating func candidate<Value>(
    of list: [Value], _ field: Field, _ bits: inout BitDecoder
  ) throws(FormatError.Reason) -> Value? {
    for (place, candidate) in list.enumerated()
    where try bits.bit(&candidates[2 * field.rawValue + min(place, 1)]) {
      return candidate
    }
    return nil
  }
}

/// Values that a mask often shares with the masks before it.
private struct RecentMasks: Sendable {
  /// The previous mask; the origin for the first.
  private(set) var rect = Rect(x: 0, y: 0, width: 0, height: 0)
  /// Of the last mask whose kind, reason and role were new.
  var newestStyle = MaskStyle(kind: .text, reason: .default, role: nil)
  private(set) var styles: [MaskStyle] = []
  /// The latest first, each once.
  private var xs: [Int] = []
  private var ys: [Int] = []
  private var widths: [Int] = []
  private var heights: [Int] = []
  /// Pixels from the right edge of a mask to the left edge of the next one in its row, and the same down a column.
  private var gapX = 0
  private var gapY = 0

  private static let count = 16

  var candidatesForX: [Int] { RecentMasks.first([rect.x, rect.x + rect.width + gapX] + xs) }
  var candidatesForWidth: [Int] { RecentMasks.first([rect.width] + widths) }
  var candidatesForHeight: [Int] { RecentMasks.first([rect.height] + heights) }

  func candidatesForY(x: Int) -> [Int] {
    let below = rect.y + rect.height + gapY
    return RecentMasks.first((x == rect.x ? [below, rect.y] : [rect.y, below]) + ys)
  }

  private static func first(_ values: [Int]) -> [Int] {
    var list: [Int] = []
    for value in values where value >= 0 && !list.contains(value) {
      list.append(value)
      if list.count == count { break }
    }
    return list
  }

  mutating func note(_ style: MaskStyle, _ next: Rect) {
    if next.x > rect.x { gapX = next.x - rect.x - rect.width }
    if next.y > rect.y { gapY = next.y - rect.y - rect.height }
    RecentMasks.push(style, to: &styles)
    RecentMasks.push(next.x, to: &xs)
    RecentMasks.push(next.y, to: &ys)
    RecentMasks.push(next.width, to: &widths)
    RecentMasks.push(next.height, to: &heights)
    rect = next
  }

  private static func push<Value: Equatable>(_ value: Value, to list: inout [Value]) {
    if list.first == value { return }
    list.removeAll { $0 == value }
    list.insert(value, at: 0)
    if list.count > count { list.removeLast() }
  }
}

extension MaskKind {
  /// Its number in records. Numbers are never reused.
  var code: UInt8 {
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

  /// Numbers of later versions count as `other`.
  init(code: UInt8) {
    self = MaskKind.allCases.first { $0.code == code } ?? .other
  }
}
