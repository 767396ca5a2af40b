#!/usr/bin/python3
"""Records content that other clients, other layers or a compositor put over buttons, and counts its ink in the shown pixels.

    surprises.py [--long] [--runs N] [--seed S] [--scrim PATH] [--keep DIR] [SITUATION ...]

As windows.py does: a private desktop, secrets in one colour, both presets at once, every frame exported, no pixel of ink in any. The
situations are pictures that move or appear without their tree: pages that are zoomed, pinched, animated by their compositor or whose process
is stopped; text that only a style sheet, a canvas or a shadow tree holds; painted layers over controls in one window; another client that
draws into a window; menus, tips and notifications of toolkits without a tree; a screen that changes its size.

The long version: surprises.py --long --runs 5. Exits with 0 only if all pass."""
import json
import os
import signal
import sys
import time

import needs

if needs.skips("surprises", needs.DESKTOP):
    sys.exit(needs.failed)

import pages  # noqa: E402
import stage  # noqa: E402

QT = {"5": "import PyQt5.QtWidgets", "6": "import PyQt6.QtWidgets"}
TK, WX, SDL, WEBSOCKET = "import tkinter", "import wx", "import pygame", "import websocket"
GTK3, GTK4 = needs.GTK3, "import gi; gi.require_version('Gtk', '4.0')"
BROWSER = {"chromium": ["chromium"], "firefox": ["firefox-esr"]}

def page(kind, script, extra="", keys=(), body=None, wait=7):
    """A page of rows; its script runs when a key is pressed."""

    def run(r):
        html = f"<!doctype html><meta charset=utf-8><title>Page</title>{pages.STYLE}{body or pages.rows(r.chance)}{extra}"
        html += f"<script>{pages.BUSY}addEventListener('keydown',e=>{{if(e.key=='g'){{{script}}}}});</script>"
        r.browse(kind, html, "Page")
        for key in keys:
            r.desktop.key(key)
            time.sleep(0.4)
        r.desktop.xdotool("mousemove", 500, 400)
        time.sleep(1)
        r.record()
        time.sleep(2)
        r.desktop.key("g")
        r.watch(wait)

    return run


def scrolled(kind, keys):
    """A page at another zoom whose script is busy while the wheel is turned."""

    def run(r):
        html = f"<!doctype html><meta charset=utf-8><title>Page</title>{pages.STYLE}{pages.rows(r.chance)}"
        html += f"<script>{pages.BUSY}addEventListener('keydown',e=>{{if(e.key=='g')setTimeout(()=>busy(9000),1200)}});</script>"
        r.browse(kind, html, "Page")
        for key in keys:
            r.desktop.key(key)
            time.sleep(0.5)
        r.desktop.xdotool("mousemove", 500, 400)
        time.sleep(1)
        r.record()
        time.sleep(2)
        r.desktop.key("g")
        time.sleep(2)
        r.desktop.wheel(r.chance.randint(1, 2))
        r.watch(6)

    return run


def hidden(kind, what, how):
    """A page changes without its tree; then its window is moved, minimised, covered, or another workspace is chosen, and back."""

    def run(r):
        script = pages.TOAST if what == "toast" else "setTimeout(()=>busy(14000),1200)"
        html = f"<!doctype html><meta charset=utf-8><title>Page</title>{pages.STYLE}{pages.rows(r.chance)}"
        html += f"<script>{pages.BUSY}addEventListener('keydown',e=>{{if(e.key=='g'){{{script}}}}});</script>"
        window = r.browse(kind, html, "Page")
        r.desktop.xdotool("set_num_desktops", 2)
        r.app("tk", "Vault", "12")
        vault = r.window("Vault")
        r.desktop.place(vault, 900, 600, 300, 150)
        r.desktop.xdotool("windowactivate", window["xid"])
        r.desktop.xdotool("mousemove", 500, 400)
        time.sleep(1)
        r.record()
        time.sleep(2)
        r.desktop.key("g")
        if what == "scroll":
            time.sleep(2)
            r.desktop.wheel(1)
        r.watch(r.chance.choice([2.5, 4]))
        if how == "move":
            r.desktop.xdotool("windowmove", window["xid"], 90, 110)
        elif how == "workspace":
            r.desktop.xdotool("set_desktop", 1)
            time.sleep(2)
            r.desktop.xdotool("set_desktop", 0)
        elif how == "minimise":
            r.desktop.xdotool("windowminimize", window["xid"])
            time.sleep(2)
            r.desktop.xdotool("windowactivate", window["xid"])
        else:
            r.maximise(vault)
            time.sleep(1.2)
            r.desktop.xdotool("windowminimize", vault["xid"])
        r.watch(5)

    return run


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    parent = int(file.read().rsplit(")", 1)[1].split()[1])
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
            except (OSError, IndexError):
                continue
            if parent == pid:
                found += [(int(name), words), *children(int(name))]
    return found


