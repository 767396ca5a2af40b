"""A Tk menu that opens over other windows. Usage: ink_layers_tk.py TITLE"""
import sys
import tkinter

root = tkinter.Tk()
root.title(sys.argv[1])
root.geometry("200x40+300+120")
menu = tkinter.Menu(root, tearoff=0, fg="#c80096", bg="white", font=("DejaVu Sans", 18, "bold"))
for number in range(9):
    menu.add_command(label=f"SECRET-4471 Margarethe {number}")
root.after(2500, lambda: menu.post(350, 200))
root.mainloop()
