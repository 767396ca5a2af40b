import ScrimFormat
import ScrimImage
import ScrimRecorder
import ScrimRedact
import ScrimStore

/// Sessions that are kept in memory until an error, against the same sessions recorded into folders.
enum BufferingStages {
  static var all: [Stage] { [buffered(.typing), buffered(.photo)] }

  /// Ten minutes of frames would take too long; the buffer holds two of these six seconds, so that it drops
  /// segments as a long one does.
  private static let frames = 60
  private static let bufferSeconds = 2.0

  private static func buffered(_ scene: Scene) -> Stage {
    Stage(
      "buffer six seconds of \(scene.rawValue)", pixels: Screen.pixels * frames, share: 0.1,
      reference: "recording them"
    ) {
      let folder = try Scratch()
      let pictures = scene.frames(20)
      let work: (Int) throws -> Sample = { round in
        try record(pictures, to: folder.path("buffered-\(round)"), isBuffered: true)
      }
      let against: (Int) throws -> Sample = { round in
        try record(pictures, to: folder.path("recorded-\(round)"), isBuffered: false)
      }
      return (work, against: against)
    }
  }

  private static func record(_ pictures: [Frame], to path: String, isBuffered: Bool) throws -> Sample {
    var sessions = SessionOptions()
    sessions.sessionSampleRate = isBuffered ? 0 : 1
    sessions.errorBufferSeconds = bufferSeconds
    let settings = SessionSettings(sessions, start: 0) { _, _ in SessionFolder(path: path) }
    var options = RecorderOptions(policy: MaskPolicy(preset: .none))
    options.segmenting.segmentDuration = 1_000_000_000
    options.segmenting.keyframeInterval = 1_000_000_000
    return try sample(.process) {
      var recorder = try SessionRecorder(
        settings, width: Screen.width, height: Screen.height, producer: "scrim-bench", options: options)
      for number in 0..<frames {
        try recorder.record(
          SourceFrame(
            number: number, time: Int64(number) * 100_000_000,
            pixels: .success(pictures[number % pictures.count]), tree: .success(.empty), treeVersion: 0,
            snapshotSpan: nil, isTreeComplete: true, damage: nil))
      }
      let summary = try recorder.finish()
      guard isBuffered == (summary.segments == 0), summary.frames == frames else {
        throw BenchError("the stage of buffering records \(summary.segments) segments")
      }
    }
  }
}
