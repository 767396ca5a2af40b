"""A GTK 4 window of buttons over which a layer of painted secrets appears. Usage: ink_layers_gtk4.py TITLE overlay|start|tip"""
import sys

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, GLib, Graphene, Gtk, Pango  # noqa: E402

title, mode = sys.argv[1:3]


class Layer(Gtk.Box):
    def do_snapshot(self, snapshot):
        colour = Gdk.RGBA()
        colour.parse("white")
        snapshot.append_color(colour, Graphene.Rect().init(0, 0, self.get_width(), self.get_height()))
        colour.parse("#c80096")
        layout = self.create_pango_layout("\n".join(["Margarethe SECRET-4471 " * 2] * 9))
        layout.set_font_description(Pango.FontDescription("Sans Bold 16"))
        snapshot.append_layout(layout, colour)


def activate(application):
    window = Gtk.ApplicationWindow(application=application, title=title, default_width=900, default_height=600)
    grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True)
    for number in range(96):
        button = Gtk.Button(label=f"Button {number}", hexpand=True, vexpand=True)
        if mode == "tip":
            button.set_tooltip_markup("<span foreground='#c80096' size='xx-large' weight='bold'>SECRET-4471 Margarethe\nhunter2</span>")
        grid.attach(button, number % 6, number // 6, 1, 1)
    over = Gtk.Overlay(child=grid)
    layer = Layer(halign=Gtk.Align.CENTER, valign=Gtk.Align.CENTER, visible=mode == "start")
    layer.set_size_request(600, 300)
    if mode != "tip":
        over.add_overlay(layer)
    window.set_child(over)
    window.present()
    if mode == "overlay":
        GLib.timeout_add(4000, lambda: layer.set_visible(True))


application = Gtk.Application(application_id="org.example.layer")
application.connect("activate", activate)
application.run([])
