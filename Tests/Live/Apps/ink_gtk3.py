"""A GTK 3 application of buttons that shows secrets in the ink's colour. Usage: ink_gtk3.py TITLE MODE [ARGUMENT]"""
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

INK = "#c80096"
title, mode, argument = (sys.argv[1:] + [""])[:3]
css = Gtk.CssProvider()
css.load_from_data(
    f"""menuitem, cellview, combobox, .ink, .ink label, .path-bar label, filechooser .path-bar button label
    {{ color: {INK}; font-size: 20px; font-weight: bold; }}""".encode()
)
Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), css, 800)


def wall(rows=20, columns=6):
    grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True)
    for number in range(rows * columns):
        grid.attach(Gtk.Button(label=f"Button {number}"), number % columns, number // columns, 1, 1)
    return grid


def ink_label(text):
    label = Gtk.Label(label=text)
    label.get_style_context().add_class("ink")
    return label


def painted():
    """Ink that no node describes."""
    box = Gtk.Box()
    box.pack_start(Gtk.Label(label="x", valign=Gtk.Align.END), False, False, 0)

    def draw(_, context):
        context.set_source_rgb(0xC8 / 255, 0, 0x96 / 255)
        context.set_font_size(20)
        for row in range(1, 30):
            context.move_to(4, row * 24)
            context.show_text("Margarethe SECRET-4471 " * 5)

    box.connect("draw", draw)
    return box


def second(window):
    """Another window of the same process, of the same size."""
    other = Gtk.Window(title=title + " two")
    other.set_default_size(900, 600)
    other.add(painted())
    other.show_all()
    return window


window = Gtk.Window(title=title)
window.set_default_size(900, 600)
window.connect("destroy", Gtk.main_quit)
if mode == "wall":
    window.add(wall())
elif mode == "combo":
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    combo = Gtk.ComboBoxText(name="combo")
    for number in range(8):
        combo.append_text(f"SECRET-4471 Margarethe {number}")
    combo.set_active(0)
    box.pack_start(combo, False, False, 0)
    box.pack_start(wall(12, 4), True, True, 0)
    window.add(box)
    GLib.timeout_add(int(argument or 5000), lambda: combo.popup() and False)
elif mode == "two":
    window.add(wall())
    second(window)
elif mode == "menu":
    window.set_default_size(500, 50)
    button = Gtk.Button(label="Show")
    window.add(button)
    menu = Gtk.Menu()
    for number in range(6):
        menu.append(Gtk.MenuItem(label=f"SECRET-4471 Margarethe {number}"))
    menu.show_all()
    GLib.timeout_add(
        int(argument or 5000),
        lambda: menu.popup_at_widget(button, Gdk.Gravity.SOUTH_WEST, Gdk.Gravity.NORTH_WEST, None) and False,
    )
elif mode == "tabs":
    book = Gtk.Notebook()
    for number in range(3):
        book.append_page(Gtk.TextView() if argument == "text" else wall(4, 4), ink_label(f"Margarethe {number}.txt"))
    window.add(book)
elif mode == "cards":
    grid = Gtk.Grid(column_homogeneous=True, row_homogeneous=True)
    for number in range(9):
        button = Gtk.Button()
        button.add(ink_label(f"Margarethe\nSECRET-4471\n{number} EUR"))
        grid.attach(button, number % 3, number // 3, 1, 1)
    window.add(grid)
elif mode == "socket":
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    socket = Gtk.Socket()
    frame = Gtk.Overlay()
    frame.add(wall())
    box.pack_start(socket, True, True, 0)
    box.pack_start(wall(6, 6), True, True, 0)
    window.add(box)
    window.show_all()
    with open(argument, "w", encoding="ascii") as file:
        file.write(str(socket.get_id()))
elif mode == "plug":
    window = Gtk.Plug()
    window.construct(int(argument))
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    box.pack_start(ink_label("Margarethe SECRET-4471"), False, False, 0)
    box.pack_start(painted(), True, True, 0)
    window.add(box)
elif mode == "chooser":
    import os

    folder = argument + "/Margarethe/Lindqvist/Okonkwo"
    os.makedirs(folder, exist_ok=True)
    window = Gtk.FileChooserDialog(title=title, action=Gtk.FileChooserAction.OPEN)
    window.add_buttons("Cancel", 0, "Open", 1)
    window.set_current_folder(folder)
window.show_all()
Gtk.main()
