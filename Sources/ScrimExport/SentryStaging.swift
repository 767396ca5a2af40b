import Foundation
import ScrimJSON
public import ScrimStore
import ScrimSystem

/// Writes a clip where sentry-native looks for one after a crash of its program: `replays/replay-ID.mp4` in the
/// SDK's database folder, with `replay-ID.json`. The program sets the ID, the session's id without dashes, as
/// `replay_id` of the context `replay`.
public enum SentryStaging {
  /// Writes a clip of a part of a session. Both files get their names when they are complete, so a crash in between
  /// finds the previous clip.
  ///
  /// - Parameter database: the SDK's `database_path`, in which `replays` is created.
  /// - Returns: the clip's file; nil if `goOn` ended it.
  public static func write(
    _ reader: SessionReader, _ range: ExportRange, _ options: PictureOptions = PictureOptions(),
    to database: String, while goOn: () -> Bool = { true }
  ) throws(ExportError) -> String? {
    let export = try SessionExport(reader, range, options)
    let folder = database + "/replays"
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch { throw .system(path: folder, reason: error.localizedDescription) }
    let id = SentryExport.id(of: reader, ExportRange())
    let path = "\(folder)/replay-\(id)"
    // The SDK reads no file whose name has this ending.
    let made = "\(folder)/.replay-\(id).new"
    guard
      let clip = try VideoClip.make(export, at: made, limit: SentryEnvelope.itemLimit * 9 / 10, while: goOn)
    else { return nil }
    defer { _ = try? FileManager.default.removeItem(atPath: made) }
    let recording = SentryRecording(clip, segment: 0, clock: reader.manifest.start, options)
    let about: JSON = .members([
      "replayId": .string(id), "replayType": "buffer", "segmentId": 0,
      "durationMs": .integer(clip.milliseconds), "endTimestampSec": .number(recording.seconds(clip.end)),
      "width": .integer(clip.width), "height": .integer(clip.height), "frameCount": .integer(clip.frames),
      "frameRate": .integer(clip.rate),
    ])
    var file = try ExportFile(path + ".json")
    defer { file.discard() }
    try file.write(about.canonicalBytes)
    // Both strings live as terminated C strings until the call returns.
    guard unsafe rename(made, path + ".mp4") == 0 else {
      throw .system(path: path + ".mp4", reason: SystemCall.message(for: errno))
    }
    _ = try file.close()
    return path + ".mp4"
  }
}
