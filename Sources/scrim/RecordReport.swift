import Foundation
import ScrimRecorder
import ScrimRedact

/// Result of a recording, for people and machines.
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
  /// For a live screen with accessibility trees: its windows, numbered in order of appearance.
  var windows: [WindowReport]?
  /// Events that were merged into others, or dropped because there were too many.
  var thinnedEvents: Int
  /// The sessions that were written, if there may be several.
  var sessions: [SessionLog.Entry]?
  var shortSessions: Int?

  /// The share of the picture, 0...1, that boxes masked at the end.
  var maskedShare: Double
  private let isLive: Bool
  /// Whether the policy's rules are not the user's.
  private let isPreset: Bool

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
    isPreset = MaskPolicy.Preset.allCases.contains { policy == MaskPolicy(preset: $0) }
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

  /// The state of a live recording, printed once a second.
  static func progress(_ summary: RecordingSummary) -> String {
    "\(counted(summary.frames, "frame")), \(counted(summary.events, "event")), \(counted(summary.bytes, "byte")), \(percent(summary.maskedShare)) masked"
  }

  var lines: [String] {
    var lines = [
      "\(counted(frames, "frame")) in \(counted(segments, "segment")), \(counted(bytes, "byte")); \(counted(events, "event")) kept, \(droppedEvents) dropped"
    ]
    if withheldFrames > 0 {
      lines.append(
        "\(counted(withheldFrames, "frame")) with older content or fill in part: the new content had not settled, or no tree explained it"
      )
    }
    if failedClosedFrames > 0 {
      lines.append(
        isLive
          ? "\(counted(failedClosedFrames, "frame")) completely filled: no tree had been read yet"
          : "\(counted(failedClosedFrames, "frame")) completely filled: boxes or pixels were not available")
    }
    if partialTrees > 0 {
      lines.append(
        "\(counted(partialTrees, "frame")) with an incomplete tree, which clears nothing or has its gaps masked"
      )
    }
    if lostFrames > 0 { lines.append("\(counted(lostFrames, "frame")) lost") }
    if lostEvents > 0 { lines.append("\(counted(lostEvents, "unreadable event"))") }
    let all = windows ?? []
    let open = all.filter(\.open).prefix(WindowReport.lineLimit)
    lines += open.map(\.line)
    if all.count > open.count {
      lines.append("\(counted(all.count - open.count, "more window")) (most of them closed since) in --json")
    }
    for rule in isPreset ? [] : rulesNeverMatched {
      lines.append("warning: rule \(rule) of the policy (the first is 0) never matched")
    }
    for role in unknownRoles.sorted(by: { $0.key < $1.key }) {
      lines.append("warning: unknown role \(role.key) (\(counted(role.value, "widget")))")
    }
    return lines
  }
}
