import ScrimCapture
import ScrimRedact

/// Prints the issues of single frames, up to a readable number.
struct IssueLog {
  private let isLive: Bool
  private let start = ContinuousClock.now
  private var counts = 0
  private static let limit = 20

  init(isLive: Bool) { self.isLive = isLive }

  mutating func note(_ issue: CaptureIssue, _ progress: inout Progress) {
    // The first tree takes a moment, which is not an issue.
    if isLive, issue.place == LiveSource.treesPlace, ContinuousClock.now - start < .seconds(3) { return }
    counts += 1
    guard counts <= IssueLog.limit else { return }
    progress.clear()
    Terminal.say("\(issue)")
  }

  func close() {
    if counts > IssueLog.limit { Terminal.say("and \(counts - IssueLog.limit) more issues") }
  }
}
