public import ScrimRedact

/// A window of a live desktop: what masking knows of windows, and which process drew it.
public struct DesktopWindow: Hashable, Sendable {
  public var window: Window
  /// The process that drew it, as the server or the compositor says; nil where neither does. Never what a window claims of itself.
  public var pid: Int?
  /// Only compared with names of accessible windows, and the name that rules see of a window without a tree.
  public var title: String
  /// Whether it is on the screen. One that is minimised, on another workspace or all under another window is listed so that its tree is not taken for another's.
  public var isVisible = true
  /// The `xid` of the window of another process in which it lies; nil for one of its own.
  public var parent: Int?
  /// Whether it covers the window in which it lies, and a helper process of that window's program drew it, as a browser's GPU process does.
  public var isHelper = false
  /// The frame that a property tells of. Toolkits count it into their box, so boxes may fit it; nothing else relies on it.
  public var claimedFrame: Window.Extents?
  /// Whether it has the keyboard's focus; told by sway only.
  public var hasFocus = false

  public init(window: Window, pid: Int?, title: String) {
    self.window = window
    self.pid = pid
    self.title = title
  }
}
