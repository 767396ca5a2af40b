import Synchronization

/// Cache of the rules' name conditions by name: consecutive trees have nearly all of their names in common.
///
/// Kept in memory only, at most ``limit`` names of at most ``lengthLimit`` bytes. A name is compared
/// completely, never by its hash alone.
final class NameMemory: Sendable {
  static let limit = 8192
  static let lengthLimit = 256

  private struct State {
    var places: [String: Int] = [:]
    /// For each slot, one bit per rule.
    var bits: [UInt64] = []
  }

  private let rules: [MaskPolicy.Rule]
  /// 64-bit words for a name's bits.
  let words: Int
  private let state = Mutex(State())

  /// - Returns: nil if no rule has a name condition.
  init?(_ rules: [MaskPolicy.Rule]) {
    guard rules.contains(where: { !$0.names.isEmpty }) else { return nil }
    self.rules = rules
    words = (rules.count + 63) / 64
  }

  /// For each widget in turn, one bit per rule: whether the rule's name condition holds.
  func conditions(of widgets: [Widget]) -> [UInt64] {
    var result: [UInt64] = []
    result.reserveCapacity(widgets.count * words)
    state.withLock { state in
      for widget in widgets {
        let name = widget.name
        if let place = state.places[name] {
          if words == 1 {
            result.append(state.bits[place])
          } else {
            result += state.bits[place * words..<(place + 1) * words]
          }
          continue
        }
        let first = result.count
        for start in stride(from: 0, to: rules.count, by: 64) {
          var word: UInt64 = 0
          for rule in start..<min(start + 64, rules.count) where rules[rule].holds(forName: name) {
            word |= 1 << UInt64(rule - start)
          }
          result.append(word)
        }
        guard name.utf8.count <= NameMemory.lengthLimit else { continue }
        if state.places.count >= NameMemory.limit { state = State() }
        state.places[name] = state.bits.count / words
        state.bits += result[first...]
      }
    }
    return result
  }
}
