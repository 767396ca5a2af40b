public import ScrimRedact

/// What one reading of a desktop's accessibility trees gave, beside the capture of its pixels.
public struct TreeSnapshot: Sendable {
  /// In pixels of the captured picture, with the windows it was read for.
  public var tree: Result<WidgetTree, CaptureFault>
  /// When the reading began and ended, in nanoseconds of the clock that frames are told by.
  public var span: ClosedRange<Int64>
  /// Whether every node that was asked for answered.
  public var isComplete: Bool

  public init(tree: Result<WidgetTree, CaptureFault>, span: ClosedRange<Int64>, isComplete: Bool) {
    self.tree = tree
    self.span = span
    self.isComplete = isComplete
  }
}

/// Reads trees on a thread of its own, one after the other, so that capturing never waits for an application.
public protocol TreeReader: AnyObject, Sendable {
  /// The settle delay of the policy that its trees are for (``MaskPolicy/settleDelay``).
  var settleDelay: Int64 { get }
  /// The latest reading that has ended; nil before the first.
  func latest() -> TreeSnapshot?
  /// Hears that the screen was drawn on, at a moment of that clock, so that it reads only while things change.
  func noteDamage(at time: Int64)
  /// What was found of each window so far, on that clock.
  var windows: [SourceWindow] { get }
}

extension TreeReader {
  /// A reader that reads all the time needs no telling.
  public func noteDamage(at time: Int64) {}
  public var windows: [SourceWindow] { [] }
}
