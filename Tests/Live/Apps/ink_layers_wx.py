"""A wxPython window: a popup over other windows, or a painted panel over its own buttons. Usage: ink_layers_wx.py TITLE popup|layer"""
import sys

import wx

title, mode = sys.argv[1:3]
application = wx.App()
frame = wx.Frame(None, title=title, size=(900, 600))
panel = wx.Panel(frame)


def paint(window):
    def draw(_):
        context = wx.PaintDC(window)
        context.SetBackground(wx.Brush("white"))
        context.Clear()
        context.SetTextForeground(wx.Colour(0xC8, 0, 0x96))
        context.SetFont(wx.Font(wx.FontInfo(18).Bold()))
        for row in range(10):
            context.DrawText("SECRET-4471 Margarethe " * 2, 4, row * 30)

    window.Bind(wx.EVT_PAINT, draw)


if mode == "layer":
    for number in range(120):
        wx.Button(panel, label=f"Button {number}", pos=(number % 6 * 145, number // 6 * 29), size=(140, 28))
    over = wx.Panel(panel, pos=(60, 80), size=(500, 300))
    paint(over)
    over.Hide()
    wx.CallLater(4000, lambda: (over.Show(), over.Raise()))
    frame.Show()
else:
    frame.SetSize((200, 60))
    frame.Show()
    popup = wx.PopupWindow(frame)
    popup.SetSize((500, 300))
    popup.SetPosition((250, 250))
    paint(popup)
    wx.CallLater(2500, popup.Show)
application.MainLoop()
