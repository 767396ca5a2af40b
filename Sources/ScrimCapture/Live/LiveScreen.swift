import ScrimImage
import ScrimRedact

/// A screen that changes while it is recorded.
///
/// A class, since each implementation owns a connection or a mapping.
protocol LiveScreen: AnyObject {
  /// For messages.
  var name: String { get }
  /// Waits until the picture may have changed, a signal arrives, or `moment` on CLOCK_MONOTONIC has passed.
  ///
  /// - Returns: whether the picture may have changed since the last capture.
  func waitForChange(until moment: Int64) throws(CaptureError) -> Bool
  /// Whether nothing was drawn between the last capture and this call. Asks for damage that was not
  /// reported yet, and compares pixels if damage reports may be incomplete.
  func isUnchanged() throws(CaptureError) -> Bool
  /// - Parameter isThorough: whether to compare the whole screen instead of trusting reported damage:
  ///   needed before boxes clear tiles of this picture. Otherwise the picture may be outdated where no
  ///   damage was reported.
  func capture(isThorough: Bool) throws(CaptureError) -> LiveCapture
  /// Input events since the last call, in pixels of the screen, with times of CLOCK_MONOTONIC.
  func takeInput() -> [Event]
  /// The types of events that it can report.
  var observes: [String] { get }
  /// Number of captures that were repeated because the picture was drawn on meanwhile.
  var tornReads: Int { get }
}

extension LiveScreen {
  func takeInput() -> [Event] { [] }
  var observes: [String] { [] }
}

enum LiveCapture {
  case picture(LivePicture)
  /// Nothing was drawn; the current position of the pointer.
  case unchanged(pointer: LivePoint?)
  /// The watched window or output was closed.
  case ended
}

struct LivePoint: Hashable {
  var x: Int
  var y: Int
}

struct LivePicture {
  var frame: Frame
  /// Damage since the previous capture, in pixels of the picture; nil if it is unknown.
  var damage: Region?
  /// Position of the picture on the screen.
  var origin = LivePoint(x: 0, y: 0)
  /// Latest time at which it was copied, on CLOCK_MONOTONIC; nil for the time of the request, or later.
  var moment: Int64?
  /// In pixels of the picture.
  var pointer: LivePoint?

  var bounds: Rect { Rect(x: 0, y: 0, width: frame.width, height: frame.height) }
}
