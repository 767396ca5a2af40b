#!/usr/bin/python3
"""Records windows that must not be confused, and lists and names in controls, and counts ink in the shown pixels.

    windows.py [--long] [--runs N] [--seed S] [--scrim PATH] [--keep DIR] [SITUATION ...]

Each situation starts a private desktop and draws secrets in one colour, at places where the tree of another window, of a hidden one, of a
process that drew nothing there, or of a control would show them. The presets `default` and `controls` record the same run; then every
frame is exported. A situation passes if the ink was on the screen, none of it is in any frame, and `controls` shows the rest if the
situation requires that: not everything may be masked. Without names CI's situations are run (2 minutes); --long runs all.

The long version: windows.py --long --runs 5 (some 45 minutes). Run N has the seed S + N - 1. Exits with 0 only if all pass."""
import sys
import time

import needs

if needs.skips("windows", needs.DESKTOP):
    sys.exit(needs.failed)

import stage  # noqa: E402

I3 = "i3 -c {folder}/i3.conf"
QT = {"5": "import PyQt5.QtWidgets", "6": "import PyQt6.QtWidgets"}
TK = "import tkinter"
GTK3, GTK4 = needs.GTK3, "import gi; gi.require_version('Gtk', '4.0')"
BROWSER = {"chromium": ["chromium"], "firefox": ["firefox-esr"]}
WALL = "<title>Wall of buttons</title><style>button{width:150px;height:30px}</style>" + "".join(
    f"<button>Button {n}</button>" for n in range(150)
)
STYLE = "<style>.ink,summary,select,option{color:#c80096;font:bold 20px sans-serif}</style>"


# The situations. Each returns the largest share of its area that `controls` may mask, or None.


def pidless(kind, how):
    """A Tk window, which reports no process, at the place of a hidden window of buttons."""

    def run(r):
        if kind in BROWSER:
            hidden = r.browse(kind, WALL, "Wall of buttons")
        else:
            r.app(*({"qt5": ["qt", "5"], "qt6": ["qt", "6"]}.get(kind, [kind])), "Wall", "wall")
            hidden = r.window("Wall")
        r.desktop.xdotool("set_num_desktops", 2)
        r.maximise(hidden)
        r.record()
        time.sleep(1)
        if how == "workspace":
            r.desktop.xdotool("set_desktop", 1)
        else:
            r.desktop.xdotool("windowminimize", hidden["xid"])
        r.app("tk", "Vault", str(r.chance.choice([11, 14, 20])))
        r.maximise(r.window("Vault"))
        r.watch(4)

    return run


def two_of_one_process(r):
    """Two windows of one process and size; the one with buttons is minimised."""
    r.app("gtk3", "Pair", "two")
    other = r.window("Pair two")
    wall = next(w for w in r.desktop.windows() if w["title"] == "Pair")
    r.maximise(wall)
    r.maximise(other)
    r.record()
    r.desktop.xdotool("windowminimize", wall["xid"])
    r.desktop.xdotool("windowactivate", other["xid"])
    r.watch(4)


def reparented(r):
    """A window of another client is put into a window of buttons."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.record()
    r.app("tk", "Guest", "12", "500x300+0+0")
    guest = r.desktop.wait_for_window("Guest")
    r.desktop.xdotool("windowreparent", guest["xid"], host["xid"])
    r.desktop.xdotool("windowmove", guest["xid"], r.chance.randint(0, 200), r.chance.randint(0, 150))
    r.watch(5)


def embedded_terminal(r):
    """xterm in a GTK 3 application's window, as an editor embeds one."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.record()
    words = "while :; do echo SECRET-4471 Margarethe hunter2 SECRET; sleep 0.1; done"
    command = ["xterm", "-into", str(host["xid"]), "-fg", "#c80096", "-bg", "white", "-fa", "DejaVu Sans Mono:bold"]
    r.desktop.spawn([*command, "-fs", "14", "-geometry", "60x20", "-e", "sh", "-c", words])
    r.watch(5)


