"""Draws words in the ink's colour into another client's window. Usage: ink_scribble.py XID into|root"""
import sys
import time

from Xlib import X, display

number, how = int(sys.argv[1]), sys.argv[2]
screen = display.Display()
window = screen.create_resource_object("window", number)
place = window.translate_coords(screen.screen().root, 0, 0)
left, top = (0, 0) if how == "into" else (-place.x, -place.y)
target = window if how == "into" else screen.screen().root
mode = X.IncludeInferiors
names = [name for name in screen.list_fonts("*", 3000) if "bold" in name and "-24-" in name] or ["fixed"]
pen = target.create_gc(
    foreground=0xC80096, background=0xFFFFFF, subwindow_mode=mode, font=screen.open_font(names[0])
)
for row in range(12):
    target.image_text(pen, left + 30, top + 60 + row * 34, f"SECRET-4471 Margarethe {row} SECRET-4471 Margarethe")
screen.sync()
time.sleep(60)