def stopped(kind, part, then):
    """One of a browser's processes is stopped; then the wheel is turned, or a window above goes away."""

    def run(r):
        html = f"<!doctype html><meta charset=utf-8><title>Page</title>{pages.STYLE}{pages.rows(r.chance)}"
        window = r.browse(kind, html, "Page")
        if then == "uncover":
            r.app("tk", "Vault", "14")
            vault = r.window("Vault")
            r.desktop.place(vault, 200, 200, 600, 300)
        r.record()
        time.sleep(2)
        mine = {process.pid for process in r.desktop.processes}
        pids = [pid for top in mine for pid, words in children(top) if part in words]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            if then == "uncover":
                r.desktop.xdotool("windowmove", vault["xid"], 700, 500)
            else:
                r.desktop.xdotool("mousemove", 500, 400)
                r.desktop.wheel(r.chance.randint(1, 3))
            r.watch(6)
            r.desktop.place(window, 60, 80)
            r.watch(3)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        r.watch(2)

    return run


def pinched(method, arguments):
    """A page that the debugging protocol zooms as two fingers do."""

    def run(r):
        import websocket

        html = f"<!doctype html><meta charset=utf-8><title>Page</title>{pages.STYLE}{pages.rows(r.chance)}<script>{pages.BUSY}</script>"
        r.browse("chromium", html, "Page", ["--remote-debugging-port=0", "--remote-allow-origins=*"])
        with open(f"{r.desktop.folder}/chromium/DevToolsActivePort", encoding="ascii") as file:
            port = int(file.readline())
        import urllib.request

        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        socket = websocket.create_connection(target["webSocketDebuggerUrl"], timeout=20)
        r.record()
        time.sleep(2)
        if r.chance.random() < 0.5:
            script = {"expression": "setTimeout(()=>busy(6000),300)"}
            socket.send(json.dumps({"id": 1, "method": "Runtime.evaluate", "params": script}))
            time.sleep(0.6)
        socket.send(json.dumps({"id": 2, "method": method, "params": arguments}))
        r.watch(9)
        socket.close()

    return run


def layer(name, *arguments, title="Layer", seconds=7, act=None):
    """One window in which a layer without a node appears over buttons."""

    def run(r):
        r.app(name, *arguments)
        window = r.window(title, (60, 60))
        r.desktop.xdotool("mousemove", 1270, 790)
        r.record()
        if act:
            time.sleep(1.5)
            act(r, window)
        r.watch(seconds)

    return run


def over(name, *arguments, seconds=7):
    """A window of an application without a tree opens, moves and shows menus over buttons."""

    def run(r):
        r.app("gtk3", "Host", "wall")
        r.window("Host", (60, 60))
        r.record()
        r.app(name, *arguments)
        r.watch(seconds)

    return run


def scribble(r):
    """A client that draws into another client's window."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.record()
    time.sleep(1.5)
    r.app("scribble", str(host["xid"]), "into")
    r.watch(5)
    r.desktop.xdotool("windowmove", host["xid"], 100, 100)
    r.watch(3)


def annotate(r):
    """A client that draws on the root window, over all windows."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.record()
    time.sleep(1.5)
    r.app("scribble", str(host["xid"]), "root")
    r.watch(5)


def own_client(r):
    """A second connection of the application's process, with a window in its window."""
    r.app("two_clients", "Host")
    r.window("Host", (60, 60))
    r.record()
    r.watch(7)


