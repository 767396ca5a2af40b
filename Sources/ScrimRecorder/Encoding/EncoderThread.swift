import Dispatch
import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact
import ScrimSystem

/// A second thread that serialises frames while the next ones are captured and masked.
///
/// There are two pictures: one is masked while the other is serialised. Frames that equal the previous one
/// need none, so the recorder can run ahead of the thread through them. Serialised frames become *steps*,
/// which make segments. Steps are done in order, one at a time, by whichever thread is waiting (work
/// helping); above 1 MB of queued input the serialising thread does them too (back-pressure), so that
/// memory is bounded.
///
/// The bytes are those of one thread: decisions that depend on the bytes of earlier frames wait for them.
final class EncoderThread<Output: SegmentOutput & ~Copyable>: Sendable {
  private let queue: EncoderQueue<Output>

  init(_ segmenter: consuming Segmenter, _ builder: consuming SegmentBuilder<Output>) {
    queue = EncoderQueue(segmenter, builder)
    let queue = queue
    DispatchQueue(label: "scrim.coding", qos: .userInitiated).async { queue.work() }
  }

  deinit { queue.close() }

  /// Ensures that the stage has a picture for masking the next frame. Waits for one if both are in use.
  func prepare(_ stage: inout MaskingStage) {
    if stage.isLent { stage.resume(with: queue.spare()) }
  }

  /// Passes the stage's frame on, with the events before it.
  ///
  /// - Parameter events: emptied.
  /// - Throws: the error of an earlier frame; this one is accepted nevertheless.
  func append(
    _ stage: inout MaskingStage, _ info: FrameInfo, after events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) {
    try queue.hand(&stage, info, &events)
  }

  /// Passes the picture of the last frame on again, with the events before it.
  ///
  /// - Parameters:
  ///   - time: from which its segment is counted.
  ///   - events: emptied.
  /// - Precondition: there was a frame.
  func repeatFrame(
    _ info: FrameInfo, at time: Int64, after events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) {
    try queue.repeatFrame(info, at: time, &events)
  }

  /// Waits for all earlier frames, adds the events since and seals the open segment if it is full at
  /// `time`.
  ///
  /// - Returns: whether a segment is open.
  func idle(
    at time: Int64, after events: inout [SideRecord]
  ) throws(SegmentingError<Output.Failure>) -> Bool {
    try queue.idle(at: time, &events)
  }

  /// Waits for all earlier frames, adds the events since and runs `body` with the output.
  ///
  /// - Parameter sealing: whether the open segment is sealed before.
  func withOutput<Result>(
    after events: inout [SideRecord], sealing: Bool,
    _ body: (inout Output) throws(Output.Failure) -> Result
  ) throws(SegmentingError<Output.Failure>) -> Result {
    try queue.withOutput(&events, sealing: sealing, body)
  }

  /// Waits for all earlier frames, adds the last events and ends the session.
  func finish(_ events: inout [SideRecord]) throws(SegmentingError<Output.Failure>) -> SegmentTotals {
    try queue.finish(&events)
  }
}
