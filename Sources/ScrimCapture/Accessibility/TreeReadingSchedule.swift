/// When trees are read: not at all while nothing changes, and no more of a core than a share while things do.
///
/// A reading clears what held still from `settleDelay` before it began. So the reading that counts begins `settleDelay` after the last
/// change, and another follows if it told something new, or one before it did while things moved, `settleDelay` after frames carry it: only then the masks of the tree before, which are united
/// with its own, are gone. While changes go on, one is made every `interval` for what holds still beside them.
struct TreeReadingSchedule: Sendable {
  /// Nanoseconds, all of them.
  var settleDelay: Int64
  var interval: Int64
  private var firstChange: Int64?
  private var lastChange: Int64?
  private var lastBegin: Int64?
  private var restUntil: Int64 = .min
  /// Whether something new was told since a reading last found the screen still.
  private var isUnconfirmed = false
  /// When to read again, where the last reading found the screen still, and something new was told.
  private var confirmation: Int64?

  /// The reader's own computing may be a twentieth of a core; no rest is longer than two seconds.
  static let restPerWork: Int64 = 20
  static let shortestRest: Int64 = 50_000_000
  static let longestRest: Int64 = 2_000_000_000

  /// From the end of a reading to a frame that carries it, at ten frames a second.
  private static let delivery: Int64 = 250_000_000

  init(settleDelay: Int64, interval: Int64) {
    self.settleDelay = settleDelay
    self.interval = interval
  }

  /// Notes that pixels, or what trees tell, changed.
  mutating func noteChange(at time: Int64) {
    if firstChange == nil { firstChange = time }
    lastChange = max(lastChange ?? time, time)
  }

  /// When the next reading is to begin; nil while there is nothing to read.
  var due: Int64? {
    guard let lastBegin else { return restUntil }
    if let confirmation { return max(restUntil, confirmation) }
    guard let firstChange, let lastChange, lastChange + settleDelay > lastBegin else { return nil }
    return max(restUntil, min(lastChange + settleDelay, max(firstChange, lastBegin) + interval))
  }

  /// Notes a reading, what it cost, whether it told something new, and whether it has to be made again whatever happens.
  mutating func noteReading(begin: Int64, end: Int64, work: Int64, isNews: Bool, isToRepeat: Bool) {
    lastBegin = begin
    let isStill = lastChange.map { $0 + settleDelay <= begin } ?? true
    if isStill { firstChange = nil }
    isUnconfirmed = isUnconfirmed || isNews
    confirmation = isStill && isUnconfirmed ? end + settleDelay + TreeReadingSchedule.delivery : nil
    if isStill { isUnconfirmed = false }
    if isToRepeat { noteChange(at: end) }
    let rest = min(
      max(work * TreeReadingSchedule.restPerWork, TreeReadingSchedule.shortestRest),
      TreeReadingSchedule.longestRest)
    restUntil = end + rest
  }
}
