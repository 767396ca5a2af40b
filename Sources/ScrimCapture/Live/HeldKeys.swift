/// Key presses of a live screen that wait for the boxes read after them.
///
/// Trees are read late: a key may be pressed in a password field whose focus is not known yet, and the last keys of a password may come
/// when the focus has moved on. So a key is recorded only if neither the boxes at its time nor those read after it hide keys. At most
/// one key per second is held, because no more are recorded.
struct HeldKeys: Hashable {
  private struct Key: Hashable {
    var moment: Int64
    var isAdmitted: Bool
  }

  private var keys: [Key] = []

  private static let second: Int64 = 1_000_000_000
  private static let limit = 64

  /// - Parameter admits: whether a key may be recorded by the boxes known at its time.
  /// - Returns: whether it is held; false if another key of the same second is held already.
  mutating func hold(_ moment: Int64, admits: Bool) -> Bool {
    if let last = keys.last, last.moment / HeldKeys.second == moment / HeldKeys.second {
      // The whole second counts as hidden, because one of its keys must not be recorded.
      keys[keys.count - 1].isAdmitted = last.isAdmitted && admits
      return false
    }
    if keys.count == HeldKeys.limit { keys.removeFirst() }
    keys.append(Key(moment: moment, isAdmitted: admits))
    return true
  }

  /// The keys pressed before a reading of the boxes that may be recorded.
  ///
  /// - Parameters:
  ///   - reading: the start of the reading of the boxes.
  ///   - admits: whether a key may be recorded by them.
  mutating func released(by reading: Int64, admits: Bool) -> [Int64] {
    let judged = keys.prefix { $0.moment < reading }
    keys.removeFirst(judged.count)
    return admits ? judged.filter(\.isAdmitted).map(\.moment) : []
  }
}
