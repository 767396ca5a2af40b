import Foundation
import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore
import ScrimSystem
import ScrimTestSupport
import Testing

@testable import ScrimRecorder

/// Writing a buffer that an error has sampled, on disks that fail meanwhile.
@Suite struct ReplayWritingTests {
  private let temporary: TemporaryFolder
  private static let second: Int64 = 1_000_000_000
  /// The time on all clocks.
  private let now = ConditionLock<Int64>(0)

  init() throws { temporary = try TemporaryFolder() }

  private func path(_ name: String) -> String { temporary.path + "/" + name }

  private func frame(_ number: Int, time: Int64) -> SourceFrame {
    RecorderTests.frame(
      number, [Pixel](repeating: Pixel(number + 1), count: RecorderTests.width * RecorderTests.height),
      time: time)
  }

  private func error(_ time: Int64) -> Event {
    var event = Event("error", time: time)
    event.id = "e-1"
    return event
  }

  private func press(_ time: Int64) -> Event {
    var event = Event("button", time: time)
    (event.x, event.y) = (1, 1)
    return event
  }

  private func play(_ name: String) throws -> (about: SessionAbout, colours: [Pixel], start: Int64) {
    let reader = try SessionFolder(path: path(name)).read()
    var player = SessionPlayer(reader)
    var colours: [Pixel] = []
    while try player.next() != nil {
      colours.append(player.picture?.pixels.first ?? 0)
      try player.passRepeats()
    }
    return (reader.manifest.about, colours, reader.manifest.start)
  }

  /// A recorder whose sessions are buffered, and which has 30 s in its buffer.
  private func buffered(
    _ name: String, threads: Int = 1, idle: Double = 300, maximum: Double = 3600,
    changes: ConditionLock<[SessionChange]>
  ) throws -> SessionRecorder {
    var options = SessionOptions()
    options.sessionSampleRate = 0
    options.idleSeconds = idle
    options.maximumSeconds = maximum
    let folder = SessionFolder(path: path(name))
    let now = now
    var settings = SessionSettings(options, start: 0) { count, _ in folder.following(count) }
    settings.moment = {
      let time = now.withValue { $0 }
      return SessionMoment(boot: time, wall: 1_700_000_000 * Self.second + time)
    }
    settings.chance = { 0.5 }
    settings.onChange = { change in changes.withValue { $0.append(change) } }
    var recording = RecorderOptions(policy: RecorderTests.shown)
    recording.threads = threads
    var recorder = try SessionRecorder(
      settings, width: RecorderTests.width, height: RecorderTests.height, producer: "test", options: recording
    )
    for number in 0..<30 {
      now.withValue { $0 = Int64(number) * Self.second }
      try recorder.record(frame(number, time: Int64(number) * Self.second))
    }
    now.withValue { $0 = 32 * Self.second }
    return recorder
  }

  /// The start of a session is the time of its first frame on the wall clock, however late the error comes for which it is
  /// written.
  @Test(arguments: [0, 3]) func lateErrorsDoNotDateASession(lateness: Int64) throws {
    var recorder = try buffered("s", changes: ConditionLock([]))
    #expect(throws: Never.self) { try recorder.record(error((32 - lateness) * Self.second)) }
    _ = try recorder.finish()
    let played = try play("s")
    #expect(played.colours.first == 1 && played.start == 1_700_000_000 * Self.second)
  }
}
