import ScrimCapture
import ScrimRedact

extension SessionCommandOptions {
  /// The source with the events of the file, and the log lines of the journal.
  func source(_ source: any FrameSource) throws(CaptureError) -> any FrameSource {
    var source = source
    if let events {
      source =
        source.isLive
        ? LiveEvents(source, try EventFeed.start(events)) : try SourceWithEvents(source, events: events)
    }
    guard let journal else { return source }
    let feed = try JournalFeed.start(unit: journal, directory: journalDirectory)
    return LiveEvents(source, feed, observing: ["log"])
  }
}
