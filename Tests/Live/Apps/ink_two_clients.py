"""A GTK 3 window of buttons, and windows of a second connection of the same process in and over it. Usage: ink_two_clients.py TITLE"""
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GdkX11", "3.0")
from gi.repository import GdkX11, GLib, Gtk  # noqa: E402,F401
from Xlib import X, display  # noqa: E402

window = Gtk.Window(title=sys.argv[1])
window.set_default_size(900, 600)
grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True)
for number in range(120):
    grid.attach(Gtk.Button(label=f"Button {number}"), number % 6, number // 6, 1, 1)
window.add(grid)
window.connect("destroy", Gtk.main_quit)
window.show_all()
second = display.Display()


def put(parent, x, y, width, height, is_override):
    made = parent.create_window(
        x, y, width, height, 0, X.CopyFromParent, background_pixel=0xFFFFFF, override_redirect=is_override
    )
    made.map()
    pen = made.create_gc(foreground=0xC80096, background=0xFFFFFF)
    second.sync()
    for row in range(height // 16):
        made.image_text(pen, 4, 14 + row * 16, "SECRET-4471 Margarethe hunter2 " * 4)
    second.sync()


def later():
    host = second.create_resource_object("window", window.get_window().get_xid())
    put(host, 0, 0, 900, 600, False)
    return False


def first():
    host = second.create_resource_object("window", window.get_window().get_xid())
    put(host, 100, 80, 500, 200, False)
    put(second.screen().root, 300, 350, 400, 120, True)
    return False


GLib.timeout_add(3500, first)
GLib.timeout_add(6500, later)
Gtk.main()
