public import ScrimFormat
public import ScrimImage
public import ScrimRedact
public import ScrimStore

/// Decodes a session frame by frame; ``picture`` is the current picture.
public struct SessionPlayer: ~Copyable {
  /// One decoded frame.
  public struct PlayedFrame: Sendable {
    /// The frame's number in its capture.
    public var number: Int
    /// Nanoseconds on the session's clock.
    public var time: Int64
    public var isKey: Bool
    public var status: FrameStatus
    public var withheldTiles: Int
    /// Whether the picture may differ from the previous frame.
    public var isChanged: Bool
    /// Stored bytes of its operations.
    public var bytes: Int
    /// Index of its segment.
    public var segment: Int
  }

  private let read: (Int) throws(StoreError) -> Segment
  private var segment: Segment?
  /// Read, but not started: the picture is still that of `segment`.
  private var upcoming: Segment?
  private var nextSegment: Int
  private let endSegment: Int
  private var nextFrame = 0
  private var decoder: FrameDecoder?
  /// Number of the last played frame.
  private var lastNumber: Int?
  /// The masks in force at the last frame, in no particular order; nil if the session doesn't list them.
  public private(set) var masks: [ListedMask]?

  /// - Parameter segments: the ones to play, by index; each begins with a keyframe, so no earlier one is
  ///   read. All by default.
  public init(_ reader: SessionReader, segments: Range<Int>? = nil) {
    let all = 0..<reader.segmentCount
    let segments = segments ?? all
    precondition(segments.isEmpty || all.contains(segments), "the session has no such segments")
    self.init(segments) { (index) throws(StoreError) in try reader.segment(index) }
  }

  /// A player of segments that are in no session folder, such as those of a server's store.
  ///
  /// - Parameters:
  ///   - segments: their indices; each begins with a keyframe.
  ///   - read: returns a segment that has at least one frame. Called once for each, in order.
  public init(_ segments: Range<Int>, read: @escaping (Int) throws(StoreError) -> Segment) {
    self.read = read
    nextSegment = segments.lowerBound
    endSegment = segments.upperBound
  }

  /// The picture after the last frame; nil before the first.
  public var picture: Picture? {
    switch decoder {
    case .some(let decoder): decoder.picture
    case .none: nil
    }
  }

  /// Statistics of the operations decoded so far in the current segment, by kind.
  public var tallies: [String: OperationTally] {
    switch decoder {
    case .some(let decoder): decoder.tallies
    case .none: [:]
    }
  }

  /// Events of the current segment.
  public var events: [EventRecord] { segment?.events ?? [] }

  /// Notes of the current segment.
  public var notes: [NoteRecord] { segment?.notes ?? [] }

  /// Time of the next frame, in nanoseconds on the session's clock; nil at the end. The picture stays as it
  /// is.
  public mutating func nextTime() throws(PlaybackError) -> Int64? {
    if let segment, nextFrame < segment.frames.count { return segment.frames[nextFrame].time }
    if upcoming == nil, nextSegment < endSegment {
      do { upcoming = try read(nextSegment) } catch { throw .store(error) }
    }
    // The reader refuses a segment without frames.
    return upcoming?.frames.first?.time
  }

  /// Plays the frames that only repeat the last one, at the start of segments whose events came without a new frame.
  public mutating func passRepeats() throws(PlaybackError) {
    while try nextTime() != nil {
      let isNextSegment = segment.map { nextFrame == $0.frames.count } ?? true
      guard isNextSegment, let number = upcoming?.frames.first?.number, number == lastNumber else { return }
      _ = try next()
    }
  }

  /// Plays the next frame; nil at the end of the session.
  public mutating func next() throws(PlaybackError) -> PlayedFrame? {
    guard try nextTime() != nil else { return nil }
    if let opened = upcoming.take() { try begin(opened) }
    guard let segment else { return nil }
    defer { nextFrame += 1 }
    return try play(segment.frames[nextFrame])
  }

  private mutating func begin(_ opened: Segment) throws(PlaybackError) {
    do {
      let header = opened.header
      decoder = try FrameDecoder(
        width: header.width, height: header.height, coding: header.entropyCoding)
    } catch {
      throw .frame(segment: nextSegment, number: 0, .codec(error))
    }
    segment = opened
    nextSegment += 1
    nextFrame = 0
  }

  private mutating func play(_ frame: FrameRecord) throws(PlaybackError) -> PlayedFrame {
    let index = nextSegment - 1
    do throws(PayloadError) {
      try decoder?.apply(frame.coded[...], keyframe: frame.isKey)
    } catch {
      throw .frame(segment: index, number: frame.number, error)
    }
    if frame.isKey { masks = nil }
    frame.masks?.apply(to: &masks)
    lastNumber = frame.number
    return PlayedFrame(
      number: frame.number, time: frame.time, isKey: frame.isKey, status: frame.status,
      withheldTiles: frame.withheldTiles, isChanged: frame.isKey || !frame.coded.isEmpty,
      bytes: frame.coded.count, segment: index)
  }
}

/// Why a session could not be played.
public enum PlaybackError: Error, Sendable, CustomStringConvertible {
  case store(StoreError)
  case frame(segment: Int, number: Int, PayloadError)

  public var description: String {
    switch self {
    case .store(let error): error.description
    case .frame(let segment, let number, let error):
      "segment \(segment), frame \(number): \(error); record the session again, or export the part before it"
    }
  }
}
