public import ScrimRedact

/// Runs a source into a recorder, from its first frame to its end: the loop of `scrim record`.
public enum Recording {
  /// Why a recording ended before its source did.
  public enum Failure: Error, Sendable {
    /// The source broke off; what came before is sealed, and the summary says how much that is (nil where sealing failed as well).
    case source(CaptureError, sealed: RecordingSummary?)
    case recorder(RecordingError)
  }

  /// Records all that the source has, and seals the session.
  ///
  /// - Parameters:
  ///   - isInterrupted: asked before each step. A live source ends by itself when it is asked to, with its last frame; the end of another
  ///     one is not waited for.
  ///   - onIssue: gets what is wrong with single frames and events; the recording goes on.
  ///   - onProgress: gets the summary so far, after each step.
  public static func run(
    _ source: inout any FrameSource, into recorder: inout SessionRecorder, isInterrupted: () -> Bool,
    onIssue: (CaptureFault) -> Void, onProgress: (RecordingSummary) -> Void
  ) throws(Failure) -> RecordingSummary {
    while source.isLive || !isInterrupted() {
      let item: SourceItem?
      do { item = try source.next() } catch {
        // A read that a signal broke off is no failure.
        if isInterrupted() { break }
        // What was read so far is whole; it is sealed before the run ends.
        throw .source(error, sealed: try? recorder.finish())
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
  ) throws(RecordingError) -> CaptureFault? {
    switch item {
    case .frame(let frame): return try recorder.record(frame)
    case .lost(let issue): return recorder.lose(issue)
    case .event(let event): try recorder.record(event)
    case .lostEvent(let issue):
      recorder.loseEvent()
      return issue
    case .rest(let time): try recorder.rest(at: time)
    }
    return nil
  }
}
