/// The kind of content that a widget shows; decides whether it is masked if no rule does.
public enum Nature: String, CaseIterable, Sendable {
  case password, input, text, image, decoration, container, unknown
}

/// The role of a widget: a line of `RoleTable`. Role names of other systems are mapped to AT-SPI's.
public struct Role: Hashable, Sendable, CustomStringConvertible {
  private let line: Int

  /// The role with that name or alias; nil if the table has none. Case and everything but letters and
  /// digits is ignored; the last part of a dotted name (a Java class) counts.
  public init?(named name: String) {
    guard let line = RoleTable.index[name] ?? RoleTable.line(ofAlias: name) else { return nil }
    self.line = line
  }

  /// The role of widgets with an unknown role.
  public static let unknown = Role.required("unknown")
  static let passwordText = Role.required("password text")

  static func required(_ name: String) -> Role {
    guard let role = Role(named: name) else { preconditionFailure("the table has no role \(name)") }
    return role
  }

  /// All roles of the table.
  public static var all: [Role] { RoleTable.lines.indices.map { Role(line: $0) } }

  private init(line: Int) { self.line = line }

  /// The AT-SPI name.
  public var name: String { RoleTable.lines[line].name }
  /// The kind of content that a widget of this role shows, before its states and text are considered.
  public var nature: Nature { RoleTable.lines[line].nature }
  /// Whether the widgets inside its box are part of it, as the label of a button is.
  public var isControl: Bool { RoleTable.lines[line].isControl }
  public var description: String { name }
}

/// The table of roles. Add a role or an alias here.
enum RoleTable {
  struct Line: Sendable {
    let name: String
    let nature: Nature
    let isControl: Bool
    let aliases: [String]
  }

  private static func roles(_ nature: Nature, control: Bool = false, _ rows: [(String, String)]) -> [Line] {
    rows.map { name, aliases in
      Line(
        name: name, nature: nature, isControl: control,
        aliases: aliases.split(separator: " ").map(String.init))
    }
  }

