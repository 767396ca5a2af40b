"""A GTK 3 application with secrets in entries, labels and a list. Usage: gtk3_ledger.py SECRETS.json"""
import json
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

secrets = json.load(open(sys.argv[1], encoding="utf-8"))
style = Gtk.CssProvider()
style.load_from_data(b".secret, .secret text { color: #c80096; font-weight: bold; font-size: 15px }")
Gtk.StyleContext.add_provider_for_screen(Gdk.Screen.get_default(), style, 900)


def secret(widget):
    widget.get_style_context().add_class("secret")
    return widget


window = Gtk.Window(title="Ledger of " + secrets[0])
window.set_default_size(620, 420)
column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
window.add(column)
bar = Gtk.MenuBar()
for name, entries in (("File", ["Open", "Save", "Close"]), ("View", ["Larger", "Smaller"])):
    item, menu = Gtk.MenuItem(label=name), Gtk.Menu()
    for entry in entries:
        menu.append(Gtk.MenuItem(label=entry))
    item.set_submenu(menu)
    bar.append(item)
column.pack_start(bar, False, False, 0)
book = Gtk.Notebook()
column.pack_start(book, True, True, 0)
form = Gtk.Grid(column_spacing=8, row_spacing=8, margin=12)
for row in range(3):
    form.attach(secret(Gtk.Label(label=secrets[row + 1], xalign=0)), 0, row, 1, 1)
    form.attach(secret(Gtk.Entry(hexpand=True)), 1, row, 1, 1)
password = Gtk.Entry(visibility=False)
form.attach(Gtk.Label(label="Password"), 0, 3, 1, 1)
form.attach(password, 1, 3, 1, 1)
book.append_page(form, Gtk.Label(label="Accounts"))
scroller, rows = Gtk.ScrolledWindow(), Gtk.ListBox()
for number in range(60):
    rows.add(secret(Gtk.Label(label=f"{number}: {secrets[number % len(secrets)]}", xalign=0)))
scroller.add(rows)
book.append_page(scroller, Gtk.Label(label="History"))
checks = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
for name in ("Remember", "Notify"):
    checks.add(Gtk.CheckButton(label=name))
book.append_page(checks, Gtk.Label(label="Options"))
buttons = Gtk.Box(spacing=8, margin=8)
for name in ("Transfer", "Cancel"):
    buttons.pack_end(Gtk.Button(label=name), False, False, 0)
column.pack_end(buttons, False, False, 0)
window.connect("destroy", Gtk.main_quit)
window.show_all()
Gtk.main()
