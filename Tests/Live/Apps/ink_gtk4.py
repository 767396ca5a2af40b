"""A GTK 4 application of buttons that shows secrets in the ink's colour. Usage: ink_gtk4.py TITLE MODE [ARGUMENT]"""
import os
import sys

import gi

gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

INK = "#c80096"
title, mode, argument = (sys.argv[1:] + [""])[:3]


def wall(rows=12, columns=6):
    grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True, vexpand=True, hexpand=True)
    for number in range(rows * columns):
        grid.attach(Gtk.Button(label=f"Button {number}"), number % columns, number // columns, 1, 1)
    return grid


def fill(window):
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    later = int(argument) if argument.isdigit() else 5000
    names = [f"SECRET-4471 Margarethe {number}" for number in range(6)]
    if mode == "drop":
        drop = Gtk.DropDown.new_from_strings(names)
        box.append(drop)
        GLib.timeout_add(later, lambda: drop.get_first_child().set_active(True) and False)
    elif mode == "combo":
        combo = Gtk.ComboBoxText()
        for name in names:
            combo.append_text(name)
        combo.set_active(0)
        box.append(combo)
        GLib.timeout_add(later, lambda: combo.popup() and False)
    elif mode == "popover":
        button, popover = Gtk.MenuButton(label="Menu", halign=Gtk.Align.END), Gtk.Popover()
        inside = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        for name in names:
            label = Gtk.Label(label=name)
            label.add_css_class("ink")
            inside.append(label)
        inside.append(Gtk.Button(label="Close"))
        popover.set_child(inside)
        button.set_popover(popover)
        box.append(button)
        GLib.timeout_add(later, lambda: button.popup() and False)
    box.append(wall())
    window.set_child(box)


def start(application):
    path = "button.toggle label" if mode == "chooser" else ".path"
    css = Gtk.CssProvider()
    css.load_from_data(
        f"""dropdown label, combobox cellview, popover cellview, popover listview label, .ink, {path}
        {{ color: {INK}; font-size: 20px; font-weight: bold; }}""".encode()
    )
    Gtk.StyleContext.add_provider_for_display(Gdk.Display.get_default(), css, 800)
    if mode == "chooser":
        folder = argument + "/Margarethe/Lindqvist/Okonkwo"
        os.makedirs(folder, exist_ok=True)
        window = Gtk.FileChooserDialog(title=title, action=Gtk.FileChooserAction.OPEN, application=application)
        window.add_button("Cancel", 0)
        window.add_button("Open", 1)
        window.set_current_folder(Gio.File.new_for_path(folder))
    else:
        window = Gtk.ApplicationWindow(application=application, title=title)
        fill(window)
    window.set_default_size(900, 600)
    window.present()


application = Gtk.Application(application_id="org.scrim.ink", flags=Gio.ApplicationFlags.NON_UNIQUE)
application.connect("activate", start)
application.run([])
