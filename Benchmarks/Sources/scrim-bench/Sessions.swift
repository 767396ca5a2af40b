import CMeasure
import Foundation
import ScrimFormat
import ScrimImage
import ScrimRedact

/// Whole sessions: masked (with a plan that shows everything), compared and coded, a keyframe every 50 frames.
struct SessionRun {
  static let keyframeEvery = 50

  /// A session of the generator, twenty frames of it.
  static func generated(_ scene: Scene) throws -> Result {
    let frames = 20
    return try run(scene.rawValue, width: Stages.width, height: Stages.height, frames: frames) {
      scene.frame($0, width: Stages.width, height: Stages.height)
    }
  }

  /// A raw BGRX session from a file with a description beside it (`NAME.raw`, `NAME.json` with `width`, `height`, `frames`).
  static func recorded(_ path: String) throws -> Result {
    struct Description: Decodable {
      var width: Int
      var height: Int
      var frames: Int
    }
    let json = path.replacingOccurrences(of: ".raw", with: ".json")
    let description = try JSONDecoder().decode(
      Description.self, from: Data(contentsOf: URL(fileURLWithPath: json)))
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let size = description.width * description.height * 4
    return try run(
      (path as NSString).lastPathComponent, width: description.width, height: description.height,
      frames: description.frames
    ) { _ in
      guard let data = try file.read(upToCount: size), data.count == size else {
        throw BenchError(message: "\(path) ends within a frame")
      }
      return try Frame(
        width: description.width, height: description.height, stride: description.width * 4, format: .bgrx,
        bytes: [UInt8](data).span)
    }
  }

  private static func run(
    _ name: String, width: Int, height: Int, frames: Int, _ frame: (Int) throws -> Frame
  ) throws -> Result {
    let regions = MaskPlan(width: width, height: height, masks: [], guarded: Region()).regions
    var masker = Masker(width: width, height: height, fills: MaskFills())
    var coder = try FrameCoder(width: width, height: height, options: CodingOptions())
    var times: [Double] = []
    var bytes = 0
    var allocations: UInt64 = 0
    for index in 0..<frames {
      let next = try frame(index)
      let before = measure_allocations()
      times.append(
        try milliseconds {
          masker.show(next, masked: regions)
          bytes += try coder.encode(masker.frame, keyframe: index % keyframeEvery == 0).count
        })
      if index > 1 { allocations += measure_allocations() - before }
    }
    let total = times.reduce(0, +)
    return Result(
      name: "session \(name)", megapixelsPerSecond: Double(width * height * frames) / 1000 / total,
      p50: times.median, p99: times.quantile(0.99), bytes: bytes,
      allocations: Double(allocations) / Double(max(frames - 2, 1)), ratio: nil, reference: nil)
  }
}

struct BenchError: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}
