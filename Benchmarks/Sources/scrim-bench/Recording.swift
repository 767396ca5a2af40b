import ScrimCodec
import ScrimFormat
import ScrimImage
import ScrimRedact

/// All stages of a frame: it is masked (by a plan that shows everything), compared, coded and written to a
/// segment.
struct Recording: ~Copyable {
  private let regions: MaskRegions
  private var masker: Masker
  private var coder: FrameEncoder
  private var writer: SegmentWriter
  private var number = 0
  /// Payload of the last encoded frame.
  private(set) var payload: [UInt8] = []

  init(width: Int, height: Int, quality: Int? = nil) throws {
    let coder = try FrameEncoder(width: width, height: height, options: CodingOptions(quality: quality))
    writer = try SegmentWriter(header: Recording.header(width: width, height: height))
    self.coder = coder
    masker = Masker(width: width, height: height, fills: MaskFills())
    regions = Recording.open(width: width, height: height)
  }

  static func header(width: Int, height: Int) -> SegmentHeader {
    SegmentHeader(
      session: SessionID([UInt8](repeating: 1, count: 16)), start: 0, width: width, height: height,
      entropyCoding: .preferred, policy: .zero, producer: "scrim-bench")
  }

  /// The plan that masks nothing.
  static func open(width: Int, height: Int) -> MaskRegions {
    MaskPlan(width: width, height: height, masks: [], guarded: Region()).regions
  }

  mutating func show(_ frame: Frame) { masker.show(frame, masked: regions) }

  /// Encodes the shown picture.
  mutating func encode(keyframe: Bool) throws {
    try coder.encode(masker.frame, keyframe: keyframe, into: &payload)
  }

  /// Takes a frame all the way; the segment's bytes are discarded.
  mutating func add(_ frame: Frame, keyframe: Bool) throws {
    show(frame)
    try encode(keyframe: keyframe)
    try writer.append(
      FrameRecord(time: Int64(number) * 100_000_000, number: number, isKey: keyframe, coded: payload))
    writer.drain()
    number += 1
  }

  /// The segment of all frames so far.
  func seal() throws -> SealedSegment { try writer.seal(index: 0, previous: .zero) }
}
