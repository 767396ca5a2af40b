/// One visible object of an application's tree, as the application reports it.
struct AccessibleNode: Sendable {
  /// The box of a widget in the toolkit's own units.
  struct Box: Hashable, Sendable {
    var x: Int
    var y: Int
    var width: Int
    var height: Int
  }

  var object: BusObject
  var role: String
  var name: String
  var states: AccessibleStates
  /// Nil if it has none, or one of no size.
  var box: Box?
  /// Whether it has text that its role doesn't imply.
  var hasText: Bool
  /// Value of a progress bar, scroll bar or slider; nil for other roles.
  var value: Double?
  /// The index of its nearest ancestor in the same list, which precedes it; nil for a child of the
  /// application.
  var parent: Int?
  /// Whether something below it could not be read, so that the content of its box is unknown.
  var isTorn: Bool
  /// The index in the same list of the input to which this list belongs, wherever the toolkit lists it; a
  /// combo box's list has a window of its own.
  var listOf: Int?
}

/// One application's part of a snapshot.
struct ApplicationReading: Sendable {
  /// How completely its tree could be read.
  enum Outcome: Sendable {
    case whole
    /// It stopped answering, exceeds the node limit, or exited meanwhile.
    case unreadable
  }

  var application: AccessibleApplication
  /// Nodes, parents before children.
  var nodes: [AccessibleNode]
  var outcome: Outcome
  /// Nanoseconds from the first request to the last answer.
  var duration: Int64
  var calls: Int
}

/// An application on the accessibility bus.
struct AccessibleApplication: Hashable, Sendable {
  var root: BusObject
  var name: String
  var toolkit: Toolkit
  var pid: Int?

  enum Toolkit: Hashable, Sendable {
    /// Reports boxes relative to the window, and the state `showing` for few nodes.
    case gtk4
    /// Chromium and Firefox mix device pixels and logical pixels on scaled screens.
    case browser
    case other

    init(name: String, version: String) {
      switch name {
      case "GTK" where version.hasPrefix("4"): self = .gtk4
      case "Chromium", "Gecko": self = .browser
      default: self = .other
      }
    }
  }
}

/// The state set of a node: one bit per AT-SPI state.
struct AccessibleStates: OptionSet, Hashable, Sendable {
  let rawValue: UInt64

  static let defunct = AccessibleStates(bit: 6)
  static let sensitive = AccessibleStates(bit: 24)
  static let showing = AccessibleStates(bit: 25)
  static let visible = AccessibleStates(bit: 30)
  static let managesDescendants = AccessibleStates(bit: 31)

  /// The states that are passed on to widgets.
  private static let current: [(bit: UInt64, name: String)] = [
    (1, "active"), (3, "busy"), (4, "checked"), (7, "editable"), (9, "expandable"), (10, "expanded"),
    (11, "focusable"),
    (12, "focused"), (16, "modal"), (17, "multi-line"), (20, "pressed"), (23, "selected"),
    (38, "selectable-text"),
  ]

  init(rawValue: UInt64) { self.rawValue = rawValue }

  private init(bit: UInt64) { rawValue = 1 << bit }

  var names: [String] {
    var names = AccessibleStates.current.filter { rawValue >> $0.bit & 1 == 1 }.map(\.name)
    if !contains(.sensitive) { names.append("insensitive") }
    return names
  }
}

/// The role names of AT-SPI, by number.
enum AccessibleRole {
  private static let names = [
    "invalid", "accelerator label", "alert", "animation", "arrow", "calendar", "canvas", "check box",
    "check menu item", "color chooser", "column header", "combo box", "date editor", "desktop icon",
    "desktop frame", "dial", "dialog", "directory pane", "drawing area", "file chooser", "filler",
    "focus traversable", "font chooser", "frame", "glass pane", "html container", "icon", "image",
    "internal frame", "label", "layered pane", "list", "list item", "menu", "menu bar", "menu item",
    "option pane", "page tab", "page tab list", "panel", "password text", "popup menu", "progress bar",
    "push button", "radio button", "radio menu item", "root pane", "row header", "scroll bar", "scroll pane",
    "separator", "slider", "spin button", "split pane", "status bar", "table", "table cell",
    "table column header", "table row header", "tearoff menu item", "terminal", "text", "toggle button",
    "tool bar", "tool tip", "tree", "tree table", "unknown", "viewport", "window", "extended", "header",
    "footer", "paragraph", "ruler", "application", "autocomplete", "editbar", "embedded", "entry", "chart",
    "caption", "document frame", "heading", "page", "section", "redundant object", "form", "link",
    "input method window", "table row", "tree item", "document spreadsheet", "document presentation",
    "document text", "document web", "document email", "comment", "list box", "grouping", "image map",
    "notification", "info bar", "level bar", "title bar", "block quote", "audio", "video", "definition",
    "article", "landmark", "log", "marquee", "math", "rating", "timer", "static", "math fraction",
    "math root", "subscript", "superscript", "description list", "description term", "description value",
    "footnote", "content deletion", "content insertion", "mark", "suggestion", "push button menu",
  ]

  /// A number of a newer AT-SPI version gives an unknown role, which is masked.
  static func name(of number: UInt32) -> String {
    names.indices.contains(Int(number)) ? names[Int(number)] : "role \(number)"
  }

  /// Roles whose children describe nothing outside the node's own box.
  static func isLeaf(_ name: String) -> Bool {
    ["separator", "scroll bar", "static", "password text", "terminal"].contains(name)
  }
}
