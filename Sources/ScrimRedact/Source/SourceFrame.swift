public import ScrimImage

/// A raw frame from a source, with its boxes.
public struct SourceFrame: Sendable {
  /// Frame number in the source, counting lost frames.
  public var number: Int
  /// Nanoseconds on the source's clock.
  public var time: Int64
  public var pixels: Result<Frame, CaptureIssue>
  public var tree: Result<WidgetTree, CaptureIssue>
  /// An equal number means the same tree as in the previous frame, so that its plan can be reused.
  public var treeVersion: Int
  /// When the tree snapshot began and ended; nil if the boxes belong to the frame exactly.
  public var snapshotSpan: ClosedRange<Int64>?
  /// Whether the tree was read completely.
  public var isTreeComplete: Bool
  /// Damage since the source's previous frame, though the pixels may look the same; empty if there is none,
  /// nil if it is unknown. Pixels outside are not read, except for one stripe per frame that checks whether
  /// the damage is reliable.
  public var damage: Region?
  /// Whether the recorder drops the frame if it changes nothing that is shown. Set by sources that capture
  /// only after drawing: otherwise frame timestamps would leak changes under masks (a timing side channel).
  public var mayBeLeftOut = false

  public init(
    number: Int, time: Int64, pixels: Result<Frame, CaptureIssue>, tree: Result<WidgetTree, CaptureIssue>,
    treeVersion: Int, snapshotSpan: ClosedRange<Int64>?, isTreeComplete: Bool, damage: Region? = nil
  ) {
    self.number = number
    self.time = time
    self.pixels = pixels
    self.tree = tree
    self.treeVersion = treeVersion
    self.snapshotSpan = snapshotSpan
    self.isTreeComplete = isTreeComplete
    self.damage = damage
  }
}
