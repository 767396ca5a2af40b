import ScrimFormat
import ScrimImage
import ScrimRedact

/// Encoding, decoding and segments.
enum CodingStages {
  static var all: [Stage] {
    [
      keyframe("encode lossless, keyframe", .windows, quality: nil),
      delta("encode lossless, typing", .typing),
      delta("encode lossless, scrolling", .scrolling),
      keyframe("encode quality 80, keyframe of photos", .photo, quality: 80), decodedKeyframe, decodedDelta,
      segment("segment write, 20 frames of photos") { segment in
        { _ in try sampleBytes { try segment.written().bytes } }
      },
      segment("segment read, 20 frames of photos") { segment in
        { _ in try sample { _ = try SegmentReader.read(segment.bytes) } }
      },
      segment("segment verify, 20 frames of photos") { segment in { _ in try sample { try segment.verify() } }
      },
    ]
  }

  private static func keyframe(_ name: String, _ scene: Scene, quality: Int?) -> Stage {
    Stage(name, share: 0.25, reference: "memcpy of a picture") {
      let recording = Held(try Recording(width: Screen.width, height: Screen.height, quality: quality))
      recording.value.show(scene.frame(0))
      return (
        { _ in try coded(recording, keyframe: true) }, against: Reference.copy()
      )
    }
  }

  private static func coded(_ recording: Held<Recording>, keyframe: Bool) throws -> Sample {
    var result = try sample { try recording.value.encode(keyframe: keyframe) }
    result.bytes = recording.value.payload.count
    return result
  }

  /// Codes the changes; the frames repeat, each time after a keyframe.
  private static func delta(_ name: String, _ scene: Scene) -> Stage {
    Stage(name, share: 0.5, reference: "memcpy of a picture") {
      let frames = scene.frames(Reference.ring)
      let recording = Held(try Recording(width: Screen.width, height: Screen.height))
      let work: (Int) throws -> Sample = { round in
        let index = 1 + round % (frames.count - 1)
        if index == 1 {
          recording.value.show(frames[0])
          try recording.value.encode(keyframe: true)
        }
        recording.value.show(frames[index])
        return try coded(recording, keyframe: false)
      }
      return (work, against: Reference.copy())
    }
  }

  private static func payloads(_ scene: Scene, _ count: Int) throws -> [[UInt8]] {
    var recording = try Recording(width: Screen.width, height: Screen.height)
    var payloads: [[UInt8]] = []
    for (index, frame) in scene.frames(count).enumerated() {
      recording.show(frame)
      try recording.encode(keyframe: index == 0)
      payloads.append(recording.payload)
    }
    return payloads
  }

  private static var decodedKeyframe: Stage {
    Stage("decode, keyframe", share: 0.5, reference: "memcpy of a picture") {
      let payload = try payloads(.windows, 1)[0]
      let decoder = Held(try FrameDecoder(width: Screen.width, height: Screen.height))
      return (
        { _ in try sample { try decoder.value.apply(payload[...], keyframe: true) } },
        against: Reference.copy()
      )
    }
  }

  private static var decodedDelta: Stage {
    Stage("decode, scrolling", share: 0.5, reference: "memcpy of a picture") {
      let payloads = try payloads(.scrolling, Reference.ring)
      let decoder = Held(try FrameDecoder(width: Screen.width, height: Screen.height))
      let work: (Int) throws -> Sample = { round in
        let index = 1 + round % (payloads.count - 1)
        if index == 1 { try decoder.value.apply(payloads[0][...], keyframe: true) }
        return try sample { try decoder.value.apply(payloads[index][...], keyframe: false) }
      }
      return (work, against: Reference.copy())
    }
  }

  private static func segment(
    _ name: String, _ work: @escaping (Segment) -> (Int) throws -> Sample
  ) -> Stage {
    Stage(name, pixels: Screen.pixels * 20, share: 0.25, reference: "zlib's crc32 of the segment") {
      let segment = try Segment(payloads(.photo, 20))
      return (work(segment), against: Reference.checksum(segment.bytes))
    }
  }

  /// A sealed segment, and its payloads.
  private struct Segment {
    let payloads: [[UInt8]]
    private(set) var bytes: [UInt8] = []

    init(_ payloads: [[UInt8]]) throws {
      self.payloads = payloads
      bytes = try written().bytes
    }

    func written() throws -> SealedSegment {
      var writer = try SegmentWriter(header: Recording.header(width: Screen.width, height: Screen.height))
      for (index, payload) in payloads.enumerated() {
        try writer.append(
          FrameRecord(time: Int64(index) * 100_000_000, number: index, isKey: index == 0, coded: payload))
      }
      return try writer.seal(index: 0, previous: .zero)
    }

    /// The work of `scrim verify`: reads, checks and decodes.
    func verify() throws {
      let segment = try SegmentReader.read(bytes)
      var decoder = try FrameDecoder(
        width: segment.header.width, height: segment.header.height, coding: segment.header.entropyCoding)
      for frame in segment.frames { try decoder.apply(frame.coded[...], keyframe: frame.isKey) }
    }
  }
}
