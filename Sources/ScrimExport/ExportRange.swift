import ScrimFormat
public import ScrimStore

/// The part of a session that is exported, in nanoseconds on its clock.
public struct ExportRange: Hashable, Sendable {
  /// The first moment; nil for the session's start.
  public var from: Int64?
  /// The moment behind the last; nil for the session's end.
  public var until: Int64?
  /// One picture each so many nanoseconds instead of one a frame.
  public var every: Int64?

  public init(from: Int64? = nil, until: Int64? = nil, every: Int64? = nil) {
    precondition(every.map { $0 > 0 } ?? true, "pictures lie apart")
    self.from = from
    self.until = until
    self.every = every
  }

  /// Where the last so many nanoseconds of a session begin, by what is known of its segments' times.
  public static func from(last nanoseconds: Int64, of reader: SessionReader) -> Int64? {
    reader.spans.last.map { $0.times.upperBound - nanoseconds }
  }

  var isAll: Bool { from == nil && until == nil }

  func contains(_ time: Int64) -> Bool { time >= from ?? .min && time < until ?? .max }

  /// The segments that hold the frames of this part, found by what is known of their times alone.
  ///
  /// - Parameter needsPicture: whether the picture that is shown at `from` counts, whose frame may lie before.
  public func segments(of reader: SessionReader, needsPicture: Bool) -> Range<Int> {
    let all = reader.spans
    var first = all.firstIndex { $0.times.upperBound >= from ?? .min } ?? all.count
    let end = (all.lastIndex { $0.times.lowerBound < until ?? .max } ?? -1) + 1
    if needsPicture, from != nil {
      // The times of a segment are of its events too, so its first frame may come later than they say.
      first = max(0, min(first, all.count) - 1)
    }
    return first..<max(first, end)
  }
}

extension SessionReader {
  /// What is known of a segment before it is read.
  struct Span {
    var times: ClosedRange<Int64>
    var width: Int
    var height: Int
    var frames: Int
  }

  /// Of the sealed segments, and of the one that is not sealed.
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
