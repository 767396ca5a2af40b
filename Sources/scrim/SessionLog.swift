import ScrimFormat
import ScrimRecorder
import ScrimStore
import ScrimSystem

/// Log of the sessions of a recording.
final class SessionLog: Sendable {
  struct Entry: Encodable, Sendable {
    var id: String
    var folder: String
    var ended: String?
  }

  private let entries = ConditionLock([Entry]())
  private let isQuiet: Bool

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  var all: [Entry] { entries.withValue { $0 } }
  var isEmpty: Bool { all.isEmpty }
  var ids: [SessionID] { all.compactMap { SessionID($0.id) } }

  func note(_ change: SessionChange) {
    switch change {
    case .written(let id, let folder):
      entries.withValue { $0.append(Entry(id: "\(id)", folder: folder.path)) }
      say("session \(id) written to \(folder.path)")
    case .ended(let id, let end):
      entries.withValue { entries in
        if let place = entries.lastIndex(where: { $0.id == "\(id)" }) { entries[place].ended = end.rawValue }
      }
      say("session \(id) ended: \(end.rawValue)")
    case .paused(let id): say("session \(id) paused")
    case .resumed(let id): say("session \(id) continued")
    case .recovered(let id, let folder):
      entries.withValue { $0.append(Entry(id: "\(id)", folder: folder.path, ended: "crash")) }
      say("session \(id), which a recorder that was killed had buffered, is written to \(folder.path)")
    case .crashBufferLost(let id, let error):
      say("session \(id) would be lost by a crash from now on: \(error)")
    case .dropped(let id, let reason): say("session \(id) dropped: \(reason.rawValue)")
    // The delivery says so itself.
    case .replayDropped: break
    case .began: break
    }
  }

  private func say(_ line: String) { if !isQuiet { Terminal.say(line) } }
}
