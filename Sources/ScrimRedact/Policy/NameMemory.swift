import Synchronization

/// Which rules' name conditions hold for names that were seen before: a tree repeats nearly all of its names in the next.
///
/// Kept in memory alone, at most ``limit`` names of at most ``lengthLimit`` bytes. A name is compared as a whole, never by its hash alone.
final class NameMemory: Sendable {
  static let limit = 8192
  static let lengthLimit = 256

  private struct State {
    var places: [String: Int] = [:]
    /// The rules of each place, a bit a rule.
    var bits: [UInt64] = []
  }

  private let rules: [MaskPolicy.Rule]
  /// Words of a name's bits.
  let words: Int
  private let state = Mutex(State())

  /// - Returns: nil where no rule asks for a name.
  init?(_ rules: [MaskPolicy.Rule]) {
    guard rules.contains(where: { !$0.names.isEmpty }) else { return nil }
    self.rules = rules
    words = (rules.count + 63) / 64
  }

  /// For each widget in turn, a bit a rule: whether what the rule says of names holds.
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