  // Aliases are written in the form in which they are compared: lower case letters and digits only.
  // `XCUIElementType` names have no prefix unless another system uses the rest for something else; Android
  // names have no package.
  static let lines: [Line] =
    roles(.password, [("password text", "password passwordfield passwordbox securetextfield")])
    + roles(
      .input,
      [
        (
          "entry",
          "textbox textfield textarea edit edittext editabletext textinputedittext xcuielementtypetextview textinput"
        ),
        ("search box", "searchfield searchview searchbar searchentry"),
        ("spin button", "spinbox numberpicker stepper pickerwheel"),
        ("combo box", "combo spinner popupbutton picker dropdown dropdownlist select"),
        ("editbar", ""), ("autocomplete", "autocompletetextview multiautocompletetextview"),
        ("date editor", "datepicker timepicker datefield timefield dateedit timeedit datetime"),
        ("terminal", ""), ("font chooser", ""), ("hotkey field", ""),
      ])
    + roles(
      .text, control: true,
      [
        (
          "push button",
          "button imagebutton toolbarbutton floatingactionbutton extendedfloatingactionbutton key"
        ),
        ("push button menu", "menubutton buttonmenu"), ("toggle button", "togglebutton toggle"),
        ("switch", "switchcompat switchmaterial"),
        ("check box", "checkbutton checkedtextview"),
        ("radio button", "radio"), ("menu", "submenu"), ("menu item", "menubaritem"),
        ("check menu item", "menuitemcheckbox"), ("radio menu item", "menuitemradio"),
        ("tear off menu item", "tearoffmenuitem"), ("page tab", "tab browsertab"),
        ("link", "hyperlink"), ("disclosure triangle", "disclosurebutton expander"),
      ])
    + roles(
      .text,
      [
        ("label", "textview checkedtext legend textclock"),
        ("static", "statictext"), ("text", "textleaf inlinetextbox"),
        ("heading", ""), ("paragraph", ""), ("caption", "captiontext figcaption"),
        ("accelerator label", ""), ("block quote", "blockquote"), ("comment", ""), ("code", ""),
        ("content deletion", "deletion"), ("content insertion", "insertion"), ("suggestion", ""),
        ("mark", ""),
        ("definition", ""), ("description term", "term"), ("description value", ""),
        ("emphasis", ""), ("strong", ""), ("time", ""), ("note", ""),
        ("footnote", ""), ("header", ""), ("footer", ""), ("subscript", ""), ("superscript", ""),
        ("list item", "listitem option listboxoption layoutitem"),
        ("tree item", "outlineitem outlinerow"), ("table cell", "cell gridcell datacell"),
        ("column header", "columnheader"), ("row header", "rowheader"),
        ("table column header", "tablecolumnheader"), ("table row header", "tablerowheader"),
        ("tool tip", "helptag"), ("status bar", "statusbar status"),
        ("title bar", ""), ("log", ""), ("marquee", ""), ("timer", "chronometer"), ("math", ""),
        ("math fraction", ""), ("math root", ""), ("notification", ""), ("chip", ""), ("status item", ""),
      ])
    + roles(
      .image,
      [
        (
          "image",
          "img imageview shapeableimageview graphic graphicsdocument graphicsobject"
        ),
        ("icon", "dockitem graphicssymbol"), ("desktop icon", ""), ("image map", "imagemap"),
        ("canvas", ""), ("drawing area", "surfaceview textureview glsurfaceview"),
        ("animation", "lottieanimationview"), ("chart", ""), ("video", "videoview"),
        ("audio", ""), ("map", "mapview"), ("color chooser", "colorwell"), ("embedded", "embeddedobject"),
      ])
    + roles(
      .decoration,
      [
        ("scroll bar", "scrollbar"), ("separator", "splitter divider"),
        ("progress bar", "progressindicator linearprogressindicator circularprogressindicator"),
        ("busy indicator", "activityindicator"), ("slider", "seekbar rangeslider timeline"),
        ("level bar", "meter levelindicator relevanceindicator valueindicator"), ("dial", ""),
        ("rating", "ratingbar ratingindicator"), ("ruler", "rulermarker"), ("arrow", ""),
        ("increment arrow", ""), ("decrement arrow", ""), ("page indicator", ""), ("handle", ""),
      ])
    + roles(
      .container,
      [
        (
          "panel",
          "pane viewgroup framelayout linearlayout relativelayout constraintlayout other none presentation"
        ),
        ("filler", "space gridlayout tablelayout coordinatorlayout drawerlayout motionlayout flexboxlayout"),
        ("frame", ""), ("window", ""), ("dialog", "alertdialog sheet drawer popover"), ("alert", ""),
        ("internal frame", "iframe"), ("application", ""), ("desktop frame", ""), ("input method window", ""),
        ("scroll pane", "scrollview horizontalscrollview nestedscrollview scrollarea"),
        ("split pane", "splitgroup"), ("viewport", "viewpager viewpager2"),
        ("layered pane", ""), ("glass pane", ""), ("root pane", ""), ("option pane", ""),
        ("directory pane", ""), ("file chooser", ""), ("section", "generic div"),
        ("landmark", "banner complementary contentinfo main navigation region search"),
        ("article", "feed"), ("form", ""), ("figure", ""), ("page", ""),
        ("grouping", "group radiogroup rowgroup tablayoutgroup layoutarea touchbar matte"),
        ("card", "cardview"), ("text input layout", ""),
        ("table", "grid gridview tableview"), ("table row", "row"), ("table column", ""),
        ("tree table", "treegrid outline"), ("tree", ""), ("browser", ""),
        ("list", "listview recyclerview collectionview"), ("list box", "listbox"),
        ("description list", "definitionlist"), ("document frame", "document"),
        ("document web", "webview webarea rootwebarea"), ("document text", ""), ("document email", ""),
        ("document presentation", ""), ("document spreadsheet", ""), ("html container", ""),
        ("tool bar", "toolbar navigationbar bottomnavigationview actionbar"),
        ("menu bar", "menubar"), ("popup menu", "menupopup contextmenu"),
        ("page tab list", "tablist tabbar tabgroup tablayout segmentedcontrol"),
        ("tab panel", "tabpanel"), ("info bar", ""), ("calendar", "calendarview"),
        ("keyboard", "keypad onscreenkeyboard"), ("focus traversable", ""),
        ("redundant object", ""),
      ])
    + roles(.unknown, [("unknown", "any view"), ("invalid", ""), ("extended", "")])

  /// Lines by AT-SPI name and by alias.
  static let index: [String: Int] = {
    var index: [String: Int] = [:]
    for (number, line) in lines.enumerated() {
      for name in [line.name, key(line.name) ?? ""] + line.aliases {
        precondition(index[name] == nil || index[name] == number, "two roles share the name \(name)")
        index[name] = number
      }
    }
    return index
  }()

  static func line(ofAlias name: String) -> Int? {
    guard let whole = key(name) else { return nil }
    if let line = index[whole] { return line }
    if whole.hasPrefix("xcuielementtype"), let line = index[String(whole.dropFirst(15))] { return line }
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
      let last = key(String(name[name.utf8.index(after: dot)...]))
    else { return nil }
    if let line = index[last] { return line }
    for family in ["appcompat", "material"] where last.hasPrefix(family) {
      return index[String(last.dropFirst(family.count))]
    }
    return nil
  }

  /// Lower case letters and digits of a name; nil if it has none, is longer than any role name, or contains
  /// letters that are not ASCII.
  static func key(_ name: String) -> String? {
    guard name.utf8.count <= 200 else { return nil }
    var key = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        key.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): key.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
      case 0x80...: return nil
      default: break
      }
    }
    return key.isEmpty ? nil : key
  }
}
