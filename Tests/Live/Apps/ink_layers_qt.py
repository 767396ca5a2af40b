"""A Qt window of buttons over which secrets appear. Usage: ink_layers_qt.py 5|6 TITLE layer|layer-start|mdi|completer|tip|splash|dock|scrolled"""
import importlib
import sys

version, title, mode = sys.argv[1:4]
widgets = importlib.import_module(f"PyQt{version}.QtWidgets")
core = importlib.import_module(f"PyQt{version}.QtCore")
gui = importlib.import_module(f"PyQt{version}.QtGui")
INK = "color: #c80096; background: white; font-size: 20px; font-weight: bold;"
application = widgets.QApplication([])


class Layer(widgets.QWidget):
    def paintEvent(self, _):
        painter = gui.QPainter(self)
        painter.fillRect(self.rect(), gui.QColor("white"))
        painter.setPen(gui.QColor("#c80096"))
        painter.setFont(gui.QFont("DejaVu Sans", 18, 75 if version == "5" else 700))
        for row in range(1, 14):
            painter.drawText(6, row * 28, "Margarethe SECRET-4471 " * 3)
        painter.end()


def wall(rows=14, columns=6):
    part = widgets.QWidget()
    grid = widgets.QGridLayout(part)
    for number in range(rows * columns):
        button = widgets.QPushButton(f"Button {number}")
        grid.addWidget(button, number // columns, number % columns)
    return part


window = widgets.QMainWindow()
window.setWindowTitle(title)
window.resize(900, 600)
later = core.QTimer.singleShot
if mode == "mdi":
    area = widgets.QMdiArea()
    window.setCentralWidget(area)
    area.addSubWindow(wall()).resize(700, 500)
    window.show()

    def add():
        sub = area.addSubWindow(Layer())
        sub.setGeometry(80, 60, 500, 300)
        sub.show()

    later(4000, add)
elif mode == "scrolled":
    # A painted header with a widget in it, under which buttons are scrolled that still have their whole boxes.
    central, area, part = widgets.QWidget(), widgets.QScrollArea(), wall()
    header = Layer()
    header.setFixedHeight(150)
    widgets.QFrame(header).setGeometry(700, 140, 9, 2)
    for button in part.findChildren(widgets.QPushButton):
        button.setFixedHeight(90)
    area.setWidget(part)
    column = widgets.QVBoxLayout(central)
    column.addWidget(header)
    column.addWidget(area)
    window.setCentralWidget(central)
    window.show()
    later(4000, lambda: area.verticalScrollBar().setValue(90))
else:
    central = wall()
    window.setCentralWidget(central)
    window.show()
    layer = Layer(central)
    layer.setGeometry(80, 60, 500, 300)
    if mode == "layer-start":
        layer.show()
    else:
        layer.hide()
    if mode == "layer":
        later(4000, lambda: (layer.show(), layer.raise_()))
    elif mode == "completer":
        line = widgets.QLineEdit(central)
        line.setGeometry(80, 20, 300, 30)
        line.show()
        line.raise_()
        completer = widgets.QCompleter([f"SECRET-4471 Margarethe {n}" for n in range(8)], line)
        completer.popup().setStyleSheet(INK)
        line.setCompleter(completer)
        later(4000, lambda: (line.setText("S"), completer.setCompletionPrefix("S"), completer.complete()))
    elif mode == "tip":
        words = "<div style='color:#c80096;font-size:24px'>SECRET-4471 Margarethe<br>hunter2</div>"
        later(4000, lambda: widgets.QToolTip.showText(central.mapToGlobal(core.QPoint(100, 100)), words, central, central.rect(), 20000))
    elif mode == "splash":
        picture = gui.QPixmap(500, 300)
        picture.fill(gui.QColor("white"))
        painter = gui.QPainter(picture)
        painter.setPen(gui.QColor("#c80096"))
        painter.setFont(gui.QFont("DejaVu Sans", 20))
        for row in range(1, 9):
            painter.drawText(6, row * 32, "Margarethe SECRET-4471")
        painter.end()
        splash = widgets.QSplashScreen(picture)
        later(4000, splash.show)
    elif mode == "dock":
        dock = widgets.QDockWidget("Dock", window)
        dock.setWidget(Layer())
        dock.setFloating(True)
        dock.setGeometry(200, 200, 400, 250)
        dock.hide()
        later(4000, dock.show)
getattr(application, "exec" if hasattr(application, "exec") else "exec_")()
