/// How frames are coded, and where keyframes and segments begin.
public struct SegmentingOptions: Hashable, Sendable {
  public var coding: CodingOptions
  /// Nanoseconds from one keyframe to the next at least; a segment starts with one in any case.
  public var keyframeInterval: Int64 = 5_000_000_000
  /// Nanoseconds of frames in a segment.
  public var segmentDuration: Int64 = 5_000_000_000
  /// Nanoseconds up to which a segment and its keyframe serve, in place of the two above, as long as the frames since the keyframe
  /// take fewer bytes than it. 0 keeps to the two above.
  public var quietDuration: Int64 = 0
  /// Bytes after which a segment is sealed before its time.
  public var segmentBytes = 8 << 20

  public init(coding: CodingOptions = CodingOptions()) { self.coding = coding }
}
