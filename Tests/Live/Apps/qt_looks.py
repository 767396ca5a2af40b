"""The same as gtk_looks.py in Qt 5, whose spinner is a progress bar without an end."""
from PyQt5.QtWidgets import QApplication, QCheckBox, QLineEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

application = QApplication(["qt_looks"])
window = QWidget()
window.setWindowTitle("Looks")
window.resize(600, 400)
column = QVBoxLayout(window)
bar, spinner = QProgressBar(), QProgressBar()
bar.setValue(25)
transfer, spin, more = QPushButton("Transfer"), QPushButton("Spin"), QPushButton("More")
spin.clicked.connect(lambda: spinner.setRange(0, 100 - spinner.maximum()))
more.clicked.connect(lambda: bar.setValue(100 - bar.value()))
for widget in (transfer, spin, more, QLineEdit(), spinner, bar, QCheckBox("Remember")):
    column.addWidget(widget)
window.show()
application.exec_()
