import Foundation

/// The report as one self-contained HTML page.
extension Report {
  func page() -> String {
    var sections: [String] = []
    if !growth.isEmpty { sections.append(growthSection) }
    let stages = results.filter { !$0.isSession }
    if !stages.isEmpty { sections.append(stageSection(stages)) }
    let sessions = results.filter(\.isSession)
    if !sessions.isEmpty { sections.append(sessionSection(sessions)) }
    if !peers.isEmpty { sections.append(peerSection) }
    sections.append("<h2>Table</h2><pre>\(table().escaped)</pre>")
    return """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8"><title>scrim-bench</title>
      <style>
      body { font: 15px/1.5 system-ui, sans-serif; color: #24292f; max-width: 1340px; margin: 2em auto; padding: 0 2em }
      h1 { font-size: 26px; margin-bottom: 0 } h2 { font-size: 19px; margin: 2em 0 .3em }
      p { max-width: 70em; margin: .3em 0 1em } svg { margin-right: 8px }
      pre { font-size: 12px; line-height: 1.45; background: #f6f8fa; padding: 1em; overflow-x: auto }
      </style></head><body>
      <h1>scrim-bench</h1>
      <p>CPU time of one thread. Times depend on the machine; ratios refer to reference operations that run alternately with the work.</p>
      \(sections.joined(separator: "\n"))
      </body></html>

      """
  }

  private var growthSection: String {
    var screens: [String] = []
    for curve in growth where !screens.contains(curve.screen) { screens.append(curve.screen) }
    let plots = screens.map { screen in
      Plot.lines(
        title: "Cost of a frame at \(screen)", x: "changed pixels, millions", y: "CPU milliseconds",
        growth.filter { $0.screen == screen }.map { curve in
          let line = curve.line
          return Plot.Series(
            name: (curve.layout == .window ? "in a window" : "in scattered tiles")
              + String(format: ": %.1f ms + %.1f ms/MPix, R² %.4f", line.base, line.slope, line.rSquared),
            points: curve.points.map { ($0.megapixels, $0.milliseconds) }, line: (line.base, line.slope))
        })
    }
    return """
      <h2>Growth</h2>
      <p>Cost of a frame of which 0, 1, 5, 25 or 100 % changed to new text, and the straight line through the five
      points.</p>
      \(plots.joined())
      """
  }

  private func stageSection(_ stages: [Measurement]) -> String {
    let bars = stages.map { stage in
      Plot.Bar(
        label: stage.name, value: stage.p50, mark: stage.p99,
        note: String(format: "%.2f ms", stage.p50)
          + (stage.ratio.map { String(format: " · %.2f × ", $0) + (stage.reference ?? "") } ?? ""))
    }
    return """
      <h2>Stages</h2>
      <p>The bar is the median, the mark behind it the 99th percentile.</p>
      \(Plot.bars(axis: "CPU milliseconds", bars))
      """
  }

  private func sessionSection(_ sessions: [Measurement]) -> String {
    let bars = sessions.map { session in
      let memory = session.memory.map { String(format: " · %.0f MB of memory", Double($0) / 1e6) } ?? ""
      return Plot.Bar(
        label: session.name, value: Double(session.bytes ?? 0), mark: nil,
        note: grouped(session.bytes ?? 0) + " bytes"
          + String(format: " · %.0f MPix/s", session.megapixelsPerSecond) + memory)
    }
    return """
      <h2>Sessions</h2>
      <p>Bytes of the segment, lossless, a keyframe every \(Session.keyframeEvery) frames.</p>
      \(Plot.bars(axis: "bytes", bars))
      """
  }

  private var peerSection: String {
    func chart(_ axis: String, _ value: (PeerResult) -> Double, _ note: (PeerResult) -> String) -> String {
      Plot.bars(
        axis: axis,
        peers.map { peer in
          Plot.Bar(
            label: "\(peer.input): \(peer.program)".shortened(46), value: value(peer), mark: nil,
            note: note(peer), colour: peer.program.hasPrefix("scrim") ? 0 : 1)
        })
    }
    let times = chart("CPU milliseconds", \.cpu) {
      String(format: "%.0f ms · %.1f × scrim", $0.cpu, $0.ratio)
    }
    let sizes = chart("bytes", \.size) {
      grouped($0.bytes) + String(format: " bytes · %.2f × scrim", $0.bytesRatio)
    }
    return """
      <h2>Other programs</h2>
      <p>Whole processes, user and system time, run alternately with scrim.</p>
      \(times)
      \(sizes)
      """
  }
}

extension PeerResult {
  fileprivate var size: Double { Double(bytes) }
}

extension Measurement {
  var isSession: Bool { name.hasPrefix("session ") }
}

extension String {
  fileprivate func shortened(_ most: Int) -> String { count <= most ? self : prefix(most - 1) + "…" }
}
