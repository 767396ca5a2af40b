import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimFormat
import ScrimStore
import Synchronization

struct UploadReport: Encodable {
  var delivered: Int
  var deliveredBytes: Int
  var rejected: Int
  var damaged: Int
  var dropped: Int
  var waiting: Int

  init(_ summary: UploadSummary) {
    delivered = summary.delivered
    deliveredBytes = summary.deliveredBytes
    rejected = summary.rejected
    damaged = summary.damaged
    dropped = summary.dropped
    waiting = summary.waiting
  }
}

struct CheckReport: Encodable {
  var whole: Int
  var damaged: [String]
  var strangers: [String]
}

struct StatusReport: Encodable {
  struct Count: Encodable {
    var segments: Int
    var bytes: Int

    init(_ count: SpoolStatus.Count) {
      segments = count.segments
      bytes = count.bytes
    }
  }

  var destination: String?
  var sessions: Int
  var waiting: Count
  var sent: Int
  var rejected: Count
  var damaged: Count
  /// By reason: budget, age, deleted.
  var dropped: [String: Count]
  /// The sessions of which segments were dropped.
  var replays: [Replay]
  var oldest: String?
  /// Over the last seconds; nil if nothing is being delivered now.
  var bytesPerSecond: Double?
  var secondsLeft: Double?

  struct Replay: Encodable {
    var session: String
    var replayState = "dropped"
    var reason: String
    var segments: Int
    var bytes: Int

    private enum CodingKeys: String, CodingKey {
      case session, reason, segments, bytes
      case replayState = "replay_state"
    }
  }

  init(_ status: SpoolStatus) {
    destination = status.destination
    sessions = status.sessions
    waiting = Count(status.waiting)
    sent = status.sent
    rejected = Count(status.rejected)
    damaged = Count(status.damaged)
    dropped = Dictionary(
      uniqueKeysWithValues: DropReason.allCases.map {
        ($0.rawValue, Count(status.dropped[$0] ?? SpoolStatus.Count()))
      })
    replays = status.losses.map {
      Replay(
        session: "\($0.session)", reason: $0.reason.rawValue, segments: $0.segments, bytes: $0.bytes)
    }
    oldest = status.oldest.map { RFC3339.string($0) }
    bytesPerSecond = status.rate?.bytesPerSecond
    secondsLeft = status.rate?.seconds(for: status.waiting.bytes)?.rounded()
  }

  /// Such as `40 s`, `12 min`, `3 h 20 min`.
  static func time(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e9))
    if whole < 100 { return "\(whole) s" }
    let minutes = (whole + 30) / 60
    return minutes < 100 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }

  var lines: [String] {
    var lines = ["destination  \(destination ?? "none yet")", "sessions     \(sessions)"]
    lines.append("waiting      \(counted(waiting.segments, "segment")), \(counted(waiting.bytes, "byte"))")
    if let bytesPerSecond, let secondsLeft {
      lines.append(
        "rate         \(Int(bytesPerSecond)) bytes per second, \(StatusReport.time(secondsLeft)) left")
    }
    if let oldest { lines.append("oldest       \(oldest)") }
    lines.append("sent         \(sent) of unfinished sessions")
    lines.append("rejected     \(counted(rejected.segments, "segment")), \(counted(rejected.bytes, "byte"))")
    lines.append("damaged      \(counted(damaged.segments, "segment")), \(counted(damaged.bytes, "byte"))")
    for reason in DropReason.allCases {
      if let count = dropped[reason.rawValue], count.segments > 0 {
        lines.append(
          "dropped      \(counted(count.segments, "segment")), \(counted(count.bytes, "byte")): \(reason.rawValue)"
        )
      }
    }
    return lines
  }
}
