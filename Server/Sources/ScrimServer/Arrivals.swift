import ScrimFormat
import Synchronization

/// Segments and manifests that are being stored now.
///
/// The index knows what is stored, so two that contradict each other and arrive at the same time would both pass the
/// check against it. The second of them waits: its sender is asked to come again, and then finds the first one in the
/// index. What doesn't contradict is stored side by side.
final class Arrivals: Sendable {
  enum Item: Sendable {
    case segment(index: Int, digest: SHA256Digest, previous: SHA256Digest)
    /// The digests that it lists.
    case manifest([SHA256Digest])

    fileprivate func contradicts(_ other: Item) -> Bool {
      switch (self, other) {
      case (.segment(let index, let digest, let previous), .segment(let place, let that, let before)):
        index == place && digest != that || index + 1 == place && digest != before
          || place + 1 == index && that != previous
      case (.segment(let index, let digest, let previous), .manifest(let list)),
        (.manifest(let list), .segment(let index, let digest, let previous)):
        list.indices.contains(index) && list[index] != digest
          || list.indices.contains(index - 1) && list[index - 1] != previous
      // The store replaces one after the other.
      case (.manifest, .manifest): false
      }
    }
  }

  private struct Key: Hashable {
    var project: String
    var session: SessionID
  }

  private struct State {
    var items: [Key: [Int: Item]] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  /// Calls `body` unless the item contradicts one that is being stored; then returns nil.
  func with<Value>(
    _ item: Item, of session: SessionID, project: String, _ body: () throws -> Value
  ) rethrows -> Value? {
    let key = Key(project: project, session: session)
    let number: Int? = state.withLock { state in
      guard !(state.items[key] ?? [:]).values.contains(where: { $0.contradicts(item) }) else { return nil }
      state.next += 1
      state.items[key, default: [:]][state.next] = item
      return state.next
    }
    guard let number else { return nil }
    defer {
      state.withLock { state in
        state.items[key]?[number] = nil
        if state.items[key]?.isEmpty == true { state.items[key] = nil }
      }
    }
    return try body()
  }
}
