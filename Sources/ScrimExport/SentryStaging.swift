import Foundation
import ScrimJSON
public import ScrimStore
import ScrimSystem

/// A clip where sentry-native looks for one when its program crashed: `replays/replay-ID.mp4` in the SDK's database folder, with
/// `replay-ID.json` beside it. The program sets the ID, the session's without dashes, as `replay_id` of the context `replay`.
public enum SentryStaging {
  /// Writes a clip of a part of a session. Both files take their names once they are whole, so a crash meanwhile finds the clip before.
  ///
  /// - Parameter database: the SDK's `database_path`; `replays` is made in it.
  /// - Returns: the clip's file; nil where `goOn` ended it.
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
    // What ends so is no clip for the SDK.
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
