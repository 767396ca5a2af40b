"""A GTK window whose widgets change their look without moving: a button under the pointer, a caret, a spinner, a progress bar.
Usage: gtk_looks.py 3|4. Its button More moves the bar from a quarter to three quarters, Spin starts and stops the spinner."""
import sys

import gi

version = sys.argv[1]
gi.require_version("Gtk", f"{version}.0")
from gi.repository import GLib, Gtk  # noqa: E402

if version == "4":
    Gtk.init()
else:
    Gtk.init(None)
loop = GLib.MainLoop()
window = Gtk.Window(title="Looks")
window.set_default_size(600, 400)
column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=20)
add = column.append if version == "4" else lambda child: column.pack_start(child, False, False, 0)
(window.set_child if version == "4" else window.add)(column)
spinner, bar = Gtk.Spinner(), Gtk.ProgressBar()
spinner.set_size_request(40, 40)
bar.set_fraction(0.25)
spinning = [False]


def spin(_):
    spinning[0] = not spinning[0]
    (spinner.start if spinning[0] else spinner.stop)()


for label, action in (("Transfer", None), ("Spin", spin), ("More", lambda _: bar.set_fraction(1 - bar.get_fraction()))):
    button = Gtk.Button(label=label)
    if action:
        button.connect("clicked", action)
    add(button)
for child in (Gtk.Entry(), spinner, bar, Gtk.CheckButton(label="Remember")):
    add(child)
if version == "4":
    window.connect("close-request", lambda _: loop.quit())
    window.present()
else:
    window.connect("destroy", lambda _: loop.quit())
    window.show_all()
loop.run()
