"""The table of roles in Masking.md, with the names that other vocabularies use."""

import re

# What a role shows (section 2): AT-SPI names by nature, other vocabularies as aliases of them.
NATURES = {
    "password": "password text",
    "input": "entry|spin button|combo box|editbar|autocomplete|date editor|search box|terminal",
    "text": """label|static|text|heading|paragraph|link|table cell|list item|tree item|menu|menu item|
        check menu item|radio menu item|tear off menu item|push button|toggle button|
        push button menu|check box|radio button|switch|page tab|tool tip|status bar|title bar|
        caption|block quote|accelerator label|table column header|table row header|column header|
        row header|comment|notification|footnote|description term|description value|subscript|
        superscript|math|timer|log|marquee|mark|suggestion|content deletion|content insertion|
        definition""",
    "image": "image|icon|canvas|drawing area|animation|chart|video|map|image map|color chooser|desktop icon",
    "decoration": "scroll bar|separator|progress bar|slider|level bar|dial|ruler|rating|arrow",
    "container": """panel|filler|frame|window|dialog|alert|scroll pane|split pane|section|landmark|table|
        tree|tree table|table row|list|list box|description list|tool bar|menu bar|page tab list|
        page|viewport|layered pane|glass pane|root pane|option pane|directory pane|internal frame|
        desktop frame|file chooser|font chooser|calendar|popup menu|form|grouping|info bar|
        article|header|footer|application|embedded|html container|document web|document frame|
        document text|document spreadsheet|document presentation|document email""",
}
ALIASES = {  # ARIA · Android classes (last part of the name) · XCUIElement types
    "entry": "textbox|edittext|textfield",
    "password text": "securetextfield",
    "search box": "searchbox|searchfield",
    "autocomplete": "autocompletetextview|multiautocompletetextview",
    "combo box": "combobox|spinner|popupbutton",
    "spin button": "spinbutton|stepper",
    "push button": "button|imagebutton|menubutton|floatingactionbutton",
    "toggle button": "togglebutton|toggle",
    "check box": "checkbox|checkedtextview",
    "radio button": "radio|radiobutton",
    "page tab": "tab",
    "page tab list": "tablist|tabgroup|tabbar",
    "menu item": "menuitem",
    "check menu item": "menuitemcheckbox",
    "radio menu item": "menuitemradio",
    "list item": "listitem|option",
    "tree item": "treeitem",
    "table cell": "cell|gridcell",
    "table column header": "columnheader",
    "table row header": "rowheader",
    "static": "statictext",
    "label": "textview|textclock|chronometer",
    "tool tip": "tooltip",
    "image": "img|imageview",
    "video": "videoview",
    "map": "mapview",
    "slider": "seekbar",
    "progress bar": "progressbar|progressindicator|activityindicator",
    "scroll bar": "scrollbar",
    "panel": "tabpanel|framelayout|linearlayout|relativelayout|constraintlayout|viewgroup",
    "scroll pane": "scrollview|horizontalscrollview|nestedscrollview",
    "grouping": "group|radiogroup",
    "landmark": "banner|complementary|contentinfo|main|navigation|region|search",
    "dialog": "alertdialog|sheet",
    "table": "grid",
    "tree table": "treegrid",
    "table row": "row|tablerow",
    "list box": "listbox",
    "list": "listview|recyclerview|collectionview",
    "tool bar": "toolbar|navigationbar",
    "menu bar": "menubar",
    "document web": "webview|document",
}
CONTROLS = set(
    """push button|toggle button|push button menu|check box|radio button|switch|menu|menu item|
    check menu item|radio menu item|tear off menu item|page tab|link""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|")
)


def flat(name):
    """A role or state without case and separators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _table():
    nature, canonical = {}, {}
    for key, names in NATURES.items():
        for name in re.split(r"\|\s*", names):
            nature[name.strip()] = key
            canonical[flat(name)] = name.strip()
    for name, others in ALIASES.items():
        for other in others.split("|"):
            canonical.setdefault(other, name)
    return nature, canonical


NATURE, CANONICAL = _table()


def role_name(role):
    """The AT-SPI name of a role however it was written; None if the table does not have it."""
    tail = role.rsplit(".", 1)[-1]
    for form in (flat(role), flat(tail), re.sub("^xcuielementtype", "", flat(role))):
        if form in CANONICAL:
            return CANONICAL[form]
    return None
