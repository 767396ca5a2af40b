import ArgumentParser
import Foundation
import ScrimDelivery
import ScrimStore
import Synchronization

/// Shows the progress of an upload.
final class UploadDisplay: Sendable {
  private let progress: Mutex<Progress>
  private let isQuiet: Bool
  private let isWatching: Bool

  init(isQuiet: Bool, isWatching: Bool) {
    progress = Mutex(Progress(unit: "segments", total: nil, isQuiet: isQuiet || isWatching))
    self.isQuiet = isQuiet
    self.isWatching = isWatching
  }

  func show(_ event: UploadEvent) {
    progress.withLock { progress in
      switch event {
      case .progress(let summary):
        progress.total = summary.delivered + summary.waiting
        progress.show(summary.delivered)
      case .message(let words):
        progress.clear()
        if !isQuiet { Terminal.say(Terminal.printable(words)) }
      case .lost(let loss):
        progress.clear()
        if !isQuiet { Terminal.say(UploadDisplay.words(for: loss)) }
      }
    }
  }

  static func words(for loss: ReplayLoss) -> String {
    "session \(loss.session): \(counted(loss.segments, "segment")) dropped, \(loss.reason.words)"
  }

  func clear() { progress.withLock { $0.clear() } }
}
