package import ScrimRedact

/// Sizes in bytes of the recorded data.
package struct SegmentSizes {
  /// Of the open segment; nil between segments.
  package var open: Int?
  /// Of the last keyframe, and of all frames since.
  package var keyframe = 0
  package var sinceKeyframe = 0
  /// Whether a frame was lost, so that the next one can't build on it.
  package var isBroken = false
}

/// Metadata of a frame, besides its picture, for its record.
package struct FrameInfo: Sendable {
  /// Nanoseconds on the session's clock.
  package var time: Int64
  package var number: Int
  package var status: FrameStatus
  /// 16-pixel tiles that show older content.
  package var withheldTiles: Int
  /// The masks in force, whose changes are recorded; nil to record none.
  package var masks: [ListedMask]?

  package init(
    time: Int64, number: Int, status: FrameStatus, withheldTiles: Int, masks: [ListedMask]? = nil
  ) {
    self.time = time
    self.number = number
    self.status = status
    self.withheldTiles = withheldTiles
    self.masks = masks
  }
}

/// Header of a frame, which a ``Segmenter`` emits before the serialised picture.
package struct FrameStart {
  package var info: FrameInfo
  package var isKey: Bool
  /// Pixels.
  package var width: Int
  package var height: Int
}

/// Takes the output of a ``Segmenter`` in order: the ``SegmentBuilder``, or a queue in front of it.
package protocol SegmenterOutput: ~Copyable, SerializedFrameSink {
  associatedtype Failure: Error
  /// Upper bound of the open segment's size in bytes: nil if none is open, `Int.max` if an earlier write failed.
  var openSegmentSizeBound: Int? { get }
  /// The sizes after all input so far. May have to wait for them.
  mutating func settle() -> SegmentSizes
  mutating func seal() throws(SegmentingError<Failure>)
  mutating func append(_ event: EventRecord) throws(SegmentingError<Failure>)
  mutating func append(_ note: NoteRecord) throws(SegmentingError<Failure>)
  mutating func begin(_ frame: FrameStart) throws(SegmentingError<Failure>)
  mutating func end() throws(SegmentingError<Failure>)
}
