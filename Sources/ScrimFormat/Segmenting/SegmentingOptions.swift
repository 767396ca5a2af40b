/// How frames are coded, and where keyframes and segments begin.
public struct SegmentingOptions: Hashable, Sendable {
  public var coding: CodingOptions
  /// Minimum nanoseconds from one keyframe to the next; a segment starts with one in any case.
  public var keyframeInterval: Int64 = 5_000_000_000
  /// Nanoseconds of frames in a segment.
  public var segmentDuration: Int64 = 5_000_000_000
  /// Nanoseconds to which the two values above may grow while the frames since the keyframe take fewer
  /// bytes than the keyframe. 0 disables this.
  public var quietDuration: Int64 = 0
  /// Bytes after which a segment is sealed early.
  public var segmentBytes = 8 << 20

  public init(coding: CodingOptions = CodingOptions()) { self.coding = coding }
}
