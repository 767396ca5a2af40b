/// Keys of a live screen that wait until the boxes are known which were read behind them.
///
/// Trees are read late: a key may be pressed in a password field of which it is not known yet that it has the focus, and the last ones of a
/// password come when the focus may be elsewhere already. So a key is recorded only where neither the boxes at its time nor those read behind
/// it hide keys. One a second is held, since more are not kept.
struct HeldKeys: Hashable {
  private struct Key: Hashable {
    var moment: Int64
    var isAdmitted: Bool
  }

  private var keys: [Key] = []

  private static let second: Int64 = 1_000_000_000
  private static let limit = 64

  /// - Parameter admits: whether a key may be recorded by the boxes known at its time.
  /// - Returns: whether it is held: false where another one of its second is.
  mutating func hold(_ moment: Int64, admits: Bool) -> Bool {
    if let last = keys.last, last.moment / HeldKeys.second == moment / HeldKeys.second {
      // The second counts as the key that must not be recorded.
      keys[keys.count - 1].isAdmitted = last.isAdmitted && admits
      return false
    }
    if keys.count == HeldKeys.limit { keys.removeFirst() }
    keys.append(Key(moment: moment, isAdmitted: admits))
    return true
  }

  /// The keys that came before boxes were read, and may be recorded.
  ///
  /// - Parameters:
  ///   - reading: when the reading of the boxes began.
  ///   - admits: whether a key may be recorded by them.
  mutating func released(by reading: Int64, admits: Bool) -> [Int64] {
    let judged = keys.prefix { $0.moment < reading }
    keys.removeFirst(judged.count)
    return admits ? judged.filter(\.isAdmitted).map(\.moment) : []
  }
}
