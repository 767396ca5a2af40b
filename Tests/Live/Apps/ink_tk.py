"""A Tk application: it has no accessibility tree, and reports no process. Usage: ink_tk.py TITLE [POINTS] [GEOMETRY for no frame]"""
import sys
import tkinter

title, points, geometry = (sys.argv[1:] + ["", ""])[:3]
root = tkinter.Tk()
root.title(title)
root.configure(bg="white")
if geometry:
    root.overrideredirect(True)
    root.geometry(geometry)
for number in range(40):
    words = f"SECRET-4471 Margarethe hunter2 {number:02d}  " * 8
    font = ("DejaVu Sans", int(points or 12), "bold")
    tkinter.Label(root, text=words, fg="#c80096", bg="white", font=font, anchor="w").pack(fill="x")
root.mainloop()
