import Foundation
import ScrimExport
import ScrimFormat
import ScrimPlayer
import ScrimStore

/// The page of one session: the player, which loads its segments from this server.
struct PlayerDocument: Sendable {
  let session: String
  let view: SessionView
  let assets: PageAssets
  let traceURL: String?
  let isEmbedded: Bool

  var markup: Markup {
    var description = PageDescription(view.manifest, open: view.open)
    description.traceURL = traceURL
    description.findings = view.findings
    description.server = PageDescription.Server(
      segments: "/v1/sessions/\(session)/segments/", worker: assets.worker, live: "/s/\(session)/live",
      open: "/s/\(session)/open", interval: view.interval, isRecording: view.isRecording,
      isEmbedded: isEmbedded)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Session \(String(session.prefix(8)))</title>
      <link rel="icon" href="\(assets.icon)">
      <link rel="stylesheet" href="\(assets.playerStyle)">
      </head>
      <body>
      <noscript><div class="strip"><p>Playing this session needs scripts. This picture is of it.</p><img src="/s/\(session)/thumbnail" alt="The screen in the middle of the session"></div></noscript>
      \(Markup(trusted: PlayerPage.markup))
      <script type="application/json" id="scrim-session">\(Markup(trusted: description.json))</script>
      <script src="\(assets.playerScript)"></script>
      </body>
      </html>

      """
  }
}

/// A session as a page shows it.
struct SessionView: Sendable {
  var manifest: SessionManifest
  /// The complete part of the segment that is being recorded.
  var open: OpenSegment?
  var isRecording: Bool
  /// The interval in milliseconds at which a page may ask for new data.
  var interval: Int
  /// Rage clicks, dead clicks and frozen screens; nil if they are unknown.
  var findings: [Finding]?

  var isEmpty: Bool { manifest.segments.isEmpty && open == nil }
}

/// The answer of `/s/{session}/live`.
struct LiveAnswer: Encodable {
  /// The segments after the known ones, with the open one at the end.
  var segments: [PageDescription.Segment]
  var isRecording: Bool
  var state: String
  var droppedFrames: Int
  var droppedEvents: Int
  var findings: [Finding]?

  init(_ view: SessionView, known: Int) {
    segments = view.manifest.segments.dropFirst(known).map(PageDescription.Segment.init)
    if let open = view.open, known <= view.manifest.segments.count {
      segments.append(PageDescription.Segment(open))
    }
    isRecording = view.isRecording
    state = view.manifest.state.rawValue
    droppedFrames = view.manifest.about.droppedFrames
    droppedEvents = view.manifest.about.droppedEvents
    findings = view.findings
  }
}
