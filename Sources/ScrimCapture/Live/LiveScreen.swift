import ScrimImage
import ScrimRedact

/// A screen that changes by itself.
///
/// An object, since behind each lies a connection or a mapping that has one owner.
protocol LiveScreen: AnyObject {
  /// For messages.
  var name: String { get }
  /// Waits until the picture may have changed, a signal came, or a moment of CLOCK_MONOTONIC has come.
  ///
  /// - Returns: whether the picture may have changed since it was captured last.
  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool
  /// Whether nothing was drawn between the last capture and this call: what was drawn and not yet told of is asked for, and looked for
  /// where what is told can be less than what was drawn.
  func isStill() throws(CaptureError) -> Bool
  /// - Parameter isThorough: whether damage is to hold all that differs from the last capture, told of or not: before boxes clear what
  ///   the picture shows. Otherwise the picture may be older where the screen does not say that it was drawn on.
  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture
  /// Captures that were taken again, since the picture was being drawn meanwhile.
  var tornReads: Int { get }
}

enum LiveCapture {
  case picture(LivePicture)
  /// Nothing was drawn after all; where the pointer is now.
  case unchanged(pointer: LivePoint?)
  /// What was watched was closed.
  case ended
}

struct LivePoint: Hashable {
  var x: Int
  var y: Int
}

struct LivePicture {
  var frame: Frame
  /// What was drawn on since the capture before, in pixels of the picture; nil where it isn't known.
  var damage: Region?
  /// Where on the screen the picture lies.
  var origin = LivePoint(x: 0, y: 0)
  /// When it was copied, at the latest, on CLOCK_MONOTONIC; nil for when it was asked for, or later.
  var moment: Int64?
  /// In pixels of the picture.
  var pointer: LivePoint?

  var bounds: Rect { Rect(x: 0, y: 0, width: frame.width, height: frame.height) }
}
