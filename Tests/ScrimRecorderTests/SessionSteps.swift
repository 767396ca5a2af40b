import ScrimFormat
import ScrimImage
import ScrimPlayer
import ScrimRedact
import ScrimStore

/// What tests of sessions record, and what they read of it.
protocol SessionSteps {}

/// What a session shows.
struct ShownSession {
  var manifest: SessionManifest
  var times: [Int64]
  var colours: [Pixel]
}

extension SessionSteps {
  /// A frame of one colour, which is its number and 1.
  func frame(_ number: Int, time: Int64) -> SourceFrame {
    RecorderTests.frame(
      number, [Pixel](repeating: Pixel(number + 1), count: RecorderTests.width * RecorderTests.height),
      time: time)
  }

  func press(_ time: Int64) -> Event {
    var event = Event("button", time: time)
    (event.x, event.y) = (1, 1)
    return event
  }

  func error(_ time: Int64, id: String? = nil) -> Event {
    var event = Event("error", time: time)
    event.message = "it broke"
    event.id = id
    return event
  }

  /// Plays a session, which checks its chain and all checksums.
  func played(_ path: String) throws -> ShownSession {
    let reader = try SessionFolder(path: path).read()
    var player = SessionPlayer(reader)
    var shown = ShownSession(manifest: reader.manifest, times: [], colours: [])
    while let frame = try player.next() {
      shown.times.append(frame.time)
      shown.colours.append(player.picture?.pixels.first ?? 0)
      try player.passRepeats()
    }
    return shown
  }
}
