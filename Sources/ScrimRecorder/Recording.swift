public import ScrimRedact

/// Records a source from its first frame to its end: the loop of `scrim record`.
public enum Recording {
  /// Why a recording ended before its source did.
  public enum Failure: Error, Sendable {
    /// The source failed; the earlier frames are sealed, and the summary counts them, or sealing failed as well.
    case source(CaptureError, sealed: Result<RecordingSummary, RecordingError>)
    case recorder(RecordingError)
  }

  /// Records all items of the source, and seals the session.
  ///
  /// - Parameters:
  ///   - isInterrupted: called before each step. A live source ends by itself on request, with its last
  ///     frame; other sources are abandoned.
  ///   - onIssue: gets the issues of single frames and events; the recording continues.
  ///   - onProgress: gets the summary so far, after each step.
  public static func run(
    _ source: inout any FrameSource, into recorder: inout SessionRecorder, isInterrupted: () -> Bool,
    onIssue: (CaptureIssue) -> Void, onProgress: (RecordingSummary) -> Void
  ) throws(Failure) -> RecordingSummary {
    recorder.observedEvents = source.observedEvents
    while source.isLive || !isInterrupted() {
      let item: SourceItem?
      do { item = try source.next() } catch {
        // A read interrupted by a signal is not a failure.
        if isInterrupted() { break }
        // The frames read so far are intact and are sealed before the run ends.
        let sealed: Result<RecordingSummary, RecordingError>
        do { sealed = .success(try recorder.finish()) } catch { sealed = .failure(error) }
        throw .source(error, sealed: sealed)
      }
      guard let item else { break }
      do {
        if let issue = try record(item, with: &recorder) { onIssue(issue) }
      } catch { throw .recorder(error) }
      onProgress(recorder.summary)
    }
    do { return try recorder.finish() } catch { throw .recorder(error) }
  }

  private static func record(
    _ item: SourceItem, with recorder: inout SessionRecorder
  ) throws(RecordingError) -> CaptureIssue? {
    switch item {
    case .frame(let frame): return try recorder.record(frame)
    case .lost(let issue): return recorder.lose(issue)
    case .event(let event): try recorder.record(event)
    case .lostEvent(let issue, let count):
      recorder.loseEvents(count)
      return issue
    case .idle(let time): try recorder.idle(at: time)
    }
    return nil
  }
}
