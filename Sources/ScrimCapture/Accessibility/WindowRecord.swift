/// What one reading of the trees made of a window on the screen. Holds no title, no name and no text.
public struct WindowRecord: Hashable, Sendable {
  /// Why a window is masked whole.
  public enum Reason: String, CaseIterable, Sendable {
    /// Neither the server nor the compositor says which process drew it.
    case noProcess = "its process is not known"
    /// No application of its process is on the accessibility bus: none is built in, or it has to be switched on.
    case noTree = "its program has no accessibility tree"
    /// The application hangs, has too many nodes or went away while it was read.
    case unreadable = "its program did not answer in time"
    /// Its application is read, but lists no window of that place and size.
    case noFit = "no window of its program's tree lies where it does"
    /// Several windows of the tree could be it, or it could be several, and titles don't tell.
    case ambiguous = "it can't be told from other windows of its program"
    /// Nodes of it could not be read, and nobody knows where they lie.
    case torn = "its tree could be read in part"
    /// Under Wayland: a menu or a tip of its program is open, or one of a program without a tree may be.
    case popup = "a menu or tip whose place is not known may lie over it"
  }

  /// The window system's name for it, unique while it is open.
  public var window: Int
  public var pid: Int?
  /// Nodes of its tree that lie in the picture.
  public var nodes: Int
  /// Nil where its tree is believed.
  public var reason: Reason?
}
