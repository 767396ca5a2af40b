import CMeasure
import Foundation
import ScrimFormat
import ScrimImage

/// Frames to record, one after the other: from the generator, or from a file.
struct Session {
  var name: String
  var width: Int
  var height: Int
  var count: Int
  /// Returns the frames, in order.
  var frames: () throws -> (Int) throws -> Frame
  /// The raw file, if it is one.
  var path: String?

  static let keyframeEvery = 50
  private static let generatedFrames = 20
  private static let rounds = 5

  /// A session of the generator. Its frames are made on demand, and kept.
  init(_ scene: Scene) {
    name = scene.rawValue
    width = Screen.width
    height = Screen.height
    count = Session.generatedFrames
    frames = {
      let made = scene.frames(Session.generatedFrames)
      return { made[$0] }
    }
  }

  /// All of them.
  static var generated: [Session] { Scene.allCases.map { Session($0) } }

  /// Records it several times, each frame alternately with a comparison of two pictures.
  func measure() throws -> Measurement {
    let compare = Reference.compare(pixels: width * height)
    var times: [Double] = []
    var totals: [Double] = []
    var ratios: [Double] = []
    var bytes = 0
    var allocations = 0
    var memory: Int?
    var frame = try frames()
    for round in 0..<Session.rounds {
      if path != nil, round > 0 { frame = try frames() }
      var peak = MemoryPeak()
      let recording = Held(try Recording(width: width, height: height))
      var total = 0.0
      var reference = 0.0
      for index in 0..<count {
        let next = try frame(index)
        let work = {
          try sample { try recording.value.add(next, keyframe: index % Session.keyframeEvery == 0) }
        }
        let taken = round == 0 ? try peak.watch(work) : try work()
        times.append(taken.time)
        total += taken.time
        reference += compare(index).time
        if index >= count / 2, round == 0 { allocations += taken.allocations }
      }
      let sealed = try recording.value.seal()
      if round == 0 {
        // A kept frame existed before; a real pipeline has one of its own.
        memory = peak.bytes.map { $0 + (path == nil ? width * height * 4 : 0) }
        bytes = sealed.size
      }
      totals.append(total)
      ratios.append(total / max(reference, 1e-6))
    }
    var result = Measurement("session \(name)", pixels: width * height, times: times)
    result.megapixelsPerSecond = Double(width * height * count) / 1000 / totals.median
    result.noise = totals.noise
    result.bytes = bytes
    result.allocations = Double(allocations) / Double(max(count - count / 2, 1))
    result.memory = memory
    result.set(ratios: ratios, to: "memcmp of both pictures")
    return result
  }
}
