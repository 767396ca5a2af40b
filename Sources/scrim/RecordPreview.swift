import Foundation
import Glibc
import ScrimImage
import ScrimRedact
import ScrimScreenshots
import ScrimSystem

/// `record --preview`: one masked picture of a source, with the outline and the reason of each mask.
enum RecordPreview {
  /// Seconds after which a live screen counts as settled: a snapshot, and half a second on both sides of
  /// it, take less than two.
  static let limit = 4.0

  /// - Parameter path: of a PNG file, which is made or replaced; only its owner can read it.
  static func write(_ source: inout any FrameSource, policy: MaskPolicy, to path: String) throws {
    var stage = MaskingStage(width: source.width, height: source.height, policy: policy)
    var frames = 0
    do {
      while !Terminal.isInterrupted, let item = try source.next() {
        guard case .frame(let frame) = item else { continue }
        let outcome = stage.mask(frame)
        frames += 1
        if source.isLive, outcome.result == .shown, frame.snapshotSpan != nil { break }
      }
    } catch { throw Failure(error) }
    guard frames > 0 else { throw Failure(.input, "there is no frame to show") }
    let preview = Preview(of: stage.frame, masks: stage.plannedMasks, judged: stage.suspects)
    let bytes: [UInt8]
    do { bytes = try preview.encoded() } catch { throw Failure(.environment, "\(path): \(error)") }
    // The picture is redacted, but it still shows a person's screen.
    let manager = FileManager.default
    try? manager.removeItem(atPath: path)
    guard manager.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600])
    else {
      throw Failure(.environment, "\(path): writing failed: \(SystemCall.message(for: errno))")
    }
  }
}