def stopped_toolkit(r):
    """A window of buttons that is stopped, uncovered and moved."""
    process = r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.app("tk", "Vault", "14")
    vault = r.window("Vault")
    r.desktop.place(vault, 200, 200, 600, 300)
    r.record()
    time.sleep(2)
    os.kill(process.pid, signal.SIGSTOP)
    r.desktop.xdotool("windowmove", vault["xid"], 650, 450)
    r.watch(3)
    r.desktop.xdotool("windowmove", host["xid"], 120, 20)
    r.watch(3)
    os.kill(process.pid, signal.SIGCONT)
    r.watch(3)


def resized_screen(r):
    """The screen changes its size while a window without a tree is moved over buttons."""
    r.app("gtk3", "Host", "wall")
    r.window("Host", (60, 60))
    r.app("tk", "Vault", "13")
    vault = r.window("Vault")
    r.desktop.place(vault, 300, 200, 500, 300)
    r.record()
    for size in ("1024x768", "800x600", "1280x800"):
        r.desktop.run(["xrandr", "-s", size])
        r.desktop.xdotool("windowmove", vault["xid"], r.chance.randint(0, 300), r.chance.randint(0, 250))
        time.sleep(2)
    r.watch(3)


def shaded(r):
    """Windows that are rolled up, made full screen, and sent to other workspaces."""
    r.app("gtk3", "Host", "wall")
    host = r.window("Host", (60, 60))
    r.app("tk", "Vault", "13")
    vault = r.window("Vault")
    r.record()
    r.desktop.xdotool("set_num_desktops", 2)
    for number in range(6):
        what = r.chance.choice(["shaded", "fullscreen", "desk", "above"])
        window = r.chance.choice([host, vault])
        if what == "desk":
            r.desktop.xdotool("set_desktop", r.chance.randint(0, 1))
        else:
            r.desktop.run(["wmctrl", "-i", "-r", hex(window["xid"]), "-b", f"toggle,{what}"])
        r.watch(r.chance.choice([0.4, 1.2, 2.5]))
    r.desktop.xdotool("set_desktop", 0)
    r.watch(2)


def i3_moves(r):
    """i3: workspaces, floating and full-screen windows, the scratchpad."""
    r.app("gtk3", "Host", "wall")
    r.window("Host")
    r.app("tk", "Vault", "13")
    r.window("Vault")
    r.record()
    words = ['[title="Vault"] floating toggle', '[title="Vault"] fullscreen toggle', "workspace 2", "workspace 1"]
    words += ['[title="Vault"] move scratchpad', "scratchpad show", '[title="Host"] floating toggle', "layout tabbed"]
    words += ['[title="Host"] focus', "layout splitv"]
    for _ in range(8):
        r.desktop.run(["i3-msg", r.chance.choice(words)])
        r.watch(r.chance.choice([0.3, 1, 2.2]))
    r.desktop.run(["i3-msg", "workspace 1"])
    r.watch(2)


def sway_layer(command, seconds=6):
    """Under sway a surface that is not a window covers buttons."""

    def run(r):
        r.app("gtk3", "Wall", "wall")
        r.desktop.window("Wall")
        r.desktop.message('[title="Wall"] floating enable, resize set 1200 780, move absolute position 20 0')
        r.record()
        time.sleep(2)
        r.desktop.spawn(command)
        r.watch(seconds)

    return run


SITUATIONS = {}
for kind, need in BROWSER.items():
    for name, parts in pages.PAGES.items():
        SITUATIONS[f"{name}-{kind}"] = (page(kind, **parts), need, "openbox")
    SITUATIONS[f"busy-67-{kind}"] = (scrolled(kind, ["ctrl+minus"] * 4), need, "openbox")
    SITUATIONS[f"busy-150-{kind}"] = (scrolled(kind, ["ctrl+plus"] * 4), need, "openbox")
for kind, need in BROWSER.items():
    for what in ("toast", "scroll"):
        for how in ("move", "workspace", "minimise", "cover"):
            SITUATIONS[f"{what}-{how}-{kind}"] = (hidden(kind, what, how), [TK, "wmctrl", *need], "openbox")
