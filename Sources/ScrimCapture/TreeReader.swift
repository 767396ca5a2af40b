package import ScrimRedact

/// A snapshot of a desktop's accessibility trees, taken while pixels are captured.
package struct TreeSnapshot: Sendable {
  /// In pixels of the captured picture, with the windows it was read for.
  package var tree: Result<WidgetTree, CaptureIssue>
  /// When reading it began and ended, in nanoseconds of the frames' clock.
  package var span: ClosedRange<Int64>
  /// Whether every requested node answered.
  package var isComplete: Bool

  package init(tree: Result<WidgetTree, CaptureIssue>, span: ClosedRange<Int64>, isComplete: Bool) {
    self.tree = tree
    self.span = span
    self.isComplete = isComplete
  }
}

/// Takes snapshots of trees on its own thread, one after the other, so that capturing never waits for an
/// application.
package protocol TreeReader: AnyObject, Sendable {
  /// The settle delay of the policy that its trees are for (``MaskPolicy/settleDelay``).
  var settleDelay: Int64 { get }
  /// Whether two trees have the same masks and explain the same changes (``MaskPlanner/isSame(_:_:)``): decides
  /// when snapshots are made and passed on.
  func isSame(_ a: WidgetTree, _ b: WidgetTree) -> Bool
  /// The latest complete snapshot; nil before the first.
  func latest() -> TreeSnapshot?
  /// Reports damage at a moment of that clock, so that trees are read only while things change.
  func noteDamage(at time: Int64)
  /// Status of each window so far, on that clock.
  var windows: [SourceWindow] { get }
}

extension TreeReader {
  /// A reader that polls all the time ignores damage.
  package func noteDamage(at time: Int64) {}
  package var windows: [SourceWindow] { [] }
  /// Without a policy, any difference counts.
  package func isSame(_ a: WidgetTree, _ b: WidgetTree) -> Bool {
    LiveBoxes.isEqual(a, b)
  }
}
