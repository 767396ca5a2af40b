"""The table of roles in Masking.md, with the names that other vocabularies use."""

import re

# The nature of roles (section 2): AT-SPI names by nature, other vocabularies as aliases of them.
NATURES = {
    "password": "password text",
    "input": """entry|spin button|combo box|editbar|autocomplete|date editor|search box|terminal|
        font chooser|hotkey field""",
    "text": """label|static|text|heading|paragraph|link|table cell|list item|tree item|menu|menu item|
        check menu item|radio menu item|tear off menu item|push button|toggle button|
        push button menu|check box|radio button|switch|page tab|tool tip|status bar|title bar|
        caption|block quote|accelerator label|table column header|table row header|column header|
        row header|comment|notification|footnote|description term|description value|subscript|
        superscript|math|timer|log|marquee|mark|suggestion|content deletion|content insertion|
        definition|header|footer|code|emphasis|strong|time|note|chip|disclosure triangle|math fraction|
        math root|status item""",
    "image": """image|icon|canvas|drawing area|animation|chart|video|map|image map|color chooser|
        desktop icon|embedded|audio""",
    "decoration": """scroll bar|separator|progress bar|slider|level bar|dial|ruler|rating|arrow|
        busy indicator|page indicator|handle|increment arrow|decrement arrow""",
    "container": """panel|filler|frame|window|dialog|alert|scroll pane|split pane|section|landmark|table|
        tree|tree table|table row|list|list box|description list|tool bar|menu bar|page tab list|
        page|viewport|layered pane|glass pane|root pane|option pane|directory pane|internal frame|
        desktop frame|file chooser|calendar|popup menu|form|grouping|info bar|figure|card|browser|
        article|application|html container|document web|document frame|tab panel|table column|
        document text|document spreadsheet|document presentation|document email|keyboard|
        text input layout|input method window|focus traversable|redundant object""",
    "unknown": "unknown|invalid|extended",
}
ALIASES = {  # ARIA · Android classes (last part of the name) · XCUIElement types
    "entry": """textbox|edittext|textfield|textarea|textinput|textinputedittext|edit|editabletext|
        xcuielementtypetextview""",
    "password text": "securetextfield|password|passwordfield|passwordbox",
    "search box": "searchbox|searchfield|searchview|searchbar|searchentry",
    "date editor": "datepicker|timepicker|datefield|timefield|dateedit|timeedit|datetime",
    "autocomplete": "autocompletetextview|multiautocompletetextview",
    "combo box": "combobox|combo|spinner|popupbutton|picker|dropdown|dropdownlist|select",
    "spin button": "spinbutton|spinbox|stepper|numberpicker|pickerwheel",
    "push button": """button|imagebutton|floatingactionbutton|extendedfloatingactionbutton|
        toolbarbutton|key""",
    "push button menu": "menubutton|buttonmenu",
    "switch": "switchcompat|switchmaterial",
    "disclosure triangle": "disclosurebutton|expander",
    "menu": "submenu",
    "toggle button": "togglebutton|toggle",
    "check box": "checkbox|checkbutton|checkedtextview",
    "radio button": "radio|radiobutton",
    "page tab": "tab|browsertab",
    "page tab list": "tablist|tabgroup|tabbar|tablayout|segmentedcontrol",
    "menu item": "menuitem|menubaritem",
    "link": "hyperlink",
    "check menu item": "menuitemcheckbox",
    "radio menu item": "menuitemradio",
    "list item": "listitem|option|listboxoption|layoutitem",
    "tree item": "treeitem|outlineitem|outlinerow",
    "table cell": "cell|gridcell|datacell",
    "static": "statictext",
    "label": "textview|textclock|checkedtext|legend",
    "timer": "chronometer",
    "text": "textleaf|inlinetextbox",
    "caption": "captiontext|figcaption",
    "content deletion": "deletion",
    "content insertion": "insertion",
    "description term": "term",
    "status bar": "status",
    "tool tip": "tooltip|helptag",
    "image": "img|imageview|shapeableimageview|graphic|graphicsdocument|graphicsobject",
    "icon": "dockitem|graphicssymbol",
    "drawing area": "surfaceview|textureview|glsurfaceview",
    "animation": "lottieanimationview",
    "color chooser": "colorwell",
    "embedded": "embeddedobject",
    "video": "videoview",
    "map": "mapview",
    "slider": "seekbar|rangeslider|timeline",
    "progress bar": """progressbar|progressindicator|linearprogressindicator|
        circularprogressindicator""",
    "busy indicator": "activityindicator",
    "level bar": "meter|levelindicator|relevanceindicator|valueindicator",
    "rating": "ratingbar|ratingindicator",
    "ruler": "rulermarker",
    "separator": "splitter|divider",
    "scroll bar": "scrollbar",
    "panel": """pane|framelayout|linearlayout|relativelayout|constraintlayout|viewgroup|other|none|
        presentation""",
    "filler": """space|gridlayout|tablelayout|coordinatorlayout|drawerlayout|motionlayout|
        flexboxlayout""",
    "scroll pane": "scrollview|horizontalscrollview|nestedscrollview|scrollarea",
    "split pane": "splitgroup",
    "viewport": "viewpager|viewpager2",
    "internal frame": "iframe",
    "section": "generic|div",
    "article": "feed",
    "card": "cardview",
    "calendar": "calendarview",
    "keyboard": "keypad|onscreenkeyboard",
    "popup menu": "menupopup|contextmenu",
    "description list": "definitionlist",
    "grouping": "group|radiogroup|rowgroup|tablayoutgroup|layoutarea|touchbar|matte",
    "landmark": "banner|complementary|contentinfo|main|navigation|region|search",
    "dialog": "alertdialog|sheet|drawer|popover",
    "table": "grid|gridview|tableview",
    "tree table": "treegrid|outline",
    "table row": "row|tablerow",
    "list box": "listbox",
    "list": "listview|recyclerview|collectionview",
    "tool bar": "toolbar|navigationbar|bottomnavigationview|actionbar",
    "menu bar": "menubar",
    "document web": "webview|webarea|rootwebarea",
    "document frame": "document",
    "unknown": "any|view",
}
CONTROLS = set(
    """push button|toggle button|push button menu|check box|radio button|switch|menu|menu item|
    check menu item|radio menu item|tear off menu item|page tab|link|disclosure triangle""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|")
)


def flat(name):
    """A role or state without case and separators; empty if it can be no name."""
    if len(name.encode("utf-8", "surrogatepass")) > 200 or not name.isascii():
        return ""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _table():
    nature, canonical = {}, {}
    for key, names in NATURES.items():
        for name in re.split(r"\|\s*", names):
            nature[name.strip()] = key
            canonical[flat(name)] = name.strip()
    for name, others in ALIASES.items():
        for other in re.split(r"\|\s*", others):
            assert canonical.setdefault(other, name) == name, other
    return nature, canonical


NATURE, CANONICAL = _table()


def role_name(role):
    """The AT-SPI name of a role in any spelling; None if the table does not have it."""
    whole, tail = flat(role), flat(role.rsplit(".", 1)[-1])
    if not whole:
        return None
    bare = re.sub("^xcuielementtype", "", whole)
    for form in (whole, bare, tail, re.sub("^(appcompat|material)", "", tail)):
        if form in CANONICAL:
            return CANONICAL[form]
    return None
