"""A GTK 3 window of buttons over which a layer of painted secrets appears. Usage: ink_layers_gtk3.py TITLE overlay|start|revealer|tip|scrolled"""
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402

title, mode = sys.argv[1:3]
window = Gtk.Window(title=title)
window.set_default_size(900, 600)
window.connect("destroy", Gtk.main_quit)
grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True)
for number in range(120):
    button = Gtk.Button(label=f"Button {number}")
    if mode == "tip":
        button.set_tooltip_markup("<span foreground='#c80096' size='xx-large' weight='bold'>SECRET-4471 Margarethe\nhunter2</span>")
    grid.attach(button, number % 6, number // 6, 1, 1)
over = Gtk.Overlay()
over.add(grid)
layer = Gtk.Box(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER)
layer.set_size_request(600, 300)
layer.pack_end(Gtk.Separator(orientation=Gtk.Orientation.VERTICAL), False, False, 0)


def draw(_, context):
    context.set_source_rgb(1, 1, 1)
    context.paint()
    context.set_source_rgb(0xC8 / 255, 0, 0x96 / 255)
    context.set_font_size(22)
    for row in range(1, 12):
        context.move_to(4, row * 26)
        context.show_text("Margarethe SECRET-4471 " * 3)


layer.connect("draw", draw)
if mode == "revealer":
    reveal = Gtk.Revealer(halign=Gtk.Align.CENTER, valign=Gtk.Align.START, transition_duration=700)
    reveal.add(layer)
    over.add_overlay(reveal)
    GLib.timeout_add(4000, lambda: reveal.set_reveal_child(True))
elif mode not in ("tip", "scrolled"):
    over.add_overlay(layer)
if mode == "scrolled":
    # A painted header, under which buttons are scrolled that still have their whole boxes.
    box, scroller = Gtk.Box(orientation=Gtk.Orientation.VERTICAL), Gtk.ScrolledWindow(vexpand=True)
    for button in grid.get_children():
        button.set_size_request(-1, 90)
    scroller.add(over)
    layer.set_size_request(880, 120)
    box.add(layer)
    box.add(scroller)
    GLib.timeout_add(4000, lambda: scroller.get_vadjustment().set_value(80))
    over = box
window.add(over)
window.show_all()
if mode == "overlay":
    layer.hide()
    GLib.timeout_add(4000, lambda: layer.show())
Gtk.main()
