/// Roles that a masks record names by a number. The table never changes; other roles are written as text.
enum MaskRoles {
  static let names = [
    "password text", "entry", "text", "search box", "spin button", "combo box", "terminal", "push button",
    "toggle button", "switch", "check box", "radio button", "menu", "menu item", "check menu item",
    "radio menu item", "page tab", "link", "label", "static", "heading", "paragraph", "caption",
    "accelerator label", "list item", "tree item", "table cell", "column header", "row header",
    "table column header", "table row header", "tool tip", "status bar", "title bar", "image", "icon",
    "canvas", "drawing area", "video", "embedded", "progress bar", "slider", "panel", "filler", "frame",
    "window", "dialog", "scroll pane", "split pane", "section", "grouping", "table", "tree table", "tree",
    "list", "list box", "document web", "document text", "tool bar", "menu bar", "page tab list", "unknown",
  ]

  /// Bits of a role's code: 0 for none, 1 to 62 for the names above, 63 for a role written as text.
  static let codeBits = 6
  static let writtenOut = 63

  static let codes: [String: Int] = Dictionary(
    uniqueKeysWithValues: names.enumerated().map { ($1, $0 + 1) })
}
