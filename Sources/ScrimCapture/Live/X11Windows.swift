import CScrimX11
public import ScrimRedact
import Synchronization

/// The windows of an X display as a reader of trees needs them. Has a connection of its own; may be called from any thread.
public final class X11Windows: Sendable {
  /// A window, and the process that it says it belongs to.
  public struct Entry: Hashable, Sendable {
    public var window: Window
    /// 0 where the window doesn't say.
    public var process: Int
  }

  private let connection: Mutex<X11Connection>

  /// - Parameter display: as in DISPLAY.
  public init(display: String) throws(CaptureError) {
    let opened = try Opened(display: display)
    connection = Mutex(opened.connection)
  }

  /// Made and handed over at once, so that no one else holds it.
  private struct Opened {
    let connection: X11Connection
    init(display: String) throws(CaptureError) { connection = try X11Connection(display: display) }
  }

  /// Windows that are to be seen, bottom to top, in pixels of the screen.
  public func entries() throws(CaptureError) -> [Entry] {
    try connection.withLock { connection throws(CaptureError) in
      try connection.windows().map(Entry.init)
    }
  }

  /// As ``entries()`` tells them.
  public func windows() throws(CaptureError) -> [Window] { try entries().map(\.window) }
}

extension X11Windows.Entry {
  fileprivate init(_ raw: scrim_x11_window) {
    func extents(_ values: (UInt32, UInt32, UInt32, UInt32)) -> Window.Extents {
      // An application that says nonsense of its window is not to fail the tree of the others.
      func side(_ value: UInt32) -> Int { min(Int(value), WidgetTree.extentLimit) }
      return Window.Extents(
        left: side(values.0), right: side(values.1), top: side(values.2), bottom: side(values.3))
    }
    window = Window(
      xid: Int(raw.id), x: Double(raw.x), y: Double(raw.y), width: Double(raw.width),
      height: Double(raw.height), frameExtents: raw.has_frame ? extents(raw.frame) : nil,
      shadowExtents: raw.has_shadow ? extents(raw.shadow) : nil, isManaged: raw.is_managed)
    process = Int(raw.pid)
  }
}
