"""A Qt application of buttons that shows secrets in the ink's colour. Usage: ink_qt.py 5|6 TITLE MODE [ARGUMENT]"""
import importlib
import sys

version, title, mode, argument = (sys.argv[1:] + [""])[:4]
widgets = importlib.import_module(f"PyQt{version}.QtWidgets")
core = importlib.import_module(f"PyQt{version}.QtCore")
INK = "color: #c80096; font-size: 20px; font-weight: bold;"
application = widgets.QApplication([])
window = widgets.QWidget()
window.setWindowTitle(title)
window.resize(900, 600)
box = widgets.QVBoxLayout(window)


def wall(rows=14, columns=6):
    part = widgets.QWidget()
    grid = widgets.QGridLayout(part)
    for number in range(rows * columns):
        grid.addWidget(widgets.QPushButton(f"Button {number}"), number // columns, number % columns)
    return part


if mode == "combo":
    combo = widgets.QComboBox()
    combo.addItems([f"SECRET-4471 Margarethe {number}" for number in range(6)])
    combo.setStyleSheet(f"QComboBox, QAbstractItemView {{ {INK} }}")
    box.addWidget(combo)
    core.QTimer.singleShot(int(argument or 5000), combo.showPopup)
    box.addWidget(wall(10))
elif mode == "tabs":
    tabs = widgets.QTabWidget()
    tabs.setStyleSheet(f"QTabBar::tab {{ {INK} }}")
    tabs.setTabsClosable(True)
    for number in range(3):
        tabs.addTab(widgets.QTextEdit(), f"Margarethe {number}.txt")
    box.addWidget(tabs)
elif mode == "cards":
    part = widgets.QWidget()
    grid = widgets.QGridLayout(part)
    for number in range(9):
        button = widgets.QPushButton(f"Margarethe\nSECRET-4471\n{number} EUR")
        button.setStyleSheet(INK)
        button.setMinimumHeight(150)
        grid.addWidget(button, number // 3, number % 3)
    box.addWidget(part)
else:
    box.addWidget(wall(16))
window.show()
getattr(application, "exec" if hasattr(application, "exec") else "exec_")()
