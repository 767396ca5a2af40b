"""A Qt 5 application with secrets in entries, labels and a list. Usage: qt_ledger.py SECRETS.json"""
import json
import sys

from PyQt5.QtWidgets import (
    QApplication,
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

secrets = json.load(open(sys.argv[1], encoding="utf-8"))
application = QApplication(["qt_ledger"])
ink = "color: #c80096; font-weight: bold; font-size: 15px"
window = QMainWindow()
window.setWindowTitle("Ledger of " + secrets[0])
window.resize(620, 420)
for name, entries in (("File", ["Open", "Save", "Close"]), ("View", ["Larger", "Smaller"])):
    menu = window.menuBar().addMenu(name)
    for entry in entries:
        menu.addAction(entry)
tabs, form, history, options = QTabWidget(), QWidget(), QPlainTextEdit(), QWidget()
lines = QFormLayout(form)
for row in range(3):
    label, line = QLabel(secrets[row + 1]), QLineEdit()
    label.setStyleSheet(ink)
    line.setStyleSheet(ink)
    lines.addRow(label, line)
password = QLineEdit()
password.setEchoMode(QLineEdit.Password)
lines.addRow("Password", password)
history.setPlainText("\n".join(f"{n}: {secrets[n % len(secrets)]}" for n in range(60)))
history.setStyleSheet(ink)
boxes = QVBoxLayout(options)
for name in ("Remember", "Notify"):
    boxes.addWidget(QCheckBox(name))
for page, name in ((form, "Accounts"), (history, "History"), (options, "Options")):
    tabs.addTab(page, name)
middle, buttons = QWidget(), QHBoxLayout()
column = QVBoxLayout(middle)
column.addWidget(tabs)
for name in ("Transfer", "Cancel"):
    buttons.addWidget(QPushButton(name))
column.addLayout(buttons)
window.setCentralWidget(middle)
window.show()
application.exec_()
