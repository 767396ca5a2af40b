public import ScrimImage

/// A frame as its source gave it, with the boxes that came with it.
public struct SourceFrame: Sendable {
  /// Counts the source's frames, lost ones included.
  public var number: Int
  /// Nanoseconds on the source's clock.
  public var time: Int64
  public var pixels: Result<Frame, CaptureFault>
  public var tree: Result<WidgetTree, CaptureFault>
  /// Equal numbers: the same tree as the frame before, so that its plan can be used again.
  public var treeVersion: Int
  /// When the reading of the boxes began and ended; nil where they belong to the frame exactly.
  public var snapshotSpan: ClosedRange<Int64>?
  /// Whether the tree was read in full.
  public var isTreeComplete: Bool
  /// The pixels that were drawn on since the source's frame before, though they may look the same again; empty where none were, nil where
  /// nobody knows. Pixels outside are not looked at, but for a stripe a frame that tells whether this can be believed.
  public var damage: Region?
  /// Whether the recorder leaves the frame out where it changes nothing that is shown. Sources that look only when something was drawn set
  /// it: else the frames themselves would tell when something changed under masks.
  public var mayBeLeftOut = false

  public init(
    number: Int, time: Int64, pixels: Result<Frame, CaptureFault>, tree: Result<WidgetTree, CaptureFault>,
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

  /// Takes over the damage of the frame before, which is left out: for whoever drops frames.
  public mutating func addDamage(of dropped: SourceFrame) {
    guard let mine = damage, let earlier = dropped.damage else {
      damage = nil
      return
    }
    damage = earlier.isEmpty ? mine : mine.union(earlier)
  }
}
