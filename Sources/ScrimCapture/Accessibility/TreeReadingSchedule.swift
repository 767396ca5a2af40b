/// Decides when trees are read: never while nothing changes, and with a bounded share of a core while
/// things do.
///
/// A snapshot clears the tiles that have not changed since `settleDelay` before it began. So the deciding
/// snapshot begins `settleDelay` after the last change. If it differs from the previous one, or one before
/// it did while things moved, another follows `settleDelay` after frames carry it: only then are the masks
/// of the previous tree, which are united with its own, gone. While changes go on, one is made every
/// `interval` for the parts that don't change.
struct TreeReadingSchedule: Sendable {
  /// Nanoseconds, all of them.
  var settleDelay: Int64
  var interval: Int64
  private var firstChange: Int64?
  private var lastChange: Int64?
  private var lastBegin: Int64?
  private var restUntil: Int64 = .min
  /// Whether a snapshot differed since one was last made of an unchanged screen.
  private var isUnconfirmed = false
  /// Time of the next snapshot, if the last one was made of an unchanged screen, and differed.
  private var confirmation: Int64?

  /// The reader may use a twentieth of a core; no pause is longer than two seconds.
  static let restPerWork: Int64 = 20
  static let shortestRest: Int64 = 50_000_000
  static let longestRest: Int64 = 2_000_000_000

  /// Time from the end of a snapshot to a frame that carries it, at ten frames a second.
  private static let delivery: Int64 = 250_000_000

  init(settleDelay: Int64, interval: Int64) {
    self.settleDelay = settleDelay
    self.interval = interval
  }

  /// Notes that pixels, or the trees, changed.
  mutating func noteChange(at time: Int64) {
    if firstChange == nil { firstChange = time }
    lastChange = max(lastChange ?? time, time)
  }

  /// When the next snapshot should begin; nil while there is nothing to read.
  var due: Int64? {
    guard let lastBegin else { return restUntil }
    if let confirmation { return max(restUntil, confirmation) }
    guard let firstChange, let lastChange, lastChange + settleDelay > lastBegin else { return nil }
    return max(restUntil, min(lastChange + settleDelay, max(firstChange, lastBegin) + interval))
  }

  /// Notes a snapshot, its CPU time, whether it differed from the previous one, and whether it must be
  /// repeated in any case.
  mutating func noteReading(begin: Int64, end: Int64, work: Int64, isNews: Bool, isToRepeat: Bool) {
    lastBegin = begin
    let isUnchanged = lastChange.map { $0 + settleDelay <= begin } ?? true
    if isUnchanged { firstChange = nil }
    isUnconfirmed = isUnconfirmed || isNews
    confirmation = isUnchanged && isUnconfirmed ? end + settleDelay + TreeReadingSchedule.delivery : nil
    if isUnchanged { isUnconfirmed = false }
    if isToRepeat { noteChange(at: end) }
    let rest = min(
      max(work * TreeReadingSchedule.restPerWork, TreeReadingSchedule.shortestRest),
      TreeReadingSchedule.longestRest)
    restUntil = end + rest
  }
}
