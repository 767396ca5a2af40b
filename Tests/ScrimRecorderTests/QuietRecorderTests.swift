import Foundation
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimStore
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

/// A recorder in a program that captures only what changes.
@Suite struct QuietRecorderTests {
  private let temporary: TemporaryFolder

  init() throws { temporary = try TemporaryFolder() }

  private func recorder(_ change: (inout RecorderConfiguration) -> Void) -> Recorder {
    var configuration = RecorderConfiguration(
      folder: SessionFolder(path: temporary.path + "/s"),
      options: RecorderOptions(policy: MaskPolicy(preset: .none)))
    configuration.framesPerSecond = 100
    change(&configuration)
    return Recorder(configuration)
  }

  private func capture(_ recorder: Recorder, _ grey: UInt8) throws {
    let bytes = [UInt8](repeating: grey, count: 8 * 8 * 4)
    try recorder.capture(
      bytes.span, of: Surface(width: 8, height: 8, format: .bgrx),
      boxes: Boxes([Widget(role: "panel", x: 0, y: 0, width: 8, height: 8)]))
  }

  private func segments() throws -> [Segment] {
    let reader = try SessionFolder(path: temporary.path + "/s").read()
    return try (0..<reader.segmentCount).map { try reader.segment($0) }
  }

  /// Seconds without a change are no gap, but seconds in which the recorder was paused are one. Meanwhile events reach the disk,
  /// also those in the queue of a second thread.
  @Test(arguments: [1, 2]) func aQuietProgramHasNoGap(threads: Int) async throws {
    let recorder = recorder {
      $0.sessions = SessionOptions()
      $0.options.threads = threads
    }
    try recorder.start()
    try capture(recorder, 1)
    try recorder.flush()
    var log = Event("log")
    log.message = "before a long silence"
    try recorder.record(log)
    var tries = 0
    while try !segments().contains(where: { !$0.events.isEmpty }), tries < 200 {
      try await Task.sleep(for: .milliseconds(100))
      tries += 1
    }
    #expect(try segments().flatMap(\.events).count == 1)
    try await Task.sleep(for: .milliseconds(6500))
    try capture(recorder, 2)
    try recorder.flush()
    try recorder.pause()
    try await Task.sleep(for: .milliseconds(6500))
    try recorder.resume()
    try capture(recorder, 3)
    _ = try recorder.stop()
    let gaps = try segments().flatMap(\.notes).filter { $0.kind == .gap }
    #expect(gaps.count == 1 && (gaps.first?.offset ?? 0) > 5_000_000_000, "\(gaps)")
  }

  /// The reporter of an error gets the id of the one session, which contains the error by then.
  @Test(arguments: [1, 2]) func theOneSessionIsReturned(threads: Int) throws {
    let recorder = recorder { $0.options.threads = threads }
    try recorder.start()
    try capture(recorder, 1)
    var error = Event("error")
    error.id = "e-1"
    let session = try recorder.reportError(error).session
    let reader = try SessionFolder(path: temporary.path + "/s").read()
    #expect(session == reader.manifest.session && reader.segmentCount == 1)
    #expect(try reader.segment(0).events.count == 1)
    _ = try recorder.stop()
  }

  /// The program ends a session; the next frame begins another.
  @Test func aProgramEndsASession() throws {
    let recorder = recorder { $0.sessions = SessionOptions() }
    try recorder.start()
    try capture(recorder, 1)
    try recorder.endSession()
    try recorder.flush()
    #expect(try SessionFolder(path: temporary.path + "/s").read().manifest.about.ended == .stopped)
    try capture(recorder, 2)
    _ = try recorder.stop()
    let second = try SessionFolder(path: temporary.path + "/s.2").read().manifest
    let first = try SessionFolder(path: temporary.path + "/s").read().manifest
    #expect(second.about.previousID == "\(first.session)")
  }
}