SITUATIONS |= {
    "stopped-page-chromium": (stopped("chromium", "--type=renderer", "wheel"), BROWSER["chromium"], "openbox"),
    "stopped-gpu-chromium": (stopped("chromium", "--type=gpu-process", "uncover"), [TK, *BROWSER["chromium"]], "openbox"),
    "stopped-page-firefox": (stopped("firefox", "-contentproc", "wheel"), BROWSER["firefox"], "openbox"),
    "stopped-uncovered-firefox": (stopped("firefox", "-contentproc", "uncover"), [TK, *BROWSER["firefox"]], "openbox"),
    "pinch-scale": (pinched("Emulation.setPageScaleFactor", {"pageScaleFactor": 2}), [WEBSOCKET, *BROWSER["chromium"]], "openbox"),
    "pinch-gesture": (
        pinched("Input.synthesizePinchGesture", {"x": 300, "y": 300, "scaleFactor": 1.7, "relativeSpeed": 800}),
        [WEBSOCKET, *BROWSER["chromium"]], "openbox"),
    "layer-gtk3": (layer("layers_gtk3", "Layer", "overlay"), [GTK3], "openbox"),
    "layer-gtk3-start": (layer("layers_gtk3", "Layer", "start"), [GTK3], "openbox"),
    "revealer-gtk3": (layer("layers_gtk3", "Layer", "revealer"), [GTK3], "openbox"),
    "scrolled-gtk3": (layer("layers_gtk3", "Layer", "scrolled", seconds=9), [GTK3], "openbox"),
    "tip-gtk3": (layer("layers_gtk3", "Layer", "tip", act=lambda r, w: r.desktop.xdotool("mousemove", w["x"] + 200, w["y"] + 100)), [GTK3], "openbox"),
    "layer-gtk4": (layer("layers_gtk4", "Layer", "overlay"), [GTK4], "openbox"),
    "layer-gtk4-start": (layer("layers_gtk4", "Layer", "start"), [GTK4], "openbox"),
    "tip-gtk4": (layer("layers_gtk4", "Layer", "tip", act=lambda r, w: r.desktop.xdotool("mousemove", w["x"] + 200, w["y"] + 100)), [GTK4], "openbox"),
    **{f"{mode}-qt{v}": (layer("layers_qt", v, "Layer", mode), [QT[v]], "openbox")
       for v in QT for mode in ("layer", "layer-start", "scrolled", "mdi", "completer", "tip", "splash", "dock")},
    "scribble": (scribble, [GTK3], "openbox"),
    "annotate": (annotate, [GTK3], "openbox"),
    "own-client": (own_client, [GTK3], "openbox"),
    "stopped-gtk3": (stopped_toolkit, [GTK3, TK], "openbox"),
    "resized-screen": (resized_screen, [GTK3, TK, "xrandr"], "openbox"),
    "shaded": (shaded, [GTK3, TK, "wmctrl"], "openbox"),
    "i3-moves": (i3_moves, [GTK3, TK, "i3"], "i3 -c {folder}/i3.conf"),
    "sdl": (over("layers_sdl", "Game"), [GTK3, SDL], "openbox"),
    "wx-over": (over("layers_wx", "Layer", "popup"), [GTK3, WX], "openbox"),
    "wx-layer": (layer("layers_wx", "Layer", "layer"), [WX], "openbox"),
    "tk-menu": (over("layers_tk", "Menu"), [GTK3, TK], "openbox"),
    "swaynag": (sway_layer(["swaynag", "-m", pages.INK_TEXT * 2, "--text", "c80096", "--background", "ffffff", "--font", "DejaVu Sans Bold 24", "--layer", "overlay"]), [GTK3, "swaynag", *needs.SWAY], "sway"),
}
CI = ["transform-busy-firefox", "toast-workspace-chromium", "layer-gtk3-start", "scribble", "own-client"]
# Limits that Masking.md names, section 11: boxes of turned buttons contain their neighbours, and Firefox inserts a bar above a page that
# doesn't answer while its window is hidden. They run by name alone.
LIMITS = ["rotate-firefox", "scroll-workspace-firefox", "scroll-minimise-firefox"]

if __name__ == "__main__":
    sys.exit(stage.command(__doc__, SITUATIONS, CI, LIMITS))
