import Foundation
import ScrimRecorder
import ScrimRedact

/// What a recording came to, for people and machines.
struct RecordReport: Encodable {
  var frames: Int
  var withheldFrames: Int
  var failedClosedFrames: Int
  var partialTrees: Int
  var lostFrames: Int
  var events: Int
  var droppedEvents: Int
  var lostEvents: Int
  var segments: Int
  var bytes: Int
  /// Rules that decided nothing, by their index in the policy.
  var rulesNeverMatched: [Int]
  var unknownRoles: [String: Int]
  var masksByReason: [String: Int]
  /// Of a live screen that trees were read of: its windows, by the number in which they were met.
  var windows: [WindowReport]?
  /// Events that were merged into others or given up for their number.
  var thinnedEvents: Int
  /// Those that were written, where there may be several.
  var sessions: [SessionLog.Entry]?
  var shortSessions: Int?

  /// The share of the picture, 0...1, that boxes masked at the end.
  var maskedShare: Double
  private let isLive: Bool

  private enum CodingKeys: String, CodingKey {
    case frames, withheldFrames, failedClosedFrames, partialTrees, lostFrames, events, droppedEvents,
      lostEvents, segments, bytes,
      rulesNeverMatched, unknownRoles, masksByReason, windows, maskedShare, thinnedEvents, sessions,
      shortSessions
  }

  init(
    _ summary: RecordingSummary, _ policy: MaskPolicy, windows: [SourceWindow] = [], isLive: Bool = false
  ) {
    self.isLive = isLive
    maskedShare = summary.maskedShare
    frames = summary.frames
    withheldFrames = summary.withheldFrames
    failedClosedFrames = summary.failedClosedFrames
    partialTrees = summary.partialTrees
    lostFrames = summary.lostFrames
    events = summary.events
    droppedEvents = summary.droppedEvents
    lostEvents = summary.lostEvents
    segments = summary.segments
    bytes = summary.bytes
    rulesNeverMatched = summary.usage.neverMatchedRules
    unknownRoles = summary.usage.unknownRoles
    masksByReason = summary.usage.masksByReason
    thinnedEvents = summary.thinnedEvents
    shortSessions = summary.shortSessions > 0 ? summary.shortSessions : nil
    guard !windows.isEmpty else { return }
    self.windows = windows.map { WindowReport($0, summary.withheldWindows.entries[$0.window]) }
  }

  static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

  /// Where a live recording stands, for a line a second.
  static func progress(_ summary: RecordingSummary) -> String {
    "\(summary.frames) frames, \(summary.events) events, \(percent(summary.maskedShare)) masked"
  }

  var lines: [String] {
    var lines = [
      "\(frames) frames in \(segments) segments, \(bytes) bytes; \(events) events kept, \(droppedEvents) dropped"
    ]
    if withheldFrames > 0 {
      lines.append(
        "\(withheldFrames) frames show older content or fill in part: it had not settled, or no tree explained it"
      )
    }
    if failedClosedFrames > 0 {
      lines.append(
        isLive
          ? "\(failedClosedFrames) frames are fill: no tree had been read for them"
          : "\(failedClosedFrames) frames are fill: their boxes or pixels could not be had")
    }
    if partialTrees > 0 {
      lines.append(
        "\(partialTrees) frames came with a tree read in part: it clears nothing, or has its gaps masked")
    }
    if lostFrames > 0 { lines.append("\(lostFrames) frames are lost") }
    if lostEvents > 0 { lines.append("\(lostEvents) events could not be read") }
    let all = windows ?? []
    let open = all.filter(\.open).prefix(WindowReport.lineLimit)
    lines += open.map(\.line)
    if all.count > open.count {
      lines.append("\(all.count - open.count) more windows, most of them closed since, are in --json")
    }
    for rule in rulesNeverMatched { lines.append("warning: rule \(rule) of the policy never matched") }
    for role in unknownRoles.sorted(by: { $0.key < $1.key }) {
      lines.append("warning: role \(role.key) is not known (\(role.value) widgets)")
    }
    return lines
  }
}
