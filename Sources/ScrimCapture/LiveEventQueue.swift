import ScrimRedact
import ScrimSystem

/// Events from a thread of their own that wait for the recording: bounded, and what has no room is dropped
/// and counted, so that neither side waits for the other.
package final class LiveEventQueue: Sendable {
  enum Entry: Sendable {
    case event(Event)
    case fault(CaptureIssue, count: Int)
  }

  private struct State {
    var entries: [Entry] = []
    var dropped = 0
    var isClosed = false
  }

  private let state = ConditionLock(State())
  /// What the events come from, for messages.
  let place: String
  /// Maximum number of waiting events.
  static let limit = 4096

  init(place: String) { self.place = place }

  /// Whether nothing takes events any more, so that their thread may end.
  var isClosed: Bool { state.withValue { $0.isClosed } }

  func close() { state.withValue { $0.isClosed = true } }

  func post(_ event: Event) { post(.event(event)) }

  func post(fault message: String) { post(.fault(CaptureIssue(place: place, message: message), count: 1)) }

  private func post(_ entry: Entry) {
    state.withValue { state in
      if state.entries.count < LiveEventQueue.limit {
        state.entries.append(entry)
      } else {
        state.dropped += 1
      }
    }
  }

  /// The next entry; after the last one, the number of dropped ones.
  func take() -> Entry? {
    state.withValue { state in
      guard state.entries.isEmpty else { return state.entries.removeFirst() }
      guard state.dropped > 0 else { return nil }
      defer { state.dropped = 0 }
      let message =
        "\(state.dropped) events were dropped, because they came faster than they could be recorded"
      return .fault(CaptureIssue(place: place, message: message), count: state.dropped)
    }
  }
}
