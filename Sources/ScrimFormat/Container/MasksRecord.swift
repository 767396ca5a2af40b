import ScrimImage
public import ScrimRedact

/// The masks in force from a frame on: all of them, or what changed since the record before.
public struct MasksRecord: Hashable, Sendable {
  /// Masks of the previous list that moved by the same distance, as the masks of a dragged window do.
  public struct Movement: Hashable, Sendable {
    /// Pixels to the right, and down.
    public var x: Int
    public var y: Int
    /// Indexes in the previous list, in ascending order.
    public var places: [Int]

    public init(x: Int, y: Int, places: [Int]) {
      self.x = x
      self.y = y
      self.places = places
    }
  }

  /// Whether the record replaces the whole list.
  public var isComplete: Bool
  /// Indexes in the previous list of removed masks, in ascending order; empty if ``isComplete``.
  public var removed: [Int] = []
  /// Masks that move to the end of the list.
  public var moved: Movement?
  /// Masks appended to the list, after the moved ones.
  public var added: [ListedMask]

  public init(all masks: [ListedMask]) {
    isComplete = true
    added = masks
  }

  /// An empty change of the list.
  init() {
    isComplete = false
    added = []
  }

  /// Minimum number of equally moved masks for a movement; with fewer, a movement saves no room.
  private static let movementMinimum = 3

  /// The distance by which most of `gone` became one of `added`.
  fileprivate static func movement(of gone: [ListedMask], to added: Set<ListedMask>) -> (x: Int, y: Int)? {
    guard gone.count >= movementMinimum, added.count >= movementMinimum else { return nil }
    var places: [ListedMask: [ListedMask]] = [:]
    for mask in added { places[mask.atOrigin, default: []].append(mask) }
    var counts: [[Int]: Int] = [:]
    // A sample suffices; comparing all of a long list would take quadratic time.
    for mask in gone.prefix(256) {
      for other in places[mask.atOrigin]?.prefix(64) ?? [] {
        counts[[other.rect.x - mask.rect.x, other.rect.y - mask.rect.y], default: 0] += 1
      }
    }
    let best = counts.max { ($0.value, $0.key[1], $0.key[0]) < ($1.value, $1.key[1], $1.key[0]) }
    guard let best, best.value >= movementMinimum else { return nil }
    return (best.key[0], best.key[1])
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
    let gone = Set(removed + (moved?.places ?? []))
    var after: [ListedMask] = []
    for (place, mask) in before.enumerated() where !gone.contains(place) { after.append(mask) }
    if let moved {
      for place in moved.places where before.indices.contains(place) {
        after.append(before[place].moved(moved.x, moved.y))
      }
    }
    list = after + added
  }

  /// Upper bound of the record's size for a list, in bytes: a mask takes 138 and its role's name, and eight times as many may leave the list.
  package static func sizeBound(of masks: [ListedMask]) -> Int {
    masks.reduce(256) { $0 + 160 + ($1.role?.utf8.count ?? 0) }
  }
}

extension ListedMask {
  fileprivate func moved(_ x: Int, _ y: Int) -> ListedMask {
    var mask = self
    mask.rect.x += x
    mask.rect.y += y
    return mask
  }

  fileprivate var atOrigin: ListedMask { moved(-rect.x, -rect.y) }

  func check(_ header: SegmentHeader) throws(FormatError.Reason) {
    guard rect.width > 0, rect.height > 0, rect.x >= 0, rect.y >= 0, rect.maxX <= header.width,
      rect.maxY <= header.height
    else { throw .badValue("a mask's rectangle") }
    guard role?.utf8.count ?? 0 <= FormatLimits.roleBytes, role != "" else {
      throw .badValue("a role's name")
    }
  }
}

extension [ListedMask] {
  /// Sorts similar masks, and masks of one column, next to each other, because each is coded by its similarity to those before.
  fileprivate var inCodingOrder: [ListedMask] {
    sorted { a, b in
      if a.role != b.role { return (a.role ?? "") < (b.role ?? "") }
      let (first, second) = (a.rect, b.rect)
      return (a.kind.code, a.reason.rawValue, first.x, first.y, first.width, first.height)
        < (b.kind.code, b.reason.rawValue, second.x, second.y, second.width, second.height)
    }
  }
}

/// The list of masks from a segment's records so far, and the change for the next record.
struct MaskHistory: Sendable {
  /// The list after the previous records; nil if the next record must be complete, as at a keyframe.
  private(set) var list: [ListedMask]?
  /// The masks that the list was made of, in their order: the same array while nothing changes.
  private var given: [ListedMask] = []

  mutating func forget() { list = nil }

  /// The record that changes the list to `masks`; nil if the list contains exactly these masks already.
  mutating func record(of masks: [ListedMask]) -> MasksRecord? {
    if list != nil, masks == given { return nil }
    given = masks
    // Removing most of a long list costs more than a new list.
    guard let before = list, before.count <= 8 * masks.count + 64 else {
      let record = MasksRecord(all: masks.inCodingOrder)
      list = record.added
      return record
    }
    var added = Set(masks)
    var gone: [(place: Int, mask: ListedMask)] = []
    for (place, mask) in before.enumerated() where added.remove(mask) == nil { gone.append((place, mask)) }
    if gone.isEmpty, added.isEmpty { return nil }
    var record = MasksRecord()
    if let (x, y) = MasksRecord.movement(of: gone.map(\.mask), to: added) {
      var places: [Int] = []
      for (place, mask) in gone where added.remove(mask.moved(x, y)) != nil { places.append(place) }
      record.moved = MasksRecord.Movement(x: x, y: y, places: places)
    }
    let moved = Set(record.moved?.places ?? [])
    record.removed = gone.map(\.place).filter { !moved.contains($0) }
    record.added = Array(added).inCodingOrder
    record.apply(to: &list)
    return record
  }
}