def xembed(r):
    """A GTK 3 plug in a socket of another process."""
    path = f"{r.desktop.folder}/home/socket"
    r.app("gtk3", "Socket", "socket", path)
    host = r.window("Socket", (40, 40))
    with open(path, encoding="ascii") as file:
        r.app("gtk3", "Plug", "plug", file.read())
    r.record()
    r.watch(5)
    # The buttons below the socket.
    r.area = (host["x"] + 40, host["y"] + host["h"] // 2 + 60, 700, 150)
    return 0.9


def override(r):
    """An unmanaged window over buttons."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.record()
    r.app("tk", "Tip", "13", f"500x200+{r.chance.randint(80, 300)}+{r.chance.randint(100, 300)}")
    r.watch(5)
    r.area = (host["x"] + 10, host["y"] + host["h"] - 120, 700, 100)
    return 0.7


def xmessage(r):
    """An Xt window over buttons."""
    r.app("gtk3", "Host", "wall")
    r.window("Host", (60, 60))
    r.record()
    words = "\n".join("SECRET-4471 Margarethe hunter2 " * 2 for _ in range(12))
    command = ["xmessage", "-fg", "#c80096", "-bg", "white", "-xrm", "*message.foreground: #c80096"]
    r.desktop.spawn([*command, "-geometry", "+200+200", words])
    r.watch(5)


def tiled(layout, toolkit="gtk3"):
    """Windows of buttons under i3, beside a window without a tree."""

    def run(r):
        for title in ("One", "Two"):
            r.app(*toolkit.split("-"), title, "wall")
            r.window(title)
        r.desktop.run(["i3-msg", "layout", layout])
        r.record()
        r.app("tk", "Vault", "12")
        r.window("Vault")
        r.watch(2)
        r.desktop.run(["i3-msg", '[title="Two"] focus'])
        time.sleep(1)
        window = next(w for w in r.desktop.windows() if w["title"] == "Two")
        r.area = (window["x"] + 4, window["y"] + 30, window["w"] - 8, window["h"] - 40)
        return 0.7

    return run


def combo(kind, mode="combo"):
    """The list of a combo box."""

    def run(r):
        r.app(*kind.split("-"), "Combo", mode, "6000")
        r.window("Combo", (60, 60))
        r.desktop.xdotool("mousemove", 1270, 790)
        r.record()
        r.watch(5)

    return run


def select(kind):
    """A list, a summary and a card in a page, and the tab that shows it."""

    def run(r):
        page = f"<title>Page</title>{STYLE}<body class=x><select autofocus>"
        page += "".join(f"<option>SECRET-4471 Margarethe {n}" for n in range(6)) + "</select>"
        page += "<details><summary>SECRET-4471 Margarethe</summary>x</details>"
        page += "<details><summary style='display:inline'>SECRET-4471</summary>x</details>"
        card = "<button class=ink style='width:300px;height:150px'><canvas width=280 height=60 style='background:"
        card += "repeating-linear-gradient(90deg,#c80096 0 6px,white 6px 14px)'></canvas>Margarethe</button>"
        page += card * 2 + "<p>" + "<button>Button</button> " * 20
        r.browse(kind, page, "Page")
        r.record()
        r.desktop.key("alt+Down")
        r.watch(4)
        r.desktop.key("Escape")
        r.watch(2)

    return run


def application(kind, mode):
    """An unchanged window of an application."""

    def run(r):
        extra = [f"{r.desktop.folder}/home"] if mode == "chooser" else ["text"] if mode == "tabs" else []
        r.app(*kind.split("-"), "Window", mode, *extra)
        r.window("Window", (60, 60))
        r.record()
        r.watch(4)

    return run


def sway(mode, tree):
    """Under sway a menu opens over another application's buttons."""

    def run(r):
        def put(title, x, y, width, height):
            r.desktop.window(title)
            words = f'[title="{title}"] floating enable, resize set {width} {height}, move absolute position {x} {y}'
            r.desktop.message(words)
            time.sleep(0.7)

        r.app("gtk3", "Wall", "wall")
        put("Wall", 100, 120, 900, 600)
        off = None if tree else {"NO_AT_BRIDGE": "1", "GTK_MODULES": ""}
        r.app("gtk3", "Popper", mode, "6000", environment=off)
        put("Popper", 120 + r.chance.randint(0, 200), 60, 500, 50)
        r.record()
        r.watch(6)

    return run


def sway_shows(r):
    """Under sway the buttons of an application that has the focus are shown."""
    r.app("gtk3", "Wall", "wall")
    r.desktop.window("Wall")
    r.desktop.message('[title="Wall"] floating enable, resize set 900 600, move absolute position 100 120')
    r.record()
    time.sleep(3)
    r.most = 1
    r.area = (120, 180, 800, 400)
    return 0.7


SITUATIONS = {}
for toolkit, need in {"qt5": [QT["5"]], "qt6": [QT["6"]], "gtk3": [GTK3], "gtk4": [GTK4], **BROWSER}.items():
    for hiding in ("workspace", "minimised"):
        SITUATIONS[f"pidless-{toolkit}-{hiding}"] = (pidless(toolkit, hiding), [TK, "wmctrl", *need], "openbox")
SITUATIONS |= {
    "two-of-one-process": (two_of_one_process, [GTK3, "wmctrl"], "openbox"),
    "reparented": (reparented, [GTK3, TK], "openbox"),
    "embedded-terminal": (embedded_terminal, [GTK3, "xterm"], "openbox"),
    "xembed": (xembed, [GTK3], "openbox"),
    "override-redirect": (override, [GTK3, TK], "openbox"),
    "xmessage": (xmessage, [GTK3, "xmessage"], "openbox"),
    "i3-tiled-gtk3": (tiled("splith"), [GTK3, TK, "i3"], I3),
    "i3-tabbed-gtk3": (tiled("tabbed"), [GTK3, TK, "i3"], I3),
    "i3-stacked-gtk4": (tiled("stacking", "gtk4"), [GTK4, TK, "i3"], I3),
    "i3-tiled-qt6": (tiled("splith", "qt-6"), [QT["6"], TK, "i3"], I3),
    "combo-gtk3": (combo("gtk3"), [GTK3], "openbox"),
    "combo-gtk4": (combo("gtk4"), [GTK4], "openbox"),
    "drop-gtk4": (combo("gtk4", "drop"), [GTK4], "openbox"),
    "popover-gtk4": (combo("gtk4", "popover"), [GTK4], "openbox"),
    "combo-qt5": (combo("qt-5"), [QT["5"]], "openbox"),
    "combo-qt6": (combo("qt-6"), [QT["6"]], "openbox"),
    "page-chromium": (select("chromium"), ["chromium"], "openbox"),
    "page-firefox": (select("firefox"), ["firefox-esr"], "openbox"),
    "chooser-gtk3": (application("gtk3", "chooser"), [GTK3], "openbox"),
    "chooser-gtk4": (application("gtk4", "chooser"), [GTK4], "openbox"),
    "tabs-gtk3": (application("gtk3", "tabs"), [GTK3], "openbox"),
    "tabs-qt6": (application("qt-6", "tabs"), [QT["6"]], "openbox"),
    "cards-gtk3": (application("gtk3", "cards"), [GTK3], "openbox"),
    "cards-qt5": (application("qt-5", "cards"), [QT["5"]], "openbox"),
    "sway-shows": (sway_shows, [GTK3, *needs.SWAY], "sway"),
    "sway-menu": (sway("menu", True), [GTK3, *needs.SWAY], "sway"),
    "sway-menu-without-tree": (sway("menu", False), [GTK3, *needs.SWAY], "sway"),
}
CI = ["pidless-qt5-workspace", "two-of-one-process", "reparented", "xembed", "i3-tabbed-gtk3", "combo-gtk3"]
CI += ["page-chromium", "chooser-gtk3", "sway-menu-without-tree"]

if __name__ == "__main__":
    sys.exit(stage.command(__doc__, SITUATIONS, CI))
