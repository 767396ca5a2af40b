import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

@Suite struct SourceClockTests {
  @Test func aClockThatGoesForwardIsTheSessions() {
    var clock = SourceClock()
    for time in [-5, -5, 0, 7, 7, 1 << 61] as [Int64] {
      let (session, step) = clock.sessionTime(of: time)
      #expect(session == time && step == nil)
    }
    #expect(clock.shift == 0 && clock.shifted(3...9) == 3...9)
  }

  @Test func afterAStepBackTheSessionGoesOn() {
    var clock = SourceClock()
    let times: [(source: Int64, session: Int64, step: Int64?)] = [
      (1000, 1000, nil), (1100, 1100, nil), (100, 1100, -1000), (250, 1250, nil), (250, 1250, nil),
      (0, 1250, -250), (40, 1290, nil),
    ]
    for (index, row) in times.enumerated() {
      let (session, step) = clock.sessionTime(of: row.source)
      #expect(session == row.session && step == row.step, "row \(index)")
    }
    // Events, and the spans of trees that were read after the step, are shifted too.
    #expect(clock.shifted(50) == 1300 && clock.shifted(10...40) == 1260...1290)
    #expect(clock.shifted(nil) == nil)
  }

  /// Nothing is lost if an input's clock steps back, and the session records the step.
  @Test func aStepBackIsNotedAndLosesNothing() throws {
    let temporary = try TemporaryFolder()
    let folder = SessionFolder(path: temporary.path + "/s")
    var recorder = try SessionRecorder(
      to: folder, width: RecorderTests.width, height: RecorderTests.height, session: RecorderTests.session,
      start: 0, producer: "test", options: RecorderOptions(policy: RecorderTests.shown))
    let pixels = [Pixel](repeating: 7, count: RecorderTests.width * RecorderTests.height)
    var issues: [CaptureIssue] = []
    for (number, time) in [0, 100, 200, -5000, -4900, -4800].enumerated() {
      var changed = pixels
      changed[number] = 1
      let frame = RecorderTests.frame(number, changed, time: Int64(time) * 1_000_000)
      if let issue = try recorder.record(frame) { issues.append(issue) }
      var event = Event("navigation", time: Int64(time) * 1_000_000)
      event.name = "page \(number)"
      try recorder.record(event)
    }
    let summary = try recorder.finish()
    #expect(summary.frames == 6 && summary.lostFrames == 0 && summary.isComplete)
    #expect(issues.count == 1 && issues[0].description.contains("steps back by 5200 ms"), "\(issues)")
    let segment = try folder.read().segment(0)
    #expect(segment.frames.map(\.time) == [0, 100, 200, 200, 300, 400].map { $0 * 1_000_000 })
    #expect(segment.events.map(\.time) == segment.frames.map(\.time))
    #expect(
      segment.notes == [NoteRecord(time: 200_000_000, kind: .clockStep, offset: -5_200_000_000)])
  }
}
