import ScrimRedact
import Testing

struct RoleTests {
  @Test(arguments: [
    ("push button", "push button"), ("PUSH BUTTON", "push button"), ("push_button", "push button"),
    ("button", "push button"), ("android.widget.Button", "push button"),
    ("com.google.android.material.button.MaterialButton", "push button"),
    ("XCUIElementTypeButton", "push button"),
    ("android.widget.EditText", "entry"), ("textbox", "entry"), ("XCUIElementTypeTextField", "entry"),
    ("androidx.appcompat.widget.AppCompatEditText", "entry"),
    ("XCUIElementTypeTextView", "entry"), ("android.widget.TextView", "label"),
    ("XCUIElementTypeSecureTextField", "password text"), ("password-text", "password text"),
    ("XCUIElementTypeStaticText", "static"), ("XCUIElementTypeOther", "panel"), ("img", "image"),
    ("gridcell", "table cell"), ("spinbutton", "spin button"), ("android.widget.Spinner", "combo box"),
    ("menuitemcheckbox", "check menu item"), ("tab", "page tab"), ("statusbar", "status bar"),
    ("edit bar", "editbar"), ("unknown", "unknown"), ("android.view.View", "unknown"), ("sparkle", nil),
    ("", nil),
    ("...", nil), ("pûsh button", nil),
  ])
  func aliases(_ written: String, _ name: String?) {
    #expect(Role(named: written)?.name == name)
  }

  @Test func everyNameMeansItself() {
    #expect(Role.all.count > 120)
    for role in Role.all {
      #expect(Role(named: role.name) == role)
      #expect(Role(named: role.name.uppercased()) == role)
    }
  }

  @Test func naturesOfTheDocument() throws {
    let natures: [(Nature, [String])] = [
      (.password, ["password text"]),
      (
        .input,
        [
          "entry", "spin button", "combo box", "editbar", "autocomplete", "date editor", "search box",
          "terminal",
        ]
      ),
      (
        .text,
        [
          "label", "static", "text", "heading", "paragraph", "link", "table cell", "list item", "menu",
          "menu item",
          "push button", "toggle button", "check box", "radio button", "page tab", "tool tip", "status bar",
          "title bar", "tree item", "notification", "header", "footer",
        ]
      ),
      (
        .image,
        [
          "image", "icon", "canvas", "drawing area", "animation", "chart", "video", "map", "color chooser",
          "embedded",
        ]
      ),
      (.decoration, ["scroll bar", "separator", "progress bar", "slider", "level bar", "dial"]),
      (
        .container,
        [
          "panel", "filler", "frame", "window", "dialog", "scroll pane", "split pane", "section", "landmark",
          "table",
          "tool bar", "menu bar", "document web", "popup menu", "info bar", "directory pane", "calendar",
        ]
      ), (.unknown, ["unknown", "invalid", "extended"]),
    ]
    for (nature, names) in natures {
      for name in names { #expect(try #require(Role(named: name)).nature == nature, "\(name)") }
    }
  }

  @Test func hostileNames() {
    #expect(Role(named: String(repeating: "push button", count: 100_000)) == nil)
    #expect(Role(named: String(repeating: ".", count: 100_000)) == nil)
    #expect(Role(named: "push button\u{301}") == nil)
  }
}
