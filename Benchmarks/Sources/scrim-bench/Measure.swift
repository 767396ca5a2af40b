import CMeasure

/// One line of the table.
struct Result: Codable {
  var name: String
  /// Pixels that went through, in millions a second of CPU time; nil where pixels are not the measure.
  var megapixelsPerSecond: Double?
  /// CPU milliseconds a frame.
  var p50: Double
  var p99: Double
  var bytes: Int?
  /// Calls of the allocator a frame, after the first frames.
  var allocations: Double?
  /// CPU time by that of the reference, measured in turns with it; the median of all turns.
  var ratio: Double?
  var reference: String?
}

/// CPU milliseconds that a piece of work takes on this thread.
func milliseconds(_ work: () throws -> Void) rethrows -> Double {
  let start = measure_thread_time()
  try work()
  return Double(measure_thread_time() - start) / 1e6
}

extension [Double] {
  /// The value below which that share of all lies.
  func quantile(_ share: Double) -> Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return sorted[Swift.min(Int(Double(count) * share), count - 1)]
  }

  var median: Double { quantile(0.5) }
}

/// Runs a piece of work and its reference in turns, so that a change of the machine's speed meets both.
///
/// - Parameter rounds: turns; the first two are not counted.
func inTurns(
  _ name: String, pixels: Int, rounds: Int, reference: String, _ work: (Int) throws -> Void,
  against other: (Int) throws -> Void
) rethrows -> Result {
  var times: [Double] = []
  var ratios: [Double] = []
  var allocations: UInt64 = 0
  for round in 0..<rounds + 2 {
    let before = measure_allocations()
    let mine = try milliseconds { try work(round) }
    let made = measure_allocations() - before
    let theirs = try milliseconds { try other(round) }
    if round < 2 { continue }
    allocations += made
    times.append(mine)
    ratios.append(mine / Swift.max(theirs, 1e-6))
  }
  return Result(
    name: name, megapixelsPerSecond: Double(pixels) / 1000 / Swift.max(times.median, 1e-6), p50: times.median,
    p99: times.quantile(0.99), bytes: nil, allocations: Double(allocations) / Double(rounds),
    ratio: ratios.median, reference: reference)
}
