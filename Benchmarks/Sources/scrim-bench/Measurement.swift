import CMeasure

/// One line of the table. Times are CPU times.
struct Measurement: Codable {
  var name: String
  /// Pixels processed, in millions per second.
  var megapixelsPerSecond: Double
  /// Milliseconds per frame.
  var p50: Double
  var p99: Double
  /// The distance between the quartiles of the times, as a fraction of the median: the noise.
  var noise: Double
  var bytes: Int?
  /// Allocator calls per frame: the median for a stage, the mean for a session.
  var allocations: Double?
  /// Maximum additional memory in bytes; nil if the system doesn't report it.
  var memory: Int?
  /// Time relative to the reference, measured alternately with it: the median of all rounds, and its noise.
  var ratio: Double?
  var ratioNoise: Double?
  var reference: String?
}

extension Measurement {
  init(_ name: String, pixels: Int, times: [Double]) {
    self.name = name
    megapixelsPerSecond = Double(pixels) / 1000 / max(times.median, 1e-6)
    p50 = times.median
    p99 = times.quantile(0.99)
    noise = times.noise
  }

  mutating func set(ratios: [Double], to reference: String) {
    ratio = ratios.median
    ratioNoise = ratios.noise
    self.reference = reference
  }
}

extension [Double] {
  /// The quantile: the value below which that share of all lies.
  func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return 0 }
    return sorted()[Swift.min(Int(Double(count) * share), count - 1)]
  }

  var median: Double { quantile(0.5) }
  var noise: Double { (quantile(0.75) - quantile(0.25)) / Swift.max(median, 1e-9) }
}

/// Cost of one piece of work.
struct Sample {
  enum Clock { case thread, process }

  /// CPU milliseconds.
  var time: Double
  var allocations: Int
  /// Size of the output, if it is known.
  var bytes: Int?
}

/// Runs a piece of work, on the clock of this thread or, if it has threads of its own, of the process.
func sample(_ clock: Sample.Clock = .thread, _ work: () throws -> Void) rethrows -> Sample {
  let now = clock == .thread ? measure_thread_time : measure_process_time
  let before = measure_allocations()
  let start = now()
  try work()
  let end = now()
  return Sample(time: Double(end - start) / 1e6, allocations: Int(measure_allocations() - before), bytes: nil)
}

/// The same for work that returns bytes.
func sampleBytes(_ work: () throws -> [UInt8]) rethrows -> Sample {
  var made: [UInt8] = []
  var result = try sample { made = try work() }
  result.bytes = made.count
  return result
}

/// Measures the maximum additional memory of pieces of work.
struct MemoryPeak {
  private let base = measure_memory()
  private(set) var bytes: Int?

  mutating func watch<T>(_ work: () throws -> T) rethrows -> T {
    let counts = measure_reset_peak() == 0
    let result = try work()
    let peak = measure_peak_memory()
    if counts, base >= 0, peak >= 0 { bytes = max(bytes ?? 0, Int(peak - base)) }
    return result
  }
}

/// A stage: an operation on a frame, and a reference that runs alternately with it, so that a change of the
/// machine's speed affects both.
struct Stage {
  var name: String
  var run: (_ rounds: Int) throws -> Measurement

  /// - Parameters:
  ///   - pixels: of one round.
  ///   - share: rounds per requested round, for slow stages.
  ///   - prepare: makes the work and the reference, each called with the number of the round.
  init(
    _ name: String, pixels: Int = Screen.pixels, share: Double = 1, reference: String,
    prepare: @escaping () throws -> (work: (Int) throws -> Sample, against: (Int) throws -> Sample)
  ) {
    self.name = name
    run = { rounds in
      let (work, against) = try prepare()
      var memory = MemoryPeak()
      // Caches, pages and scratch memory are warm after two rounds, which are not counted.
      for round in 0..<2 {
        _ = try memory.watch { try work(round) }
        _ = try against(round)
      }
      var times: [Double] = []
      var ratios: [Double] = []
      var allocations: [Double] = []
      var bytes: Int?
      let rounds = max(Int(Double(rounds) * share), 5)
      for round in 2..<2 + rounds {
        let mine = try work(round)
        let theirs = try against(round)
        times.append(mine.time)
        ratios.append(mine.time / max(theirs.time, 1e-6))
        allocations.append(Double(mine.allocations))
        if let size = mine.bytes { bytes = (bytes ?? 0) + size }
      }
      var result = Measurement(name, pixels: pixels, times: times)
      result.allocations = allocations.median
      result.bytes = bytes.map { $0 / rounds }
      result.memory = memory.bytes
      result.set(ratios: ratios, to: reference)
      return result
    }
  }
}

/// The screen size for measuring stages.
enum Screen {
  static let width = 1920
  static let height = 1080
  static let pixels = width * height
}

struct BenchError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
