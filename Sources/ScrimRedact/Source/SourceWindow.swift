/// What a live source found of one window of its screen. Windows are numbered as they are met, and named by their program: never by a title,
/// a name or a text, nor by anything that is made of one.
public struct SourceWindow: Hashable, Sendable {
  /// Why a window is masked whole.
  public enum Reason: String, CaseIterable, Sendable {
    /// Neither the server nor the compositor says which process drew it.
    case noProcess
    /// No application of its process is on the accessibility bus: it has no tree, or has to be told to build one.
    case noTree
    /// The application hangs, has too many nodes or went away while it was read.
    case unreadable
    /// The application is read, but lists no window of that place and size.
    case noFit
    /// Several windows of the tree could be it, or it could be several, and titles don't decide.
    case ambiguous
    /// Nodes of it could not be read, and it is not known where they lie.
    case torn
    /// Under Wayland: a menu or a tip whose place is not known may lie over it.
    case popup
  }

  /// From 1, in the order in which windows were met.
  public var number: Int
  /// The window system's name for it, as in ``Window/xid``; names of closed windows are used again.
  public var window: Int
  /// The file name of the program that drew it; nil where its process is not known.
  public var program: String?
  /// Whether the last reading of the trees listed it.
  public var isOpen = true
  /// Nodes of its tree at the last reading.
  public var nodes = 0
  /// Why it is masked whole, at the last reading that listed it; nil where its tree is believed.
  public var reason: Reason?
  /// Since when it is so, in nanoseconds of the source's clock.
  public var since: Int64

  public init(number: Int, window: Int, program: String?, since: Int64) {
    self.number = number
    self.window = window
    self.program = program
    self.since = since
  }
}
