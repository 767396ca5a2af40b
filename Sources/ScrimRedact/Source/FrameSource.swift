/// A source of frames with their boxes, in order of time.
public protocol FrameSource {
  /// Pixels of every frame.
  var width: Int { get }
  var height: Int { get }
  /// Number of frames, if it is known in advance.
  var expectedFrames: Int? { get }
  /// Whether it is a live screen. Such a source ends only on request, and then returns a last frame; its
  /// first frames may have no boxes yet.
  var isLive: Bool { get }
  /// Number of reads that were repeated because the picture was being drawn meanwhile.
  var tornReads: Int { get }
  /// Status of each window so far, in order of first appearance, for a live source that reads trees.
  var windows: [SourceWindow] { get }
  /// The types of events that it can observe by itself, sorted; nil for a recorded input, which has what it has. What a live source does not
  /// name was not seen, whether it took place or not.
  var observedEvents: [String]? { get }
  /// The next item of the source; nil at its end.
  ///
  /// - Throws: ``CaptureError`` if nothing more can be read.
  mutating func next() throws(CaptureError) -> SourceItem?
}

extension FrameSource {
  public var isLive: Bool { false }
  public var tornReads: Int { 0 }
  public var windows: [SourceWindow] { [] }
  public var observedEvents: [String]? { nil }
}

/// One item of a source.
public enum SourceItem: Sendable {
  case frame(SourceFrame)
  /// A frame that could not even be read far enough to have a time: nothing can be shown for it.
  case lost(CaptureIssue)
  /// From a live source: there is no new frame up to this moment, in nanoseconds of its clock.
  case idle(Int64)
  /// An event after the previous frame, at its own time.
  case event(Event)
  /// Events that could not be read, or that came too fast.
  case lostEvent(CaptureIssue, count: Int = 1)
}
