import ScrimFormat
public import ScrimStore

/// The part of a session that is exported, in nanoseconds on its clock.
public struct ExportRange: Hashable, Sendable {
  /// The start of the part, included; nil for the session's start.
  public var from: Int64?
  /// The end of the part, excluded; nil for the session's end.
  public var until: Int64?
  /// The interval in nanoseconds at which a picture is taken; nil for one picture per frame.
  public var every: Int64?

  public init(from: Int64? = nil, until: Int64? = nil, every: Int64? = nil) {
    precondition(every.map { $0 > 0 } ?? true, "pictures lie apart")
    self.from = from
    self.until = until
    self.every = every
  }

  /// The start of the last given number of nanoseconds, computed from the times listed for the segments.
  public static func from(last nanoseconds: Int64, of reader: SessionReader) -> Int64? {
    reader.spans.last.map { $0.times.upperBound - nanoseconds }
  }

  var isAll: Bool { from == nil && until == nil }

  func contains(_ time: Int64) -> Bool { time >= from ?? .min && time < until ?? .max }

  /// The segments with the frames of this part, selected by their listed times alone.
  ///
  /// - Parameter needsPicture: whether the picture shown at `from` is needed, whose frame may be earlier.
  public func segments(of reader: SessionReader, needsPicture: Bool) -> Range<Int> {
    let all = reader.spans
    var first = all.firstIndex { $0.times.upperBound >= from ?? .min } ?? all.count
    let end = (all.lastIndex { $0.times.lowerBound < until ?? .max } ?? -1) + 1
    if needsPicture, from != nil {
      // A segment's times include its events, so its first frame may be later.
      first = max(0, min(first, all.count) - 1)
    }
    return first..<max(first, end)
  }
}

extension SessionReader {
  /// The data of a segment that are known before it is read.
  struct Span {
    var times: ClosedRange<Int64>
    var width: Int
    var height: Int
    var frames: Int
  }

  /// The data of the sealed segments, and of the open one.
  var spans: [Span] {
    var spans = manifest.segments.map {
      Span(times: $0.times, width: $0.width, height: $0.height, frames: $0.frames)
    }
    if let segment = openSegment?.segment, let first = segment.frames.first, let last = segment.frames.last {
      spans.append(
        Span(
          times: first.time...max(first.time, last.time), width: segment.header.width,
          height: segment.header.height, frames: segment.frames.count))
    }
    return spans
  }
}
