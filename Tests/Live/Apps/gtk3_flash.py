"""Shows a secret for 30 to 300 ms at random places and times, in a window of many labels, whose tree takes long to read.

Usage: gtk3_flash.py SEED LABELS [quiet]. The secret is written in #c80096; with `quiet` it is never shown. A button changes its colour between
#2060c0 and #20c060 every three to four seconds; each change is printed to standard output as nanoseconds of CLOCK_MONOTONIC."""
import random
import sys
import time

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

chance = random.Random(int(sys.argv[1]))
style = Gtk.CssProvider()
style.load_from_data(
    b".secret { color: #c80096; font-weight: bold; font-size: 20px }"
    b"button { transition: none }"
    b".blue { background: #2060c0; border: 0; border-radius: 0 }"
    b".green { background: #20c060; border: 0; border-radius: 0 }"
)
Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), style, 900)
window = Gtk.Window(title="Flash")
window.set_default_size(900, 620)
column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
window.add(column)
button = Gtk.Button(label="Colour")
button.get_style_context().add_class("blue")
column.pack_start(button, False, False, 0)
stage = Gtk.Fixed()
stage.set_size_request(880, 300)
column.pack_start(stage, False, False, 0)
grid = Gtk.FlowBox(max_children_per_line=40)
for number in range(int(sys.argv[2])):
    grid.add(Gtk.Label(label=str(number % 10)))
column.pack_start(grid, True, True, 0)
secret = Gtk.Label(label="Lindqvist 4242")
secret.get_style_context().add_class("secret")
secret.set_no_show_all(True)
stage.put(secret, 20, 20)


def show():
    stage.move(secret, chance.randint(0, 3) * 180, chance.randint(0, 4) * 50)
    secret.show()
    GLib.timeout_add(chance.randint(30, 300), hide)
    return False


def hide():
    secret.hide()
    GLib.timeout_add(chance.choice([chance.randint(30, 100), chance.randint(30, 900)]), show)
    return False


def flip():
    context = button.get_style_context()
    was = "blue" if context.has_class("blue") else "green"
    context.remove_class(was)
    context.add_class("green" if was == "blue" else "blue")
    print(time.monotonic_ns(), flush=True)
    GLib.timeout_add(chance.randint(3000, 4000), flip)
    return False


window.connect("destroy", Gtk.main_quit)
window.show_all()
if len(sys.argv) < 4:
    GLib.timeout_add(500, show)
GLib.timeout_add(4000, flip)
Gtk.main()
