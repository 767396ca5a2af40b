/// Something that frames and their boxes come from, in the order of time.
public protocol FrameSource {
  /// Pixels of every frame.
  var width: Int { get }
  var height: Int { get }
  /// How many frames there will be, where that is known beforehand.
  var expectedFrames: Int? { get }
  /// Whether it is a screen that changes by itself. Such a source has no end but the one that it is asked for, which it answers with a
  /// last frame, and its first frames may have no boxes yet.
  var isLive: Bool { get }
  /// Reads that were taken again, since the picture was being drawn meanwhile.
  var tornReads: Int { get }
  /// What was found of each window so far, in the order in which they were met; of a live source that reads trees.
  var windows: [SourceWindow] { get }
  /// The next thing the source has; nil at its end.
  ///
  /// - Throws: ``CaptureError`` where nothing more can be read.
  mutating func next() throws(CaptureError) -> SourceItem?
}

extension FrameSource {
  public var isLive: Bool { false }
  public var tornReads: Int { 0 }
  public var windows: [SourceWindow] { [] }
}

/// One step of a source.
public enum SourceItem: Sendable {
  case frame(SourceFrame)
  /// A frame that could not be read so far as to have a time: nothing can be shown for it.
  case lost(CaptureFault)
  /// Of a live source: there is no new frame up to a moment, in nanoseconds of its clock.
  case rest(Int64)
  /// Something that happened after the frame before, at its own time.
  case event(Event)
  /// An event that could not be read.
  case lostEvent(CaptureFault)
}
