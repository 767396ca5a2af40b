import Foundation
import ScrimExport
import ScrimStore

/// `scrim export --to sentry-staging`: the last seconds of a session where sentry-native looks for them after a crash.
struct StagedClip {
  /// Seconds from one clip to the next while the session is recorded: as long as a segment.
  private static let interval = 5.0

  let folder: SessionFolder
  let database: String
  let options: PictureOptions
  let isQuiet: Bool

  /// Writes the clip of a part of the session.
  func write(_ reader: SessionReader, _ range: ExportRange) throws(ExportError) {
    let path = try SentryStaging.write(reader, range, options, to: database) { !Terminal.isInterrupted }
    if let path, !isQuiet { Terminal.say(path) }
  }

  /// Writes the clip of the last seconds again and again, until the session has ended or a signal arrives.
  func follow(lastNanoseconds: Int64) throws {
    var frames = 0
    while !Terminal.isInterrupted {
      // Asked first: what is read after the recorder has ended is complete.
      let isRecording = folder.isBeingWritten
      let reader = try folder.opened()
      if reader.frameCount > frames {
        frames = reader.frameCount
        do throws(ExportError) {
          try write(reader, ExportRange(from: ExportRange.from(last: lastNanoseconds, of: reader)))
        } catch { throw Failure(error) }
      }
      guard isRecording else { break }
      let end = ContinuousClock.now + .seconds(StagedClip.interval)
      while !Terminal.isInterrupted, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.1) }
    }
    guard frames > 0 || Terminal.isInterrupted else {
      throw Failure(ExportError.noFrames(path: folder.path, isRange: false))
    }
  }
}
