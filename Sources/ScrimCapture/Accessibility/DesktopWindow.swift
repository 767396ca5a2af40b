public import ScrimRedact

/// A window of a live desktop: what masking knows of windows, and what tells whose it is.
public struct DesktopWindow: Hashable, Sendable {
  public var window: Window
  /// The process that the window says it belongs to; nil where it says nothing.
  public var pid: Int?
  /// Only compared with names of accessible windows, and the name that rules see of a window without a tree.
  public var title: String

  public init(window: Window, pid: Int?, title: String) {
    self.window = window
    self.pid = pid
    self.title = title
  }
}
