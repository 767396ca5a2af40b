package import ScrimRedact

/// A window of a live desktop: the window facts that masking needs, and the process that drew it.
package struct DesktopWindow: Hashable, Sendable {
  package var window: Window
  /// The process that drew it, as the server or the compositor reports it; nil if neither does. Never what
  /// a window claims itself.
  package var pid: Int?
  /// Only compared with names of accessible windows; rules see it as the name of a window without a tree.
  package var title: String
  /// Whether it is on the screen. A window that is minimised, on another workspace or completely under
  /// another one is listed so that its tree is not assigned to another window.
  package var isVisible = true
  /// The `xid` of the other process's window that contains it; nil for a top-level window.
  package var parent: Int?
  /// Whether it covers its parent window, and a helper process of that window's program drew it, as a
  /// browser's GPU process does.
  package var isHelper = false
  /// The frame that a window property claims. Toolkits include it in their box, so boxes may match it; it
  /// has no other use.
  package var claimedFrame: Window.Extents?
  /// Whether it has the keyboard focus; reported by sway only.
  package var hasFocus = false

  package init(window: Window, pid: Int?, title: String) {
    self.window = window
    self.pid = pid
    self.title = title
  }
}
