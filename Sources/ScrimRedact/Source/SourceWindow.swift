/// Status of one window of a live screen. Windows are numbered in order of appearance and named by their
/// program: never by a title, a name or a text, nor by anything derived from one.
public struct SourceWindow: Hashable, Sendable {
  /// Why a window is masked completely.
  public enum Reason: String, CaseIterable, Sendable {
    /// Neither the server nor the compositor reports which process drew it.
    case noProcess
    /// No application of its process is on the accessibility bus: it has no tree, or must be configured to
    /// build one.
    case noTree
    /// The application hangs, has too many nodes or exited while it was read.
    case unreadable
    /// The application was read, but lists no window of that position and size.
    case noFit
    /// Several windows of the tree match it, or several windows match the same node, and titles don't
    /// decide.
    case ambiguous
    /// Some of its nodes could not be read, and their positions are unknown.
    case torn
    /// Under Wayland: a menu or tool tip of unknown position may cover it.
    case popup
  }

  /// From 1, in order of appearance.
  public var number: Int
  /// The window system's id for it, as in ``Window/xid``; ids of closed windows are reused.
  public var window: Int
  /// The file name of the program that drew it; nil if its process is unknown.
  public var program: String?
  /// Whether the last tree snapshot listed it.
  public var isOpen = true
  /// Nodes of its tree in the last snapshot.
  public var nodes = 0
  /// Why it was masked completely in the last snapshot that listed it; nil if its tree is trusted.
  public var reason: Reason?
  /// Start of this status, in nanoseconds of the source's clock.
  public var since: Int64

  public init(number: Int, window: Int, program: String?, since: Int64) {
    self.number = number
    self.window = window
    self.program = program
    self.since = since
  }
}
