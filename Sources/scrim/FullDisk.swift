import Foundation
import ScrimRecorder
import ScrimRedact
import ScrimStore

/// Ends a recording that filled its disk.
struct FullDisk: Error {
  var error: StoreError
  /// Why the source had ended before, if it did not end by itself.
  var source: CaptureError?

  private var cause: String { (source.map { "\($0); " } ?? "") + error.description }

  /// Seals the session that was being written, at the cost of its last frames.
  ///
  /// - Parameters:
  ///   - folder: of the only session; the log's sessions take its place.
  ///   - frames: that were to be written in all sessions; nil if some were meant to be dropped.
  ///   - isSealedToKey: whether sessions are sealed to a public key, so that what was kept can't be counted.
  /// - Returns: what was kept and lost.
  func sealed(_ folder: String, _ frames: Int?, _ log: SessionLog, isSealedToKey: Bool = false) -> Failure {
    let sessions = log.all.filter { $0.ended != "crash" }
    guard let path = sessions.isEmpty ? folder : sessions.last(where: { $0.ended == nil })?.folder else {
      return Failure(error)
    }
    do {
      let recovery = try recovered(SessionFolder(path: path))
      // This recorder's own torn record: it would count as a file that nothing explains.
      if let torn = recovery.setAside { try FileManager.default.removeItem(atPath: path + "/" + torn) }
      if isSealedToKey {
        return Failure(
          .input,
          "\(cause); recording ended there, and \(path) is ended with \(counted(recovery.manifest.segments.count, "segment")), its last frames lost: make room, and record again to another folder"
        )
      }
      let kept = recovery.manifest.segments.reduce(0) { $0 + $1.frames }
      var lost = "at least \(counted(max(1, recovery.givenUpFrames), "frame"))"
      if let frames {
        let earlier = try sessions.filter { $0.ended != nil }.reduce(0) {
          try $0 + SessionFolder(path: $1.folder).read().frameCount
        }
        lost = counted(frames - earlier - kept, "frame")
      }
      return Failure(
        .input,
        "\(cause); recording ended there, and \(path) is sealed with \(counted(kept, "frame")), \(lost) lost: make room, and record again to another folder"
      )
    } catch {
      return Failure(.environment, "\(cause); make room, then seal the session: scrim recover \(path)")
    }
  }

  /// The second thread may hold the session's lock for a moment after the recorder has ended.
  private func recovered(_ session: SessionFolder) throws(StoreError) -> SessionRecovery {
    for _ in 0..<100 {
      do throws(StoreError) { return try session.recover(givesUpFrames: true) } catch {
        guard error.reason == .inUse else { throw error }
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return try session.recover(givesUpFrames: true)
  }
}
