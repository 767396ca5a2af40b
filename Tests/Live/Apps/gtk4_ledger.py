"""A GTK 4 application with secrets in entries, labels and a list. Usage: gtk4_ledger.py SECRETS.json"""
import json
import sys

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

secrets = json.load(open(sys.argv[1], encoding="utf-8"))


def secret(widget):
    widget.add_css_class("secret")
    return widget


def start(application):
    style = Gtk.CssProvider()
    style.load_from_data(b".secret, .secret text { color: #c80096; font-weight: bold; font-size: 15px }")
    Gtk.StyleContext.add_provider_for_display(Gdk.Display.get_default(), style, 900)
    window = Gtk.ApplicationWindow(application=application, title="Ledger of " + secrets[0])
    window.set_default_size(620, 420)
    column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    window.set_child(column)
    menu = Gio.Menu()
    for name in ("Open", "Save", "Close"):
        menu.append(name, "app.quit")
    column.append(Gtk.MenuButton(label="Menu", menu_model=menu, halign=Gtk.Align.START))
    book = Gtk.Notebook(vexpand=True)
    column.append(book)
    form = Gtk.Grid(column_spacing=8, row_spacing=8, margin_start=12, margin_top=12, margin_end=12)
    for row in range(3):
        form.attach(secret(Gtk.Label(label=secrets[row + 1], xalign=0)), 0, row, 1, 1)
        form.attach(secret(Gtk.Entry(hexpand=True)), 1, row, 1, 1)
    form.attach(Gtk.Label(label="Password"), 0, 3, 1, 1)
    form.attach(Gtk.PasswordEntry(), 1, 3, 1, 1)
    book.append_page(form, Gtk.Label(label="Accounts"))
    rows = Gtk.ListBox()
    for number in range(60):
        rows.append(secret(Gtk.Label(label=f"{number}: {secrets[number % len(secrets)]}", xalign=0)))
    book.append_page(Gtk.ScrolledWindow(child=rows), Gtk.Label(label="History"))
    checks = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
    for name in ("Remember", "Notify"):
        checks.append(Gtk.CheckButton(label=name))
    book.append_page(checks, Gtk.Label(label="Options"))
    buttons = Gtk.Box(spacing=8, margin_start=8, margin_bottom=8)
    for name in ("Transfer", "Cancel"):
        buttons.append(Gtk.Button(label=name))
    column.append(buttons)
    window.present()


application = Gtk.Application(application_id="org.example.Ledger")
application.connect("activate", start)
GLib.set_prgname("gtk4_ledger")
application.run([])
