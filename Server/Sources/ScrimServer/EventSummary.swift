import Foundation
import ScrimFormat

/// The data of a segment's events that the index keeps: ids by which a replay is found, counts, and words to
/// search.
struct EventSummary {
  /// Ids with the time of their first use, in nanoseconds on the session's clock.
  var errors: [String: Int64?] = [:]
  var traces: [String: Int64?] = [:]
  var errorCount = 0
  var failedTests = 0
  var passedTests = 0
  /// The summary of the session and its rank: an error (0), a test (1), a navigation (2).
  var headline: (rank: Int, text: String)?
  /// Searchable names, messages and addresses.
  var words = ""

  private static let headlineLimit = 160
  private static let wordsLimit = 4000

  init(_ events: [EventRecord]) {
    for event in events {
      guard let object = (try? JSONSerialization.jsonObject(with: Data(event.json))) as? [String: Any] else {
        continue
      }
      func text(_ key: String) -> String { object[key] as? String ?? "" }
      if let trace = object["trace_id"] as? String { EventSummary.note(trace, event.time, in: &traces) }
      switch object["type"] as? String {
      case "error":
        errorCount += 1
        if let error = object["id"] as? String { EventSummary.note(error, event.time, in: &errors) }
        describe(0, [text("name"), text("message")].filter { !$0.isEmpty }.joined(separator: ": "))
      case "test":
        if text("phase") == "failed" { failedTests += 1 }
        if text("phase") == "passed" { passedTests += 1 }
        describe(1, text("name"))
      case "navigation": describe(2, text("url").isEmpty ? text("name") : text("url"))
      case "mark": add(text("name"))
      default: break
      }
    }
  }

  private static func note(_ id: String, _ time: Int64, in ids: inout [String: Int64?]) {
    ids[id] = min(time, (ids[id] ?? nil) ?? time)
  }

  private mutating func describe(_ rank: Int, _ text: String) {
    guard !text.isEmpty else { return }
    if headline.map({ rank < $0.rank }) ?? true {
      headline = (rank, String(text.prefix(EventSummary.headlineLimit)))
    }
    add(text)
  }

  private mutating func add(_ text: String) {
    guard words.utf8.count + text.utf8.count < EventSummary.wordsLimit, !words.contains(text) else { return }
    words += words.isEmpty ? text : " " + text
  }
}
